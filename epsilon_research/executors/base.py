"""The contract of an executor: one function over many chunks of work, results as they come."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


class Executor(ABC):
    """A way to spread independent chunks of work."""

    @property
    @abstractmethod
    def num_processes(self) -> int:
        """How many chunks are worked on at a time."""

    @abstractmethod
    def map(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """The results of `function` on every task, in any order, as they are ready.

        What `function` raises ends the iteration and is raised here.
        """
