"""Places that cannot be written: one sentence, and what lies there is not touched."""

import subprocess
from pathlib import Path

import pytest

from tests.faults.conftest import Mount
from tests.faults.jobs import Undisturb, counted, words
from tests.faults.leavings import assert_same, check_store
from tests.faults.processes import finish, succeed
from tests.faults.test_full_disk import the_sentence

pytestmark = pytest.mark.faults


def make(folder: Path, state: str) -> None:
    """Mounts a folder again: ro or rw. Root ignores permission bits, but not this."""
    subprocess.run(["mount", "-o", f"remount,{state}", str(folder)], check=True)


def test_a_read_only_store_serves_and_is_intact(
    mount: Mount, undisturbed: Undisturb, tmp_path: Path
) -> None:
    disk = mount("8m")
    arguments = words("small", tmp_path, f"store={disk}/store")
    succeed(arguments)
    make(disk, "ro")
    done = succeed(arguments)
    assert "what it holds is used, and nothing is added" in done.stderr
    assert counted(tmp_path / "run", "computed") == 0
    done = succeed(words("small", tmp_path, f"store={disk}/store", "minibatch_seed=3"))
    assert counted(tmp_path / "run", "from_store") == 0
    make(disk, "rw")
    succeed(arguments)
    assert_same(tmp_path / "run", undisturbed("small").found)
    assert counted(tmp_path / "run", "computed") == 0
    assert check_store(disk / "store") == 0


def test_a_read_only_run_folder_is_one_sentence(mount: Mount, tmp_path: Path) -> None:
    disk = mount("80m")
    make(disk, "ro")
    done = finish(words("small", disk, f"store={tmp_path}/store"))
    assert done.returncode == 1
    assert "Read-only file system" in the_sentence(done.stderr)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("what", ["store", "run"])
def test_a_place_below_a_file_is_one_sentence(what: str, tmp_path: Path) -> None:
    (tmp_path / what).write_text("a file")
    place = f"store={tmp_path}/store/below" if what == "store" else "store=none"
    done = finish(words("small", tmp_path, place))
    assert done.returncode == 1
    assert str(tmp_path) in the_sentence(done.stderr)
    assert (tmp_path / what).read_text() == "a file"
