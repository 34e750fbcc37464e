"""Without a benchmark there is no table."""

from epsilon_research.benchmarks.none import NoBenchmark


def test_no_benchmark_has_no_table() -> None:
    assert NoBenchmark().load() is None
