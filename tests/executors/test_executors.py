"""Executors: every task once, in whatever process, and errors come back."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from epsilon_research.executors import Executor, Lost, SerialExecutor
from epsilon_research.executors.processes import ProcessExecutor

EXECUTORS = [SerialExecutor(), ProcessExecutor(processes=1), ProcessExecutor(processes=2)]


def square(task: int) -> tuple[int, int]:
    return task, task**2


def place(task: int) -> tuple[int, str | None]:
    return os.getpid(), os.environ.get("OMP_NUM_THREADS")


def refuse(task: int) -> int:
    if task == 3:
        raise ValueError("task 3 must not be, got it")
    return task


@pytest.mark.parametrize("executor", EXECUTORS, ids=str)
def test_every_task_is_done_once(executor: Executor) -> None:
    tasks = [3, 1, 4, 1, 5]
    assert Counter(executor.map(square, tasks)) == Counter(map(square, tasks))
    assert list(executor.map(square, [])) == []


@pytest.mark.parametrize("executor", EXECUTORS, ids=str)
def test_what_a_task_raises_is_raised_to_the_caller(executor: Executor) -> None:
    with pytest.raises(ValueError, match="task 3 must not be"):
        list(executor.map(refuse, range(6)))


@pytest.mark.parametrize("executor", EXECUTORS, ids=str)
def test_released_processes_are_gone_and_new_ones_work(executor: Executor) -> None:
    before = {pid for pid, _ in executor.map(place, range(20))} - {os.getpid()}
    executor.release()
    assert not [pid for pid in before if Path(f"/proc/{pid}").exists()]
    executor.release()
    after = {pid for pid, _ in executor.map(place, range(20))} - {os.getpid()}
    assert len(after) > 0 or executor.num_processes == 1
    assert not before & after


def test_one_process_is_this_one() -> None:
    for executor in EXECUTORS[:2]:
        assert executor.num_processes == 1
        assert {pid for pid, _ in executor.map(place, range(3))} == {os.getpid()}


def test_processes_are_others_with_one_numerical_thread_each() -> None:
    found = list(EXECUTORS[2].map(place, range(20)))
    assert os.getpid() not in {pid for pid, _ in found}
    assert {threads for _, threads in found} == {"1"}


def test_without_a_number_all_cores_are_used() -> None:
    assert ProcessExecutor().num_processes == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("processes", [0, -1])
def test_no_process_at_all_is_refused(processes: int) -> None:
    with pytest.raises(
        ValueError, match=f"processes must be an integer of 1 or more, .* {processes}"
    ):
        ProcessExecutor(processes=processes)


def kill_or_square(task: int) -> int:
    """Kills its process at task 5."""
    if task == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return task**2


def kill_once(task: tuple[int, str]) -> int:
    """Kills its process at task 5, the first time."""
    number, marker = task
    if number == 5 and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2


def test_a_task_that_kills_its_process_costs_itself_only() -> None:
    results = list(EXECUTORS[2].map(kill_or_square, range(30)))
    lost = [result for result in results if isinstance(result, Lost)]
    assert lost == [Lost(5)]
    assert sorted(r for r in results if not isinstance(r, Lost)) == [
        n**2 for n in range(30) if n != 5
    ]


def test_a_task_whose_process_died_is_tried_again(tmp_path: Path) -> None:
    tasks = [(number, str(tmp_path / "killed")) for number in range(12)]
    results = list(EXECUTORS[2].map(kill_once, tasks))
    assert sorted(results) == [n**2 for n in range(12)]
    assert (tmp_path / "killed").exists()


@pytest.mark.parametrize("executor", EXECUTORS, ids=str)
def test_tasks_are_taken_only_when_there_is_room(executor: Executor) -> None:
    taken = 0

    def tasks() -> Iterator[int]:
        nonlocal taken
        for number in range(100):
            taken += 1
            yield number

    results = executor.map(square, tasks())
    for done in range(1, 100):
        next(results)
        assert taken <= done + 2 * executor.num_processes


class Counts:
    """Counts its own calls, in whatever process it is."""

    def __init__(self) -> None:
        self.payload = bytes(10**6)
        self.calls = 0

    def __call__(self, task: int) -> tuple[int, int]:
        self.calls += 1
        return os.getpid(), self.calls


def test_a_process_gets_its_function_once() -> None:
    found = list(EXECUTORS[2].map(Counts(), range(20)))
    calls = {pid: [n for other, n in found if other == pid] for pid, _ in found}
    for numbers in calls.values():
        assert sorted(numbers) == list(range(1, len(numbers) + 1))


# A thread of loky may look for a task in the moment in which another has taken it back.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_nobody_waits_for_ends() -> None:
    results = EXECUTORS[2].map(nap, range(4))
    next(results)
    start = time.monotonic()
    results.close()  # pyright: ignore[reportAttributeAccessIssue]
    # Not the minute that the rest would take.
    assert time.monotonic() - start < 30


def nap(task: int) -> int:
    if task:
        time.sleep(60)
    return task


GROWN: list[np.ndarray] = []
"""What a process holds."""


def grown(task: int) -> int:
    """Takes 400 MB for good, in a task that is long enough for loky to look."""
    GROWN.append(np.ones(50_000_000))
    time.sleep(1.1)
    return task


def test_a_process_that_has_grown_is_replaced_without_a_word() -> None:
    # Where warnings are errors, as in these tests, loky's would end the thread that takes results.
    assert sorted(ProcessExecutor(processes=2).map(grown, range(6))) == list(range(6))
    ProcessExecutor(processes=2).release()
