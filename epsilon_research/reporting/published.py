"""Our numbers beside published ones, and how well they agree over all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from statistics import fmean, median
from typing import Any

from epsilon_research.reporting.numbers import NOTHING, heading, in_order, value
from epsilon_research.reporting.table import Table
from epsilon_research.reporting.typed_json import Interval

MIN_ROWS = 400
"""Architectures that a comparison needs. With fewer, the 95 % interval of a correlation near 0,
± 1.96 / √(n − 1), is wider than ± 0.1, and holds nearly everything that was published."""

COUNT = "n"
"""Statistic that is a count: it agrees only if it is equal."""

TOO_FEW = f"fewer than {MIN_ROWS} architectures"
NOT_MEASURED = "spread not measured"
UNDEFINED = "undefined"

_NOTE = (
    "Each distinct published row counts once. The margin holds, with 95 % confidence, what another "
    "minibatch and another table of accuracies do to both sides, as measured, and, where the "
    "architectures are others, their sample. What has no measured spread is not judged; numbers "
    f"that stand on fewer than {MIN_ROWS} architectures are left out. Counts must be equal."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One statistic of one job beside the published number.

    Args:
        label: Published row of `table`.
        row: Label of the table's first row with the same numbers: equal rows count once.
        job: Number of our job, whose `metric` it is under `protocol`.
        published: Published value, oriented like ours.
        ours: Our value; NaN where undefined.
        interval: 95 % bootstrap interval of ours over architectures, or None.
        same_architectures: Whether both are of the same architectures.
        margin: Largest difference that chance explains, with 95 % confidence; NaN where unknown.
        not_judged: Why it cannot be said whether both agree: `TOO_FEW`, `NOT_MEASURED` or
            `UNDEFINED`; None where it can.
    """

    table: str
    label: str
    row: str
    job: int
    metric: str
    protocol: str
    statistic: str
    published: float
    ours: float
    interval: Interval | None
    same_architectures: bool
    margin: float
    not_judged: str | None

    @property
    def difference(self) -> float:
        """Ours minus published."""
        return self.ours - self.published

    @property
    def agrees(self) -> bool | None:
        """Return whether the difference is within the margin; None where that cannot be said."""
        return None if self.not_judged else abs(self.difference) <= self.margin

    def to_json(self) -> dict[str, Any]:
        """Return the entry of `study.json`, with the difference and whether both agree."""
        return asdict(self) | {"difference": self.difference, "agrees": self.agrees}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of one statistic with the published tables, each distinct published row once.

    Args:
        differences: |difference| of each row with a number of ours that stands on `MIN_ROWS`.
        judged: Difference and margin of those of which it can be said whether they agree.
        too_few: Further rows, of which ours stands on fewer.
    """

    statistic: str
    same_architectures: bool
    differences: Sequence[float]
    judged: Sequence[tuple[float, float]]
    too_few: int

    @property
    def within(self) -> int:
        """The number of judged rows whose difference is within the margin."""
        return sum(difference <= margin for difference, margin in self.judged)


def agreements(comparisons: Iterable[Comparison]) -> list[Agreement]:
    """Summarise comparisons by statistic, those of the same architectures apart from others.

    Several numbers of ours beside one distinct published row (draws of the minibatch, settings
    that the published digits do not distinguish, several studies) count as one: their mean, with
    the mean of their margins.
    """
    kinds: dict[tuple[str, bool], dict[tuple[str, str, str], list[Comparison]]] = {}
    for one in comparisons:
        rows = kinds.setdefault((one.statistic, one.same_architectures), {})
        if isfinite(one.ours):
            rows.setdefault((one.table, one.row, one.metric), []).append(one)
    found = []
    for (statistic, same), rows in kinds.items():
        enough = [[one for one in row if one.not_judged != TOO_FEW] for row in rows.values()]
        compared = [(abs(fmean(one.difference for one in row)), row) for row in enough if row]
        judged = [
            (difference, fmean(one.margin for one in row))
            for difference, row in compared
            if all(one.not_judged is None for one in row)
        ]
        found.append(
            Agreement(
                statistic=statistic,
                same_architectures=same,
                differences=[difference for difference, _ in compared],
                judged=judged,
                too_few=len(rows) - len(compared),
            )
        )
    return found


def in_words(comparisons: Iterable[Comparison]) -> str:
    """Return how many of the distinct published values that can be judged agree, and of counts."""
    found = agreements(comparisons)
    words = []
    for counts, what in ((False, "published values are within the margin"), (True, "counts equal")):
        part = [one for one in found if (one.statistic == COUNT) == counts]
        judged = sum(len(one.judged) for one in part)
        if judged:
            words.append(f"{sum(one.within for one in part)} of {judged} {what}")
    return ", ".join(words)


def agreement_table(comparisons: Iterable[Comparison]) -> Table | None:
    """Return a row for each statistic of `agreements`; None where nothing is compared."""
    found = [one for one in agreements(comparisons) if one.differences or one.too_few]
    names = in_order(one.statistic for one in found)
    found.sort(key=lambda one: (not one.same_architectures, names.index(one.statistic)))
    if not found:
        return None
    return Table(
        title="Agreement with the published numbers",
        head=(
            "statistic", "architectures", "published\nrows", "median\n|difference|",
            "median\nmargin", "within\nmargin",
        ),
        rows=[_row(one) for one in found],
        note=_NOTE,
        align="llrrrr",
    )  # fmt: skip


def _row(one: Agreement) -> tuple[str, ...]:
    rows, judged = len(one.differences), len(one.judged)
    margin, within = NOTHING, "not judged" if rows else NOTHING
    if judged:
        margin = f"± {value(median(margin for _, margin in one.judged), one.statistic)}"
        rest = f"\n{rows - judged} not judged" if rows > judged else ""
        within = f"{one.within} of {judged}{rest}"
    return (
        heading(one.statistic, lines=False),
        "the same" if one.same_architectures else "others",
        f"{rows}" + (f"\n{one.too_few} too few" if one.too_few else ""),
        value(median(one.differences), one.statistic) if rows else NOTHING,
        "equal" if one.statistic == COUNT else margin,
        within,
    )
