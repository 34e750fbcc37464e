"""All work in this process, one chunk after the other."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from epsilon_research.executors.base import Executor, Lost, Result, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialExecutor(Executor):
    """No other processes: for debugging, profiling and small jobs."""

    @property
    def num_processes(self) -> int:
        """See `Executor`."""
        return 1

    def map(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Iterator[Result | Lost[Task]]:
        """See `Executor`; in the order of `tasks`, and nothing is ever lost."""
        return map(function, tasks)
