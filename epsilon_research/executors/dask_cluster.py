"""Work spread over the machines of a Dask cluster, or over a local one for this run."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Generic, cast
from uuid import uuid4

from epsilon_research.checks import check_integer, check_number
from epsilon_research.executors.base import Executor, Lost, Result, Task

if TYPE_CHECKING:
    from distributed import Client, Future

_TASKS_PER_WORKER = 2
"""One that runs and one that waits, so that no worker is ever idle."""

_SECONDS_BETWEEN_COUNTS = 5.0
"""Workers of a cluster come and go; to ask for their number more often would only cost time."""

_LONGEST_TIMEOUT = 86_400
"""Seconds; threads cannot wait for arbitrarily long."""

_GONE = "the Dask scheduler must stay reachable to the end, got {}: look at its log"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaskExecutor(Executor):
    """Dask workers, each with one thread.

    Args:
        scheduler: Address of a running scheduler, e.g. tcp://host:8786; null: a local cluster,
            which is started and closed by each `map`.
        processes: Workers of the local cluster; null: all cores that this process may use.
        timeout_seconds: How long a scheduler may take to answer.
    """

    connects: ClassVar[Mapping[str, Callable[[object], bool]]] = {
        "scheduler": lambda address: address is not None
    }

    scheduler: str | None = None
    processes: int | None = None
    timeout_seconds: int | float = 30

    def __post_init__(self) -> None:
        count = self.processes
        check_integer("executor.processes", count, at_least=1, example=4, or_null=True)
        if self.scheduler is not None and self.processes is not None:
            raise ValueError(
                "executor.processes must be null with executor.scheduler, whose workers others "
                f"have started, got {self.processes}: pass one of the two"
            )
        check_number(
            "executor.timeout_seconds",
            self.timeout_seconds,
            above=0,
            at_most=_LONGEST_TIMEOUT,
            example=30,
        )
        if find_spec("distributed") is None:
            raise ModuleNotFoundError(
                "executor dask must have the package distributed, got none: "
                "pip install 'epsilon_research[dask]'"
            )

    @property
    def num_processes(self) -> int:
        """See `Executor`; of a running scheduler the number of its workers now.

        Raises:
            ConnectionError: No scheduler answers.
        """
        if self.scheduler is not None:
            with self._client() as client:
                return _num_workers(client)
        from joblib import cpu_count

        return self.processes or cpu_count()

    def map(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Iterator[Result | Lost[Task]]:
        """See `Executor`.

        Raises:
            ConnectionError: No scheduler answers, or it ended before the work did.
        """
        with self._client() as client, self._kept(client, function) as name:
            crew = _Crew(client, name)
            try:
                yield from crew.work(iter(tasks))
            finally:
                crew.dismiss()

    @contextmanager
    def _client(self) -> Iterator["Client"]:
        from distributed import Client

        # Dask logs every connection; what goes wrong in our own cluster we report ourselves.
        level = logging.CRITICAL if self.scheduler is None else logging.WARNING
        logging.getLogger("distributed").setLevel(level)
        if self.scheduler is None:
            with self._local_cluster() as cluster, Client(cluster, set_as_default=False) as client:
                yield client
            return
        try:
            client = Client(self.scheduler, timeout=self.timeout_seconds, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ConnectionError(
                "executor.scheduler must be the address of a running Dask scheduler, got "
                f"{self.scheduler} ({error}): start one with `dask scheduler`, or leave it null"
            ) from error
        with client:
            yield client

    @contextmanager
    def _kept(self, client: "Client", function: Callable) -> Iterator[str]:
        """The name by which all workers know `function` meanwhile."""
        import cloudpickle

        from epsilon_research.executors.dask_worker import Keep

        name = f"epsilon_research-{uuid4()}"
        keep = Keep(cloudpickle.dumps(function), ignore_interrupts=self.scheduler is None)
        client.register_plugin(keep, name=name)
        try:
            yield name
        finally:
            # A scheduler that is gone would be waited for, and hide why the work ended.
            if client.status == "running":
                try:
                    client.unregister_worker_plugin(name)
                except OSError as error:
                    # A worker that died a moment ago is not worth the results that are there.
                    logger.warning("a Dask worker could not be told to forget the run: %s", error)

    def _local_cluster(self) -> Any:
        from distributed import LocalCluster

        return LocalCluster(
            n_workers=self.num_processes,
            threads_per_worker=1,
            # The first death is reported to us: we know what to try again.
            scheduler_kwargs={"allowed_failures": 0, "dashboard": False},
            # A worker near a limit would be paused, and the run would wait for ever.
            memory_limit=0,
            # A server there is in any case: on a free port, for this machine alone.
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            env={"NUMBA_NUM_THREADS": "1"},
        )


class _Crew(Generic[Task]):
    """The cluster's workers, and the tasks that they have."""

    def __init__(self, client: "Client", name: str) -> None:
        from distributed import as_completed

        self._client = client
        self._name = name
        self._running: dict[Future, Task] = {}
        self._ready = as_completed(loop=client.loop, with_results=True, raise_errors=False)
        self._capacity = 0
        self._counted = -math.inf

    def work(self, tasks: Iterator[Task]) -> Iterator[Any]:
        """Results of all tasks; no more than a few are with the workers at a time."""
        suspects: list[Task] = []
        while True:
            for task in islice(tasks, self._room()):
                self._start(task)
            if not self._running:
                return
            yield from self._collect(suspects)
            if suspects:
                # What else runs ends first, so that a task is tried again alone.
                while self._running:
                    yield from self._collect(suspects)
                yield from self._alone(suspects)
                suspects = []

    def _room(self) -> int:
        if time.monotonic() - self._counted > _SECONDS_BETWEEN_COUNTS:
            workers = _num_workers(self._client)
            if workers == 0:
                logger.warning("the Dask scheduler has no worker now: waiting for one")
            self._capacity = max(1, workers) * _TASKS_PER_WORKER
            self._counted = time.monotonic()
        return max(0, self._capacity - len(self._running))

    def _start(self, task: Task) -> None:
        from epsilon_research.executors.dask_worker import apply

        future = self._client.submit(apply, self._name, task, pure=False)
        self._running[future] = task
        self._ready.add(future)

    def _collect(self, suspects: list[Task]) -> Iterator[Any]:
        """Waits for some results; tasks whose worker died are added to `suspects`."""
        for future, result in self._ready.next_batch():
            outcome = self._outcome(future, result)
            if isinstance(outcome, Lost):
                suspects.append(outcome.task)
            else:
                yield outcome

    def _alone(self, suspects: list[Task]) -> Iterator[Any]:
        """Tries tasks again one by one, so that whichever kills its worker harms no other."""
        logger.warning(
            "a Dask worker died; %s chunk(s) of work are tried again one by one", len(suspects)
        )
        for task in suspects:
            self._start(task)
            yield self._outcome(*next(self._ready))

    def _outcome(self, future: "Future", result: Any) -> Any:
        from distributed import KilledWorker

        task = self._running.pop(future)
        if future.status == "finished":
            return result
        if future.status != "error":
            raise ConnectionError(_GONE.format(f"a task that is {future.status}"))
        _, error, traceback = result
        if isinstance(error, KilledWorker):
            return Lost(task)
        raise error.with_traceback(traceback)

    def dismiss(self) -> None:
        """Takes back what nobody waits for."""
        self._client.cancel(list(self._running), force=True)
        self._running.clear()


def _num_workers(client: "Client") -> int:
    try:
        return len(cast("dict[str, int]", client.nthreads()))
    except OSError as error:
        raise ConnectionError(_GONE.format(error)) from error
