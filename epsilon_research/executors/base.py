"""The contract of an executor: one function over many chunks of work, results as they come."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Lost(Generic[Task]):
    """Stands for the result of a task whose process died, also when it was tried again alone."""

    task: Task


class Executor(ABC):
    """A way to spread independent chunks of work."""

    @property
    @abstractmethod
    def num_processes(self) -> int:
        """Number of chunks that are worked on at a time."""

    @abstractmethod
    def map(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Iterator[Result | Lost[Task]]:
        """Return the results of `function` on every task, in any order, as they are ready.

        Tasks are taken one by one when there is room for them, in the caller's thread: neither
        many tasks nor many results are held at a time. What `function` raises ends the iteration
        and is raised here. A process that dies costs its task alone: the tasks that ran when it
        died are tried again, each on its own, and one that kills its process once more comes back
        as `Lost`.
        """

    def release(self) -> None:  # noqa: B027, most executors hold nothing
        """Gives back the memory of processes that wait for more work; a later `map` starts anew.

        Without it they may stay, since runs that follow each other begin faster with them.
        """
