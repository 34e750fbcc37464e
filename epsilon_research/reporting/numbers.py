"""Numbers as text: every table, page and line of a log writes them this way."""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import TypeGuard

NOTHING = "–"
"""Stands for what is undefined."""

HEADINGS = {
    "n": "n",
    "coverage": "cov. %",
    "spearman_rho": "ρ",
    "kendall_tau": "τ",
    "spearman_rho_top10": "top10\nρ",
    "kendall_tau_top10": "top10\nτ",
    "top10_overlap_percent": "top10/\ntop10 %",
    "top64_in_top5": "top64/\ntop5",
    "ndcg": "nDCG",
}
"""Headings of statistics, in the order of columns."""

_DECIMALS = {
    "n": 0,
    "top64_in_top5": 0,
    "top10_overlap_percent": 1,
    "test_accuracy_mean": 4,
    "test_accuracy_std": 4,
}
"""Digits after the point, where they are not those of a correlation."""

_CORRELATION_DECIMALS = 3
_LONGEST_LIST = 6


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a finite number, and no boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def heading(statistic: str, *, lines: bool = True) -> str:
    """Heading of a statistic's column, or its name in one line."""
    words = HEADINGS.get(statistic, statistic.replace("_", " "))
    return words if lines else words.replace("/\n", "/").replace("\n", " ")


def in_order(statistics: Iterable[str]) -> list[str]:
    """Statistics as columns: the usual ones in the order of `HEADINGS`, then others in theirs."""
    given = dict.fromkeys(statistics)
    return [name for name in HEADINGS if name in given] + [
        name for name in given if name not in HEADINGS
    ]


def value(number: float | None, statistic: str = "spearman_rho") -> str:
    """A value of a statistic with the digits that it has everywhere, or a dash."""
    if not is_number(number):
        return NOTHING
    if statistic == "coverage":
        return percent(number)
    known = statistic in HEADINGS or statistic in _DECIMALS
    places = _DECIMALS.get(statistic, _CORRELATION_DECIMALS)
    return minus(f"{number:,.{places}f}" if known else f"{number:.4g}")


def published(number: float | None, statistic: str) -> str:
    """A published value with the digits that it was published with; correlations have two."""
    if not is_number(number):
        return NOTHING
    if statistic in _DECIMALS:
        return minus(f"{number:,.10g}")
    two = f"{number:.2f}"
    return minus(two if float(two) == number else f"{number:.4g}")


def difference(number: float | None, statistic: str = "spearman_rho") -> str:
    """A difference with its sign; what rounds to zero has none."""
    text = value(number, statistic)
    if text == NOTHING or text.startswith("−"):
        return text if text.strip("−0.,") else text.removeprefix("−")
    return f"+{text}" if text.strip("0.,") else text


def interval(ends: Sequence[float | None] | None, statistic: str = "spearman_rho") -> str:
    """Both ends of an interval in brackets, `[.858, .879]`; empty where one is unknown."""
    if ends is None or len(ends) != 2 or not all(map(is_number, ends)):
        return ""
    return f"[{', '.join(value(end, statistic).replace('0.', '.', 1) for end in ends)}]"


def minus(text: str) -> str:
    """The text with the sign of a negative number."""
    return text.replace("-", "−")


def percent(fraction: float | None, *, unit: str = "") -> str:
    """A fraction as a percentage with one decimal; only all is 100."""
    if not is_number(fraction):
        return NOTHING
    text = f"{100 * fraction:.1f}"
    return f"{'99.9' if text == '100.0' and fraction < 1 else text}{unit}"
