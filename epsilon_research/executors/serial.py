"""All work in this process, one chunk after the other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from epsilon_research.executors.base import Executor, Result, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialExecutor(Executor):
    """No other processes: for debugging, profiling and small jobs."""

    @property
    def num_processes(self) -> int:
        """See `Executor`."""
        return 1

    def map(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """See `Executor`; in the order of `tasks`."""
        return map(function, tasks)
