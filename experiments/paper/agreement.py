"""How much of what a study found agrees with what was published."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from experiments.paper.numbers import EXACT, is_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Numbers of published values, by what came of them.

    Args:
        rows: Rows of published tables with at least one value beside ours.
        compared: Values of which it can be said whether they agree.
        agree: Those that lie in our interval (counts: are equal).
        counts: Those of `compared` that are counts.
        equal: Those of `counts` that are equal.
        unmatched: Published rows beside which the study has nothing.
    """

    rows: int = 0
    compared: int = 0
    agree: int = 0
    counts: int = 0
    equal: int = 0
    unmatched: int = 0

    def __add__(self, other: "Agreement") -> "Agreement":
        return Agreement(
            rows=self.rows + other.rows,
            compared=self.compared + other.compared,
            agree=self.agree + other.agree,
            counts=self.counts + other.counts,
            equal=self.equal + other.equal,
            unmatched=self.unmatched + other.unmatched,
        )


def agreement(record: Mapping[str, Any] | None) -> Agreement:
    """Of the record of a study; nothing agrees or differs where there is none."""
    tables = [] if record is None else record["published"]
    return sum(map(_of_table, tables), Agreement())


def _of_table(table: Mapping[str, Any]) -> Agreement:
    entries = table["comparison"]
    judged = [entry for entry in entries if entry["agrees"] is not None]
    exact = [entry for entry in judged if entry["statistic"] in EXACT]
    return Agreement(
        rows=len({row_of(entry) for entry in entries}),
        compared=len(judged),
        agree=_agreeing(judged),
        counts=len(exact),
        equal=_agreeing(exact),
        unmatched=len(table["unmatched"]),
    )


def row_of(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    """What makes entries of a comparison one row of a table."""
    return (str(entry["label"]), str(entry["metric"]), str(entry["protocol"]))


def _agreeing(entries: Iterable[Mapping[str, Any]]) -> int:
    return sum(entry["agrees"] is True for entry in entries)


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
