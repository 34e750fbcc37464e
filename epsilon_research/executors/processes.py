"""Work spread over processes of this machine with joblib's loky."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from epsilon_research.executors.base import Executor, Result, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessExecutor(Executor):
    """One process per core, each with one numerical thread.

    Args:
        processes: How many; null: all cores that this process may use.
    """

    processes: int | None = None

    def __post_init__(self) -> None:
        count = self.processes
        if count is not None and (not isinstance(count, int) or count < 1):
            raise ValueError(
                f"executor.processes must be a whole number of 1 or more, or null, got {count!r}"
            )

    @property
    def num_processes(self) -> int:
        """See `Executor`."""
        from joblib import cpu_count

        return self.processes or cpu_count()

    def map(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """See `Executor`; large arrays inside a task reach the workers as shared memory maps."""
        count = min(self.num_processes, len(tasks))
        if count <= 1:
            return map(function, tasks)
        from joblib import Parallel, delayed, parallel_config

        with parallel_config(backend="loky", inner_max_num_threads=1):
            parallel = Parallel(n_jobs=count, return_as="generator_unordered")
            results = parallel(delayed(function)(task) for task in tasks)
        return cast("Iterator[Result]", results)
