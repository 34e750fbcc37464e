"""Work spread over processes of this machine with joblib's loky."""

import logging
import os
import pickle
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import Any, Generic

from epsilon_research.checks import check_integer
from epsilon_research.executors.base import Executor, Lost, Result, Task

_TASKS_PER_PROCESS = 2
"""One that runs and one that waits, so that no process is ever idle."""

_SECONDS_BETWEEN_LOOKS = 1.0
"""Time between two looks of a worker process for the program that started it."""

_SECONDS_FOR_LOKY = 5.0
"""Time that loky has to put tasks into its processes' queue; a thread that has died never does."""

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that end a program."""

_NUMERICAL_THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"
)  # fmt: skip

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessExecutor(Executor):
    """One process per core, each with one numerical thread.

    Args:
        processes: How many; null: all cores that this process may use.
    """

    processes: int | None = None

    def __post_init__(self) -> None:
        count = self.processes
        check_integer("executor.processes", count, at_least=1, example=4, or_null=True)

    @property
    def num_processes(self) -> int:
        """See `Executor`."""
        from joblib import cpu_count

        return self.processes or cpu_count()

    def map(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Iterator[Result | Lost[Task]]:
        """See `Executor`; with one process everything stays in this one."""
        if self.num_processes == 1:
            return map(function, tasks)
        return self._spread(function, tasks)

    def _spread(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Iterator[Result | Lost[Task]]:
        with _on_disk(function) as path:
            crew = _Crew(path, self.num_processes)
            try:
                yield from crew.work(iter(tasks))
            finally:
                crew.dismiss()

    def release(self) -> None:
        """See `Executor`."""
        if self.num_processes > 1:
            _pool(self.num_processes).shutdown()


def _pool(count: int) -> Any:
    """The same processes again, unless one has died: then all are new."""
    from joblib.externals.loky import get_reusable_executor

    # loky replaces a worker whose memory has grown, as networks make it, and warns in the thread
    # that hands out work: that thread would end of it where warnings are errors.
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
    return get_reusable_executor(
        max_workers=count,
        timeout=300,
        initializer=_begin,
        initargs=(os.getpid(),),
        env=dict.fromkeys(_NUMERICAL_THREADS, "1"),
    )


@contextmanager
def _unheard() -> Iterator[None]:
    """Has processes that are started meanwhile begin deaf to signals, which this one hears after.

    Until it has prepared itself a worker would die of them, or print where they met it.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_trackers() -> None:
    """Start the processes that tidy up after others, which know nothing of SIGHUP themselves.

    Before the workers, since to start them makes signals heard again.
    """
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as of_loky

    resource_tracker.ensure_running()
    of_loky.ensure_running()


class _Crew(Generic[Task]):
    """The processes, and the tasks that they have."""

    def __init__(self, path: str, count: int) -> None:
        self._path = path
        self._count = count
        self._running: dict[Future, Task] = {}

    def work(self, tasks: Iterator[Task]) -> Iterator[Any]:
        """Results of all tasks; no more than a few are with the processes at a time."""
        capacity = self._count * _TASKS_PER_PROCESS
        suspects: list[Task] = []
        while True:
            for task in islice(tasks, capacity - len(self._running)):
                self._start(task)
            if not self._running:
                return
            wait(self._running, return_when=FIRST_COMPLETED)
            yield from self._collect(suspects)
            if suspects:
                # The others fail with it, within a moment.
                wait(self._running)
                yield from self._collect(suspects)
                yield from self._alone(suspects)
                suspects = []

    def _start(self, task: Task) -> Future:
        try:
            with _unheard():
                _start_trackers()
            with _unheard():
                future = _pool(self._count).submit(_call, self._path, task)
        except BrokenProcessPool as error:
            # A process died since the last result: the task is as lost as those that ran.
            future = Future()
            future.set_exception(error)
        self._running[future] = task
        return future

    def _collect(self, suspects: list[Task]) -> Iterator[Any]:
        for future in [future for future in self._running if future.done()]:
            task = self._running.pop(future)
            try:
                result = future.result()
            except BrokenProcessPool:
                suspects.append(task)
            else:
                yield result

    def _alone(self, suspects: list[Task]) -> Iterator[Any]:
        """Tries tasks again one by one, so that whichever kills its process harms no other."""
        logger.warning(
            "a worker process died; %s chunk(s) of work are tried again one by one", len(suspects)
        )
        for task in suspects:
            future = self._start(task)
            del self._running[future]
            try:
                yield future.result()
            except BrokenProcessPool:
                yield Lost(task)

    def dismiss(self) -> None:
        """Ends the processes if they still work on what nobody waits for."""
        if self._running:
            self._wait_for_loky()
            _pool(self._count).shutdown(kill_workers=True)
            self._running.clear()

    def _wait_for_loky(self) -> None:
        """Returns when loky has put every task into the processes' queue: moments after the last.

        Its own thread forgets all tasks when processes are killed, and would die looking for one
        that it has not put there.
        """
        end = time.monotonic() + _SECONDS_FOR_LOKY
        while any(not (future.running() or future.done()) for future in self._running):
            if time.monotonic() > end:
                return
            time.sleep(0.001)


@contextmanager
def _on_disk(function: Callable) -> Iterator[str]:
    """The file of a function and all that is bound to it, so that each process gets it once."""
    import cloudpickle

    with tempfile.TemporaryDirectory(prefix="epsilon_research_") as folder:
        path = Path(folder) / "function.pickle"
        path.write_bytes(cloudpickle.dumps(function))
        yield str(path)


@lru_cache(maxsize=1)
def _function(path: str) -> Callable:
    # Kept for the next task: with it stays what it has made for itself, e.g. a workspace.
    return pickle.loads(Path(path).read_bytes())


def _call(path: str, task: Any) -> Any:
    return _function(path)(task)


def _begin(program: int) -> None:
    """Prepares a worker process: signals are left to the program, which it must not outlive."""
    # Terminals and batch systems send them to all; the one that hands out work ends the others.
    for one in _ENDING:
        signal.signal(one, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    Thread(target=_end_with, args=(program,), daemon=True).start()


def _end_with(program: int) -> None:
    """Ends this process when its program has gone.

    One that is killed notifies nobody, and its workers would wait for work, and keep their memory,
    until loky's timeout of minutes.
    """
    while os.getppid() == program:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)
