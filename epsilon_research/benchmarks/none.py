"""No accuracies: the run scores and plots, and leaves the statistics out."""

from dataclasses import dataclass

from epsilon_research.benchmarks.base import AccuracyTable, Benchmark


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBenchmark(Benchmark):
    """A benchmark without a table."""

    def load(self) -> AccuracyTable | None:
        """See `Benchmark`."""
        return None
