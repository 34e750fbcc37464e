"""No room: one sentence, nothing half written, and the next run goes on where this one ended."""

import shutil
from pathlib import Path

import pytest

from tests.faults.conftest import Mount
from tests.faults.jobs import Undisturb, counted, has_begun, words
from tests.faults.leavings import assert_same, check_store, check_whole
from tests.faults.processes import PATIENCE, finish, start, succeed, until

pytestmark = pytest.mark.faults


def the_sentence(told: str) -> str:
    """The one line that says what went wrong; there is no traceback."""
    assert "Traceback" not in told, told
    (sentence,) = [line for line in told.splitlines() if line.startswith("error: ")]
    return sentence


@pytest.mark.parametrize(
    ("what", "stage", "kilobytes", "words_told", "kept"),
    [
        ("small", "scoring", 1, "score store must be writable, got 'File too large'", []),
        ("small", "table", 1, "a run must be able to write its files", []),
        ("small", "figures", 8, "File too large", ["scores.parquet"]),
        ("small", "summary", 1, "a run must be able to write its files", ["scores.parquet"]),
        ("search", "search_tables", 1, "File too large", ["scores.parquet"]),
    ],
)
def test_a_file_that_cannot_grow_is_one_sentence_and_the_next_run_goes_on(
    what: str,
    stage: str,
    kilobytes: int,
    words_told: str,
    kept: list[str],
    undisturbed: Undisturb,
    tmp_path: Path,
) -> None:
    done = finish(words(what, tmp_path, fault=f"small_files:{stage}:{kilobytes}"))
    assert done.returncode == 1
    sentence = the_sentence(done.stderr)
    assert words_told in sentence
    assert f"error: {tmp_path}/" in sentence  # what could not grow
    assert set(kept) <= set(check_whole(tmp_path / "run"))
    assert check_store(tmp_path / "store") == 0
    assert not list(tmp_path.rglob("*.part"))
    succeed(words(what, tmp_path))
    assert_same(tmp_path / "run", undisturbed(what).found)
    if kept:
        assert counted(tmp_path / "run", "computed") == 0


@pytest.mark.parametrize("tracker", ["none", "wandb"])
def test_a_disk_that_fills_up_during_the_run_is_one_sentence(
    tracker: str, undisturbed: Undisturb, mount: Mount, tmp_path: Path
) -> None:
    disk = mount("80m")
    arguments = words("small", disk, f"tracker={tracker}", f"store={tmp_path}/store")
    process = start(arguments)
    until(lambda: has_begun(disk), process=process)
    filler = disk / "filler"
    fill(filler)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "No space left on device" in the_sentence(told)
    check_whole(disk / "run")
    filler.unlink()
    succeed(arguments)
    shutil.rmtree(disk / "run" / "wandb", ignore_errors=True)
    assert_same(disk / "run", undisturbed("small").found)
    assert counted(disk / "run", "computed") == 0


def fill(path: Path) -> None:
    """Takes all the room that there is."""
    with path.open("wb", buffering=0) as handle:
        for size in (2**20, 2**12, 1):
            try:
                while handle.write(bytes(size)):
                    pass
            except OSError:
                continue


def test_a_disk_without_room_at_the_start_is_refused_before_any_work(mount: Mount) -> None:
    disk = mount("20m")
    done = finish(words("small", disk))
    assert done.returncode == 1
    assert "must have 64 MB of free space" in the_sentence(done.stderr)
    assert not (disk / "store").exists()
