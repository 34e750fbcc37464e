"""How well a study, or all of them, agree with what was published: one row for each statistic."""

from collections.abc import Sequence

from epsilon_research.reporting.numbers import (
    NOTHING,
    heading,
    in_order,
    is_number,
    value,
)
from epsilon_research.reporting.published import COUNT, MIN_ROWS, Agreement
from epsilon_research.reporting.table import Table

_HEAD = (
    "statistic",
    "architectures",
    "published\nrows",
    "median\n|difference|",
    "median\nmargin",
    "within\nmargin",
)
_NOTE = (
    "Each distinct published row counts once. The margin holds, with 95 % confidence, what another "
    "minibatch and another table of accuracies do to both sides, as measured, and, where the "
    "architectures are others, their sample. What has no measured spread is not judged; numbers "
    f"that stand on fewer than {MIN_ROWS} architectures are left out. Counts must be equal."
)


def agreement_table(found: Sequence[Agreement]) -> Table | None:
    """Return the table of `agreements`; None where nothing is compared."""
    names = in_order(one.statistic for one in found)
    ordered = sorted(
        (one for one in found if one.rows or one.too_few),
        key=lambda one: (not one.same_architectures, names.index(one.statistic)),
    )
    if not ordered:
        return None
    return Table(
        title="Agreement with the published numbers",
        head=_HEAD,
        rows=[_row(one) for one in ordered],
        note=_NOTE,
        align="llrrrr",
    )


def _row(one: Agreement) -> tuple[str, ...]:
    margin = NOTHING
    if one.statistic == COUNT:
        margin = "equal"
    elif is_number(one.median_margin):
        margin = f"± {value(one.median_margin, one.statistic)}"
    few = f"\n{one.too_few} too few" if one.too_few else ""
    return (
        heading(one.statistic, lines=False),
        "the same" if one.same_architectures else "others",
        f"{one.rows}{few}",
        value(one.median_difference, one.statistic),
        margin,
        within(one),
    )


def within(one: Agreement) -> str:
    """The share within the margin in words: "15 of 18", or that none can be judged."""
    if not one.judged:
        return "not judged" if one.rows else NOTHING
    rest = one.rows - one.judged
    more = f"\n{rest} not judged" if rest else ""
    return f"{one.within} of {one.judged}{more}"
