"""Two runs with one store or one folder at once, also while one of them is killed."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from epsilon_research.atomic_file import write_atomically
from tests.faults.conftest import Kill, Kills
from tests.faults.jobs import Undisturb, counted, num_parts, stage_of, words
from tests.faults.leavings import assert_same, check_store
from tests.faults.processes import PATIENCE, kill, start, succeed, until

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("number", range(4))
def test_one_of_two_runs_with_one_store_is_killed_and_the_other_does_not_mind(
    number: int,
    undisturbed: Undisturb,
    moments: np.random.Generator,
    tmp_path: Path,
    kills: Kills,
) -> None:
    expected = undisturbed("scoring")
    folders = [tmp_path / name for name in ("victim", "witness")]
    commands = [words("scoring", folder, f"store={tmp_path}/store") for folder in folders]
    begin, since = time.monotonic(), time.time()
    victim, witness = (start(command) for command in commands)
    until(lambda: num_parts(tmp_path) > 0, process=victim)
    # While both write: they share the work.
    time.sleep(moments.uniform(0, 0.5) * (expected.scored_seconds - expected.part_seconds))
    seconds = time.monotonic() - begin
    hit, gone_seconds = kill(victim, whole_group=number % 2 == 0)
    assert hit
    stage = stage_of(folders[0], since)
    _, told = witness.communicate(timeout=PATIENCE)
    assert witness.returncode == 0, told
    assert_same(folders[1] / "run", expected.found)
    succeed(commands[0])
    assert_same(folders[0] / "run", expected.found)
    assert counted(folders[0] / "run", "computed") == 0
    kills.append(
        Kill(
            what="one of two",
            seconds=seconds,
            stage=stage,
            whole_group=number % 2 == 0,
            gone_seconds=gone_seconds,
            unfinished=check_store(tmp_path / "store"),
        )
    )


def test_one_of_five_runs_with_one_store_is_killed_and_the_others_do_not_mind(
    undisturbed: Undisturb, moments: np.random.Generator, tmp_path: Path
) -> None:
    expected = undisturbed("scoring")
    folders = [tmp_path / f"run{number}" for number in range(5)]
    one = "executor.processes=1"
    commands = [words("scoring", folder, f"store={tmp_path}/store", one) for folder in folders]
    processes = [start(command) for command in commands]
    until(lambda: num_parts(tmp_path) > 0, process=processes[0])
    time.sleep(moments.uniform(0, 0.5) * (expected.scored_seconds - expected.part_seconds))
    kill(processes[0], whole_group=True)
    for process, folder in zip(processes[1:], folders[1:], strict=True):
        _, told = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, told
        assert_same(folder / "run", expected.found)
    succeed(commands[0])
    assert_same(folders[0] / "run", expected.found)
    assert counted(folders[0] / "run", "computed") == 0
    check_store(tmp_path / "store")


def test_two_runs_in_one_folder_at_once_leave_it_whole(
    undisturbed: Undisturb, tmp_path: Path
) -> None:
    # As two that a clock that jumped back has given the same time stamp.
    processes = [start(words("small", tmp_path)) for _ in range(2)]
    for process in processes:
        _, told = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, told
    assert_same(tmp_path / "run", undisturbed("small").found)
    assert check_store(tmp_path / "store") == 0


def test_writers_with_the_same_process_number_do_not_meet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two containers that share a folder: the program is process 1 in both.
    monkeypatch.setattr(os, "getpid", lambda: 1)
    contents = [bytes([number]) * 100_000 for number in range(4)]

    def write(content: bytes) -> None:
        for _ in range(50):
            write_atomically(tmp_path / "file", lambda handle: handle.write(content))
            assert (tmp_path / "file").read_bytes() in contents

    with ThreadPoolExecutor(len(contents)) as threads:
        list(threads.map(write, contents))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
