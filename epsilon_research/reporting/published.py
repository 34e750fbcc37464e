"""Our numbers beside published ones, and how well they agree over all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import isfinite, nan
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
        rows: Distinct rows with a number of ours that stands on `MIN_ROWS` or more.
        median_difference: Median |difference| of them; NaN if there are none.
        median_margin: Median margin of the judged ones; NaN if there are none.
        judged: Rows of which it can be said whether they agree.
        within: The rows of `judged` whose difference is within the margin.
        too_few: Further rows, of which ours stands on fewer than `MIN_ROWS`.
    """

    statistic: str
    same_architectures: bool
    rows: int
    median_difference: float
    median_margin: float
    judged: int
    within: int
    too_few: int


def agreements(comparisons: Iterable[Comparison]) -> list[Agreement]:
    """Summarise comparisons by statistic, those of the same architectures apart from others.

    Several numbers of ours beside one distinct published row (draws of the minibatch, settings
    that the published digits do not distinguish, several studies) count as one: their mean, with
    the mean of their margins.
    """
    kinds: dict[tuple[str, bool], dict[tuple[str, str, str], list[Comparison]]] = {}
    for one in comparisons:
        rows = kinds.setdefault((one.statistic, one.same_architectures), {})
        rows.setdefault((one.table, one.row, one.metric), []).append(one)
    return [
        _agreement(statistic, list(rows.values()), same_architectures=same)
        for (statistic, same), rows in kinds.items()
    ]


def _agreement(
    statistic: str, rows: Sequence[Sequence[Comparison]], *, same_architectures: bool
) -> Agreement:
    defined = [[one for one in row if isfinite(one.ours)] for row in rows]
    enough = [[one for one in row if one.not_judged != TOO_FEW] for row in defined]
    compared = [row for row in enough if row]
    differences = [abs(fmean(one.difference for one in row)) for row in compared]
    judged = [
        (difference, fmean(one.margin for one in row))
        for difference, row in zip(differences, compared, strict=True)
        if all(one.not_judged is None for one in row)
    ]
    return Agreement(
        statistic=statistic,
        same_architectures=same_architectures,
        rows=len(compared),
        median_difference=median(differences) if differences else nan,
        median_margin=median(margin for _, margin in judged) if judged else nan,
        judged=len(judged),
        within=sum(difference <= margin for difference, margin in judged),
        too_few=sum(map(bool, defined)) - len(compared),
    )


def in_words(comparisons: Iterable[Comparison]) -> str:
    """Return how many of the distinct published values that can be judged agree, and of counts."""
    found = agreements(comparisons)
    words = []
    for counts, what in ((False, "published values are within the margin"), (True, "counts equal")):
        part = [one for one in found if (one.statistic == COUNT) == counts]
        judged = sum(one.judged for one in part)
        if judged:
            words.append(f"{sum(one.within for one in part)} of {judged} {what}")
    return ", ".join(words)


def agreement_table(comparisons: Iterable[Comparison]) -> Table | None:
    """Return a row for each statistic of `agreements`; None where nothing is compared."""
    found = [one for one in agreements(comparisons) if one.rows or one.too_few]
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
    margin = f"± {value(one.median_margin, one.statistic)}" if one.judged else NOTHING
    return (
        heading(one.statistic, lines=False),
        "the same" if one.same_architectures else "others",
        f"{one.rows}" + (f"\n{one.too_few} too few" if one.too_few else ""),
        value(one.median_difference, one.statistic),
        "equal" if one.statistic == COUNT else margin,
        _within(one),
    )


def _within(one: Agreement) -> str:
    if not one.judged:
        return "not judged" if one.rows else NOTHING
    rest = one.rows - one.judged
    return f"{one.within} of {one.judged}" + (f"\n{rest} not judged" if rest else "")
