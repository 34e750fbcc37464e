"""Statistics and the values of axes as the text of figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.ticker import EngFormatter

from epsilon_research.reporting.numbers import interval, minus, percent, value

STATISTIC_LABELS = {
    "spearman_rho": "Spearman's ρ",
    "kendall_tau": "Kendall's τ",
    "spearman_rho_top10": "Spearman's ρ among the 10 % most accurate",
    "kendall_tau_top10": "Kendall's τ among the 10 % most accurate",
    "top10_overlap_percent": "share of the 10 % best-scored among the 10 % most accurate (%)",
    "top64_in_top5": "of the 64 best-scored, among the 5 % most accurate",
    "ndcg": "nDCG of the 10 % best-scored",
    "coverage": "coverage (%)",
}
"""Labels of the axes that show the statistics of a summary."""

LARGE = 10_000
"""Number from which on a unit prefix is written: 10k."""

_LONGEST = 1e12
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

count_label = EngFormatter(sep="")
"""A count with a unit prefix: 950, 20k, 1.5M."""


def statistics_note(statistics: Mapping[str, Any] | None, *, top: bool, num_points: int) -> str:
    """The statistics of protocol `connected` in up to three lines, only those that there are.

    Args:
        statistics: {protocol: {statistic: value}}, names as in `summary.json`; None: no table.
        top: Whether the figure shows the top 10 % by accuracy, which has statistics of its own.
        num_points: Number of points in the figure.
    """
    found = (statistics or {}).get("connected", {})
    if top:
        size = f"10 % most accurate of protocol connected: n = {num_points:,}"
    else:
        size = f"protocol connected: n = {found.get('n', num_points):,}"
        if "coverage" in found:
            size += f", coverage {percent(found['coverage'], unit=' %')}"
    lines = [size]
    for symbol, name in (("ρ", "spearman_rho"), ("τ", "kendall_tau")):
        key = f"{name}_top10" if top else name
        if key in found:
            ends = interval(found.get(f"{key}_interval"))
            lines.append(f"{symbol} = {value(found[key])}{ends and f', 95 % CI {ends}'}")
    return "\n".join(lines)


def value_labels(values: Sequence[int | float]) -> list[str]:
    """Labels of ticks: plain numbers, large ones with a unit prefix, or powers of ten."""
    sizes = [abs(number) for number in values if number != 0]
    if all(0.01 <= size < LARGE for size in sizes):
        return [minus(f"{number:g}") for number in values]
    if all(1 <= size < _LONGEST for size in sizes):
        return [count_label(number) for number in values]
    return [_power(number) for number in values]


def _power(number: float) -> str:
    """A number as a power of ten, 10⁻⁷ or 3.2·10⁻⁵; plain from 1 to 99."""
    if number == 0 or 1 <= abs(number) < 100:
        return minus(f"{number:g}")
    digits, _, exponent = f"{number:.2e}".partition("e")
    power = f"10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    factor = minus(f"{float(digits):g}")
    return power if factor == "1" else f"{factor}·{power}"


def weights_in_words(weights: Sequence[float]) -> str:
    """Constants that a metric initialises its networks with, e.g. `weights 10⁻⁷ and 1`."""
    return f"weights {' and '.join(value_labels(weights))}" if weights else ""
