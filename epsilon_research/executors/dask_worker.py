"""What the workers of a Dask cluster do: keep the function, apply it to tasks."""

import pickle
import signal
from collections.abc import Callable
from functools import cached_property
from typing import Any, cast

from distributed import Worker, WorkerPlugin, get_worker


class Keep(WorkerPlugin):
    """Brings a function, and all that is bound to it, to each worker once, also to later ones.

    A plugin and not a future that tasks depend on: Dask gives a task to workers that have what it
    depends on already, drops copies of it that it finds superfluous, and loses it with the
    workers that have it.

    Args:
        pickled: The function, by cloudpickle.
        ignore_interrupts: Whether Ctrl-C, which a terminal sends to all processes, is left to the
            one that hands out work; not where others have started the worker.
    """

    def __init__(self, pickled: bytes, *, ignore_interrupts: bool) -> None:
        self._pickled = pickled
        self._ignore_interrupts = ignore_interrupts
        self._num_threads = 1

    def setup(self, worker: Worker) -> None:
        """Note how many threads a worker has; Dask calls this on each."""
        self._num_threads = worker.state.nthreads
        if self._ignore_interrupts:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def apply(self, task: Any) -> Any:
        """Return the function's result.

        Raises:
            ValueError: The worker runs several tasks at a time.
        """
        if self._num_threads != 1:
            # Functions keep workspaces between tasks, which threads would share.
            raise ValueError(
                f"the workers of executor.scheduler must have one thread each, got one with "
                f"{self._num_threads}: start them with `dask worker --nworkers auto --nthreads 1`"
            )
        return self._function(task)

    @cached_property
    def _function(self) -> Callable:
        # Not in `setup`, where a failure would be the worker's and not the task's.
        return pickle.loads(self._pickled)


def apply(name: str, task: Any) -> Any:
    """Return the result of the function that the plugin `name` keeps."""
    return cast("Keep", get_worker().plugins[name]).apply(task)
