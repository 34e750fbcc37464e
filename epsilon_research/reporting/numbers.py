"""Numbers as text: every table, page and line of a log writes them this way."""

import re
from collections.abc import Iterable, Sequence

from epsilon_research.checks import is_number

NOTHING = "–"
"""Text for what is undefined."""

_HEADINGS = {
    "n": "n", "coverage": "cov. %", "spearman_rho": "ρ", "kendall_tau": "τ",
    "spearman_rho_top10": "top10\nρ", "kendall_tau_top10": "top10\nτ",
    "top10_overlap_percent": "top10/\ntop10 %", "top64_in_top5": "top64/\ntop5", "ndcg": "nDCG",
}  # fmt: skip
"""Headings of statistics, in the order of columns."""

_DECIMALS = {
    "n": 0, "top64_in_top5": 0, "top10_overlap_percent": 1,
    "test_accuracy_mean": 4, "test_accuracy_std": 4,
}  # fmt: skip
"""Digits after the point, where they are not the three of a correlation."""


def heading(statistic: str, *, lines: bool = True) -> str:
    """Return the heading of a statistic's column, or its name in one line."""
    words = _HEADINGS.get(statistic, statistic.replace("_", " "))
    return words if lines else words.replace("/\n", "/").replace("\n", " ")


def in_order(statistics: Iterable[str]) -> list[str]:
    """Return different statistics as columns: the usual ones in their order, then others."""
    given, usual = dict.fromkeys(statistics), list(_HEADINGS)
    return sorted(given, key=lambda name: usual.index(name) if name in usual else len(usual))


def value(number: float | None, statistic: str = "spearman_rho") -> str:
    """Return a value of a statistic with the digits that it has everywhere, or a dash."""
    if not is_number(number):
        return NOTHING
    if statistic == "coverage":
        return percent(number)
    known = statistic in _HEADINGS or statistic in _DECIMALS
    return minus(f"{number:,.{_DECIMALS.get(statistic, 3)}f}" if known else f"{number:.4g}")


def published(number: float | None, statistic: str) -> str:
    """Return a published value with the digits it was published with; correlations have two."""
    if not is_number(number):
        return NOTHING
    if statistic in _DECIMALS:
        return minus(f"{number:,.10g}")
    two = f"{number:.2f}"
    return minus(two if float(two) == number else f"{number:.4g}")


def difference(number: float | None, statistic: str = "spearman_rho") -> str:
    """Return a difference with its sign; what rounds to zero has none."""
    text = value(number, statistic)
    if text == NOTHING or text.startswith("−"):
        return text if text.strip("−0.,") else text.removeprefix("−")
    return f"+{text}" if text.strip("0.,") else text


def interval(ends: Sequence[float | None] | None, statistic: str = "spearman_rho") -> str:
    """Return both ends of an interval in brackets, `[.858, .879]`; empty where one is unknown."""
    if ends is None or len(ends) != 2 or not all(map(is_number, ends)):
        return ""
    return f"[{', '.join(value(end, statistic).replace('0.', '.', 1) for end in ends)}]"


def minus(text: str) -> str:
    """Return the text with the sign of a negative number."""
    return text.replace("-", "−")


def percent(fraction: float | None, *, unit: str = "") -> str:
    """Return a fraction as a percentage with one decimal; only all is 100."""
    if not is_number(fraction):
        return NOTHING
    text = f"{100 * fraction:.1f}"
    return f"{'99.9' if text == '100.0' and fraction < 1 else text}{unit}"


def count(number: float | None) -> str:
    """Return an integer with separators, or a dash."""
    return f"{number:,.0f}" if is_number(number) else NOTHING


def count_range(numbers: Iterable[float]) -> str:
    """Return the smallest and the largest of several counts, 5–100, or the one that all are."""
    found = sorted(numbers)
    return "–".join(dict.fromkeys(count(number) for number in (*found[:1], *found[-1:])))


def mean_and_std(mean: float, std: float, statistic: str = "spearman_rho") -> str:
    """Return a mean with its standard deviation, where there is one."""
    text = value(mean, statistic)
    return f"{text} ± {value(std, statistic)}" if is_number(std) else text


def duration(seconds: float) -> str:
    """Return seconds in the usual units: 0.4 s, 12 s, 3 min 05 s, 2 h 07 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def short_duration(seconds: float | None) -> str:
    """Return the time of one architecture with two digits: 15 ms, 1.3 s."""
    if not is_number(seconds):
        return NOTHING
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{1000 * seconds:.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.1f} ms"


def accuracy(number: float | None, *, fractions: bool) -> str:
    """Return a fraction as a percentage, a loss or an objective as it is."""
    if not is_number(number):
        return NOTHING
    return f"{100 * number:.2f}" if fractions else f"{number:.4g}"


def setting(given: object) -> str:
    """Return the value of a setting as one would type it: [1e-7,1], null, true."""
    if given is None:
        return "null"
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, list | tuple):
        return f"[{','.join(map(setting, given))}]"
    if isinstance(given, float):
        return re.sub(r"e([+-])0(?=\d)", r"e\1", f"{given:g}")
    return str(given)
