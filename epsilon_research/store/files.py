"""Files of a folder that several users may share: who may write what, and few of them open."""

import errno
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from epsilon_research.atomic_file import write_atomically

_MOST_OPEN = 16

_NO_MODES = (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EINVAL)
"""Answers of file systems without owners, and of groups that one is not a member of."""


PASSING = (
    errno.ESTALE, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EBUSY,
    errno.ETIMEDOUT, errno.EINTR,
)  # fmt: skip
"""Errors that another try may mend."""

_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0)
"""Seconds between tries."""


def patiently(action: Callable[[], object]) -> None:
    """Do what a file system may refuse for a moment, some times if need be.

    Raises:
        OSError: It refuses for good, or for longer.
    """
    for pause in _PAUSES:
        try:
            action()
            return
        except OSError as error:
            if error.errno not in PASSING:
                raise
            time.sleep(pause)
    action()


class OpenFiles:
    """A few files, opened to be read and kept open, since the next row is often of the same."""

    def __init__(self) -> None:
        self._open: OrderedDict[Path, BinaryIO] = OrderedDict()

    def open(self, path: Path) -> BinaryIO:
        """Return the open file.

        Raises:
            OSError: It cannot be opened.
        """
        if path in self._open:
            self._open.move_to_end(path)
        else:
            if len(self._open) >= _MOST_OPEN:
                self._open.popitem(last=False)[1].close()
            self._open[path] = path.open("rb", buffering=0)
        return self._open[path]

    def close(self, path: Path) -> None:
        """Close a file, if it is open."""
        file = self._open.pop(path, None)
        if file is not None:
            file.close()

    def __del__(self) -> None:
        for file in self._open.values():
            file.close()


def make_shared(folder: Path) -> None:
    """Makes a folder, if it is not there, with the group and the permissions of its parent.

    Raises:
        OSError: It cannot be made.
    """
    try:
        folder.mkdir()
    except FileExistsError:
        return
    except FileNotFoundError:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(exist_ok=True)
    _as_parent(folder, 0o2777)


def write_shared(path: Path, content: bytes, *, keep: bool = True) -> None:
    """Writes a file atomically, with the group and the permissions of its folder.

    Args:
        path: Where to.
        content: What it holds.
        keep: Whether it stays, or is only a trial.

    Raises:
        OSError: It cannot be written; nothing is left behind.
    """
    write_atomically(
        path,
        lambda file: file.write(content),
        before_named=lambda aside: _as_parent(aside, 0o666),
        keep=keep,
    )


def _as_parent(path: Path, mask: int) -> None:
    of_folder, own = path.parent.stat(), path.stat()
    try:
        if own.st_gid != of_folder.st_gid:
            os.chown(path, -1, of_folder.st_gid)
        path.chmod(of_folder.st_mode & mask)
    except OSError as error:
        # The file is there and whole; others of the group may have to be let in by hand.
        if error.errno not in _NO_MODES:
            raise
