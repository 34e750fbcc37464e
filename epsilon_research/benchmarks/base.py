"""The contract of a benchmark: where trained results come from."""

from abc import ABC, abstractmethod

from epsilon_research.benchmarks.accuracy_table import AccuracyTable as AccuracyTable


class Benchmark(ABC):
    """A source of trained results."""

    @abstractmethod
    def load(self) -> AccuracyTable | None:
        """Return the table, or None if there is none and the run does not correlate.

        Raises:
            FileNotFoundError: A file does not exist.
            ValueError: A file is not what it must be.
        """
