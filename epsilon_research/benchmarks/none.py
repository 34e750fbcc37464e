"""No accuracies: the run scores and plots, and leaves the statistics out."""

from dataclasses import dataclass

from epsilon_research.benchmarks.accuracy_table import AccuracyTable
from epsilon_research.benchmarks.base import Benchmark


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBenchmark(Benchmark):
    """A benchmark without a table."""

    def load(self) -> AccuracyTable | None:
        """None: there is nothing to correlate with."""
        return None
