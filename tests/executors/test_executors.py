"""Executors: every task once, in whatever process, and errors come back."""

import os
from collections import Counter

import pytest

from epsilon_research.executors import Executor, SerialExecutor
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
        ValueError, match=f"processes must be a whole number of 1 or more, .* {processes}"
    ):
        ProcessExecutor(processes=processes)
