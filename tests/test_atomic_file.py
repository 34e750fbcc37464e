"""Files that are whole or absent."""

import errno
import os
import stat
from pathlib import Path

import pytest

from epsilon_research.atomic_file import write_atomically


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EIO])
def test_a_folder_that_cannot_be_synchronised_keeps_its_file(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synchronise = os.fsync

    def refusing(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        synchronise(descriptor)

    monkeypatch.setattr(os, "fsync", refusing)
    path = tmp_path / "a"
    if number == errno.EIO:  # a disk that fails is no file system without the call
        with pytest.raises(OSError, match=os.strerror(number)):
            write_atomically(path, lambda handle: handle.write(b"x"))
    else:
        write_atomically(path, lambda handle: handle.write(b"x"))
    assert path.read_bytes() == b"x"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]
