"""The cells that all tables of a study are made of: settings as typed, numbers, signs, frames."""

from collections.abc import Mapping, Sequence
from math import isfinite

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from epsilon_research.plotting.notes import decimals
from epsilon_research.plotting.study_record import Case, Spread, is_draw, short_name

CORRELATIONS = ("spearman_rho", "kendall_tau", "spearman_rho_top10", "kendall_tau_top10", "ndcg")
"""Statistics that have three decimals."""

PLAIN_NAMES = ("metric", "protocol", "published as")
"""What tells rows apart beside settings: says by itself what it is."""

_PLACES = {
    "n": 0,
    "top64_in_top5": 0,
    "top10_overlap_percent": 2,
    "test_accuracy_mean": 4,
    "test_accuracy_std": 4,
}


def titled(title: str, table: Table) -> Group:
    """A table under a title, which may be longer than the table is wide."""
    return Group(Text(title, style="bold"), table)


def study_frame(names: Sequence[str], *, wide: bool = False) -> Table:
    """An empty table whose first columns say which case a row is.

    Args:
        names: What tells rows apart: settings as typed, `metric` and the like. In a narrow console
            several share one column, a line for each.
        wide: Whether there is room for a column for each.
    """
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 0),
        header_style="bold",
    )
    shared = len(names) > 1 and not wide
    together = "settings" if set(names) - set(PLAIN_NAMES) else "row"
    for name in [together] if shared else names:
        words = Text(name.replace(".", ".\n"))
        table.add_column(words, overflow="fold", min_width=6)
    return table


def name_cells(values: Mapping[str, str], *, wide: bool = False) -> list[Text]:
    """The cells of the first columns of `study_frame`, in the same order.

    Args:
        values: {name: words}; empty words where the row above says the same.
        wide: As the frame's.
    """
    if len(values) <= 1 or wide:
        return [Text(words) for words in values.values()]
    lines = [
        words if name in PLAIN_NAMES else f"{short_name(name)}={words}"
        for name, words in values.items()
        if words
    ]
    return [Text("\n".join(lines))]


def setting_words(case: Case, *, shown: bool = True) -> dict[str, str]:
    """{setting: value as typed}, empty where the row above says the same.

    Args:
        case: Whose settings.
        shown: False for a further row of the same case.
    """
    return {name: (value or "default") if shown else "" for name, value in case.settings.items()}


def setting_names(study: Mapping[str, object]) -> list[str]:
    """The settings that have columns: those that are not draws."""
    names = study["settings"]
    assert isinstance(names, list | tuple)
    return [str(name) for name in names if not is_draw(str(name))]


def plain(value: int | float, statistic: str) -> str:
    """A value of a statistic with the decimals that it has everywhere, or a dash."""
    if not isfinite(value):
        return "–"
    if statistic in CORRELATIONS:
        return decimals(value)
    if statistic in _PLACES:
        return _minus(f"{value:,.{_PLACES[statistic]}f}")
    return _minus(f"{value:.4g}")


def as_published(value: int | float, statistic: str) -> str:
    """A published value as it was printed: correlations with two decimals, or more if it has more.

    A space stands for a decimal that is not there.
    """
    if isfinite(value) and statistic in CORRELATIONS and round(value, 2) == value:
        return _minus(f"{value:.2f} ")
    return plain(value, statistic)


def signed(value: int | float, statistic: str) -> str:
    """A difference with its sign; none where it rounds to zero."""
    text = plain(value, statistic)
    is_zero = not text.strip("−0.")
    if not isfinite(value) or (text.startswith("−") and not is_zero):
        return text
    return text.removeprefix("−") if is_zero else f"+{text}"


def with_spread(spread: Spread, *, of: int) -> Text:
    """A correlation with its interval, or with its standard deviation over draws.

    Args:
        spread: What is shown.
        of: Number of jobs; where fewer have a value, their number stands beside it.
    """
    value = decimals(spread.value)
    if of > 1:
        few = "" if spread.count in (0, of) else f" ({spread.count})"
        spare = f" ± {decimals(spread.std)}" if isfinite(spread.std) else ""
        return Text.assemble(value, (f"{spare}{few}", "dim"))
    return Text.assemble(value, (interval_words(spread.low, spread.high), "dim"))


def interval_words(low: float, high: float) -> str:
    """` [.296, .361]`, or nothing where it is not known."""
    if not (isfinite(low) and isfinite(high)):
        return ""
    ends = (decimals(end).replace("0.", ".", 1) for end in (low, high))
    return f" [{', '.join(ends)}]"


def whole(spread: Spread) -> str:
    """A count, or the range of those of several draws."""
    if not isfinite(spread.value):
        return "–"
    if spread.count > 1 and spread.low < spread.high:
        return f"{spread.low:,.0f}–{spread.high:,.0f}"
    return f"{spread.value:,.0f}"


def _minus(text: str) -> str:
    return text.replace("-", "−")
