"""`executor=dask`: the contract of executors on local clusters of two worker processes."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import ROOT, command, finished, folder, interruptible, succeeded, summary_of
from stand_ins import timeless

from epsilon_research.data import Minibatch
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.executors import Executor, Lost, SerialExecutor
from epsilon_research.executors.dask_cluster import DaskExecutor
from epsilon_research.metrics import Epsilon
from epsilon_research.scoring import Scoring
from epsilon_research.spaces.nb101 import NasBench101

distributed = pytest.importorskip(
    "distributed", reason="needs Dask: pip install 'epsilon_research[dask]'"
)


def cluster(**settings: Any) -> Any:
    """Two workers of one thread, unless told otherwise, as somebody else would have started."""
    defaults = {"n_workers": 2, "threads_per_worker": 1, "silence_logs": logging.CRITICAL}
    return distributed.LocalCluster(dashboard_address="127.0.0.1:0", **(defaults | settings))


@pytest.fixture(scope="module")
def existing() -> Iterator[DaskExecutor]:
    """Work for a scheduler that runs already, with Dask's own settings for dead workers."""
    with cluster() as running:
        yield DaskExecutor(scheduler=running.scheduler_address)


def done(executor: Executor, function: Callable, tasks: Iterable) -> list[Any]:
    """All results."""
    return list(executor.map(function, tasks))


def square(task: int) -> int:
    return task**2


def place(task: int) -> tuple[int, str | None, bool]:
    time.sleep(0.02)
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    return os.getpid(), os.environ.get("OMP_NUM_THREADS"), ignored


def refuse(task: int) -> int:
    if task == 3:
        raise ValueError("task 3 must not be, got it")
    return task


def kill_or_square(task: int) -> int:
    """Kills its process at task 5."""
    if task == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return task**2


def kill_once(task: tuple[int, str]) -> int:
    """Kills its process at task 5, the first time."""
    number, marker = task
    if number == 5 and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2


def nap(task: int) -> int:
    if task:
        time.sleep(60)
    return task


class Counts:
    """Counts its own calls, in whatever process it is."""

    def __init__(self) -> None:
        self.payload = bytes(10**6)
        self.calls = 0

    def __call__(self, task: int) -> tuple[int, int]:
        self.calls += 1
        return os.getpid(), self.calls


def test_every_task_is_done_once(existing: DaskExecutor) -> None:
    tasks = [3, 1, 4, 1, 5]
    assert Counter(done(existing, square, tasks)) == Counter(map(square, tasks))
    assert done(existing, square, []) == []


def test_a_worker_that_cannot_be_told_to_forget_costs_no_results(
    existing: DaskExecutor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(client: Any, name: str) -> None:
        raise distributed.comm.CommClosedError("Stream is closed")

    monkeypatch.setattr(distributed.Client, "unregister_worker_plugin", fail)
    assert sorted(done(existing, square, range(4))) == [0, 1, 4, 9]
    assert "could not be told to forget" in caplog.text


def test_what_a_task_raises_is_raised_to_the_caller(existing: DaskExecutor) -> None:
    with pytest.raises(ValueError, match="task 3 must not be"):
        done(existing, refuse, range(6))
    # The workers are as good as before.
    assert sorted(done(existing, square, range(4))) == [0, 1, 4, 9]


def test_a_local_cluster_is_the_runs_own_with_one_numerical_thread_each() -> None:
    found = done(DaskExecutor(processes=2), place, range(20))
    pids = {pid for pid, _, _ in found}
    assert len(pids) == 2
    assert os.getpid() not in pids
    # Ctrl-C in a terminal reaches these too, and must not end them before the run has.
    assert {(threads, ignored) for _, threads, ignored in found} == {("1", True)}
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_workers_of_others_keep_their_ctrl_c(existing: DaskExecutor) -> None:
    # A test in the background of a shell script has inherited that it is ignored.
    inherited = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert {ignored for _, _, ignored in done(existing, place, range(4))} == {inherited}


def test_the_number_of_processes_is_that_of_the_workers(existing: DaskExecutor) -> None:
    assert existing.num_processes == 2
    assert DaskExecutor(processes=3).num_processes == 3
    assert DaskExecutor().num_processes == len(os.sched_getaffinity(0))


def only_task_5_is_lost(results: list[Any]) -> bool:
    """Of the twelve that `kill_or_square` got."""
    lost = [result for result in results if isinstance(result, Lost)]
    others = sorted(result for result in results if not isinstance(result, Lost))
    return lost == [Lost(5)] and others == [n**2 for n in range(12) if n != 5]


def test_a_task_that_kills_its_worker_costs_itself_only() -> None:
    assert only_task_5_is_lost(done(DaskExecutor(processes=2), kill_or_square, range(12)))


@pytest.mark.slow
def test_so_it_does_where_dask_tries_again_by_itself() -> None:
    with cluster(scheduler_kwargs={"allowed_failures": 1}) as running:
        executor = DaskExecutor(scheduler=running.scheduler_address)
        assert only_task_5_is_lost(done(executor, kill_or_square, range(12)))


def test_a_task_whose_worker_died_is_tried_again(tmp_path: Path) -> None:
    tasks = [(number, str(tmp_path / "killed")) for number in range(12)]
    results = done(DaskExecutor(processes=2), kill_once, tasks)
    assert sorted(results) == [n**2 for n in range(12)]
    assert (tmp_path / "killed").exists()


def test_tasks_are_taken_only_when_there_is_room(existing: DaskExecutor) -> None:
    taken = 0

    def tasks() -> Iterator[int]:
        nonlocal taken
        for task in range(60):
            taken += 1
            yield task

    results = existing.map(square, tasks())
    for number in range(1, 60):
        next(results)
        assert taken <= number + 2 * 2


def test_a_worker_gets_its_function_once(existing: DaskExecutor) -> None:
    found = done(existing, Counts(), range(20))
    for pid in {pid for pid, _ in found}:
        calls = sorted(n for other, n in found if other == pid)
        assert calls == list(range(1, len(calls) + 1))
    # And forgets it: the next one is another.
    assert [n for _, n in done(existing, Counts(), [0])] == [1]


def test_what_nobody_waits_for_is_taken_back() -> None:
    with cluster(n_workers=1) as running, distributed.Client(running) as client:
        results = DaskExecutor(scheduler=running.scheduler_address).map(nap, range(4))
        next(results)
        results.close()  # pyright: ignore[reportAttributeAccessIssue]
        assert client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0
        plugins = client.run(lambda dask_worker: [*dask_worker.plugins])
        assert not [name for names in plugins.values() for name in names if "epsilon" in name]


def test_without_workers_it_waits_for_the_first(caplog: pytest.LogCaptureFixture) -> None:
    with cluster(n_workers=0) as running:
        executor = DaskExecutor(scheduler=running.scheduler_address)
        assert sorted(done(executor, square, _scaling(running, 6))) == [n**2 for n in range(6)]
    assert "no worker now: waiting for one" in caplog.text


def _scaling(running: Any, count: int) -> Iterator[int]:
    """Tasks; a worker comes after the first is handed out."""
    for number in range(count):
        yield number
        if number == 0:
            running.scale(1)


def test_workers_of_several_threads_are_refused() -> None:
    sentence = r"one thread each, got one with 2: .*--nthreads 1"
    with (
        cluster(n_workers=1, threads_per_worker=2) as running,
        pytest.raises(ValueError, match=sentence),
    ):
        done(DaskExecutor(scheduler=running.scheduler_address), square, range(3))


def test_an_unreachable_scheduler_is_one_sentence() -> None:
    executor = DaskExecutor(scheduler="tcp://127.0.0.1:1", timeout_seconds=0.2)
    sentence = "executor.scheduler must be the address of a running .* tcp://127.0.0.1:1"
    with pytest.raises(ConnectionError, match=sentence):
        done(executor, square, [1])
    with pytest.raises(ConnectionError, match=sentence):
        executor.num_processes  # noqa: B018
    with pytest.raises(ConnectionError, match="got nowhere"):
        done(DaskExecutor(scheduler="nowhere"), square, [1])


def test_a_scheduler_that_ends_is_one_sentence() -> None:
    running = cluster(n_workers=1)

    def tasks() -> Iterator[int]:
        yield from range(3)
        running.close()
        yield 3

    with pytest.raises(ConnectionError, match="must stay reachable to the end"):
        done(DaskExecutor(scheduler=running.scheduler_address), square, tasks())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"processes": 0}, "processes must be an integer of 1 or more, or null, got 0"),
        ({"processes": 2, "scheduler": "tcp://a:1"}, "processes must be null with .*, got 2"),
        (
            {"timeout_seconds": 0},
            "timeout_seconds must be a finite number above 0 and .*, got 0",
        ),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        DaskExecutor(**settings)


def test_without_dask_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'epsilon_research\[dask\]'"):
        DaskExecutor()


class Killing(Executor):
    """Kills a worker when the third result has come, as a machine that fails does."""

    def __init__(self, executor: Executor, pid: Callable[[], int]) -> None:
        self._executor = executor
        self._pid = pid

    @property
    def num_processes(self) -> int:
        return 2

    def map(self, function: Callable, tasks: Any) -> Iterator:
        for number, result in enumerate(self._executor.map(function, tasks)):
            if number == 2:
                os.kill(self._pid(), signal.SIGKILL)
            yield result


def nb101_table(executor: Executor) -> pd.DataFrame:
    """Scores of 240 cells in 60 chunks."""
    images = np.random.default_rng(1).normal(size=(16, 3, 32, 32)).astype(np.float32)
    engine = CollapsedEngine()
    scoring = Scoring(
        space=NasBench101(),
        metrics={"epsilon": Epsilon(weights=[1e-4, 10], engine=engine, candidates_per_chunk=4)},
        minibatch=Minibatch(inputs=images, kind="images", dataset="noise"),
        executor=executor,
    )
    ids = NasBench101().architecture_ids[200_000:320_000:500]
    descriptions = scoring.describe(ids, advance=advance)
    result = scoring.score(ids, descriptions, advance=advance)
    assert not result.lost
    return timeless(result.frame)


def advance(done: int, *, from_store: int = 0, failed: int = 0) -> None:
    """Nobody looks."""


def test_nasbench101_with_a_killed_worker_is_the_serial_table(
    caplog: pytest.LogCaptureFixture,
) -> None:
    CollapsedEngine().prepare()
    expected = nb101_table(SerialExecutor())
    assert np.mean(expected["epsilon"].to_numpy() > 0) > 0.9
    # As in a cluster of the run's own.
    with cluster(scheduler_kwargs={"allowed_failures": 0}) as running:
        executor = DaskExecutor(scheduler=running.scheduler_address)
        found = nb101_table(Killing(executor, lambda: running.workers[0].pid))
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert "a Dask worker died" in caplog.text


CELLS = (
    "search_space=nb101", "search_space.num_architectures=40", "batch_size=8", "benchmark=none",
    "dataset=random_normal", "tracker=none",
)  # fmt: skip


def alive(group: int) -> bool:
    """Whether any process of a group is there."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_ctrl_c_ends_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen(
        interruptible(
            *CELLS, "search_space.num_architectures=20000", "executor=dask",
            "executor.processes=2", f"store={tmp_path}/store", folder(tmp_path / "run"),
        ),
        cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 280
        # One for each weight; a third means that the scores of the first two are in the table.
        while len(list((tmp_path / "store").glob("*/*.arrow"))) < 3:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        # As a terminal does: to the program and to its workers.
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=280)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in told
    assert "worker died" not in told
    assert told.rstrip().endswith("what was computed is kept, and the same command continues.")
    scores = pd.read_parquet(tmp_path / "run" / "scores.parquet")["epsilon"].to_numpy()
    assert 0 < np.isfinite(scores).sum() < 20_000
    while alive(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_the_command_line_gives_the_serial_table(tmp_path: Path) -> None:
    frames = []
    for name, *executor in (("dask", "executor.processes=2"), ("serial",)):
        run_dir = tmp_path / name
        words = command(*CELLS, f"executor={name}", *executor, folder(run_dir))
        process = succeeded(finished(*words))
        assert "istributed" not in process.stderr
        frames.append(timeless(pd.read_parquet(run_dir / "scores.parquet")))
        processes = summary_of(run_dir)["timing"]["processes"]
        assert processes == (2 if name == "dask" else 1)
    pd.testing.assert_frame_equal(*frames, check_exact=True)


def test_the_command_line_says_in_one_sentence_that_nobody_answers(tmp_path: Path) -> None:
    settings = (
        "executor=dask",
        "executor.scheduler=tcp://127.0.0.1:1",
        "executor.timeout_seconds=1",
    )
    process = finished(*command(*CELLS, *settings, folder(tmp_path / "run")))
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    assert "error: executor.scheduler must be the address of a running" in process.stderr
