"""How much of what a study found agrees with what was published."""

from collections.abc import Iterable, Mapping
from typing import Any

from epsilon_research.reporting.published import COUNT, Comparison, agreements, comparisons_of
from experiments.paper.numbers import is_number


def compared(record: Mapping[str, Any] | None) -> list[Comparison]:
    """Return what stands beside published numbers in the record of a study; it may have none."""
    return [] if record is None else comparisons_of(record)


def in_words(comparisons: Iterable[Comparison]) -> str:
    """How many of the distinct published values that can be judged agree, and of the counts."""
    found = agreements(comparisons)
    words = []
    for counts, what in ((False, "published values are within the margin"), (True, "counts equal")):
        part = [one for one in found if (one.statistic == COUNT) == counts and one.judged]
        if part:
            within, judged = sum(one.within for one in part), sum(one.judged for one in part)
            words.append(f"{within} of {judged} {what}")
    return ", ".join(words)


def row_of(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    """What makes entries of a comparison one row of a table."""
    return (str(entry["label"]), str(entry["metric"]), str(entry["protocol"]))


def coverage(
    record: Mapping[str, Any] | None, *, protocol: str = "paper"
) -> tuple[float, float] | None:
    """Least and largest coverage of a record's jobs, of their first metric; None if unknown."""
    found = _of_first_metrics(record, protocol, "coverage")
    return (float(min(found)), float(max(found))) if found else None


def counted(record: Mapping[str, Any] | None, *, protocol: str = "paper") -> tuple[int, int] | None:
    """Least and largest number of rows of a record's jobs, likewise."""
    found = _of_first_metrics(record, protocol, "n")
    return (int(min(found)), int(max(found))) if found else None


def _of_first_metrics(
    record: Mapping[str, Any] | None, protocol: str, statistic: str
) -> list[int | float]:
    jobs = [] if record is None else record["jobs"]
    firsts = [next(iter(job["metrics"].values())) for job in jobs if job.get("metrics")]
    values = [first.get(protocol, {}).get(statistic) for first in firsts]
    return [value for value in values if is_number(value)]
