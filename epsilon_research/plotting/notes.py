"""Numbers and statistics as the text of figures; free of matplotlib."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

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
"""From here on numbers have a unit prefix: 10k."""

_LONGEST = 1e12
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def decimals(value: int | float | None) -> str:
    """Three decimals, or a dash for what could not be computed."""
    return "–" if value is None or not np.isfinite(value) else f"{value:.3f}".replace("-", "−")


def percent(fraction: int | float | None, *, unit: str = " %") -> str:
    """A fraction as a percentage with one decimal; only all is 100 %."""
    if fraction is None or not np.isfinite(fraction):
        return "–"
    text = f"{100 * fraction:.1f}"
    return f"{'99.9' if text == '100.0' and fraction < 1 else text}{unit}"


def with_interval(found: Mapping[str, Any], name: str) -> str:
    """A statistic with three decimals, and its 95 % confidence interval where there is one."""
    interval = found.get(f"{name}_interval")
    if interval is None:
        return decimals(found.get(name))
    return f"{decimals(found.get(name))}, 95 % CI [{', '.join(map(decimals, interval))}]"


def statistics_note(statistics: Mapping[str, Any] | None, *, top: bool, num_points: int) -> str:
    """The statistics of protocol `connected` in up to three lines, only those that there are.

    Args:
        statistics: {protocol: {statistic: value}}, names as in `summary.json`; None: no table.
        top: Whether the figure shows the top 10 % by accuracy, which has statistics of its own.
        num_points: Number of points in the figure.
    """
    found = (statistics or {}).get("connected", {})
    suffix = "_top10" if top else ""
    names = (("ρ", f"spearman_rho{suffix}"), ("τ", f"kendall_tau{suffix}"))
    lines = [f"{symbol} = {with_interval(found, name)}" for symbol, name in names if name in found]
    if top:
        return "\n".join([f"10 % most accurate of protocol connected: n = {num_points:,}", *lines])
    size = f"protocol connected: n = {found.get('n', num_points):,}"
    if "coverage" in found:
        size += f", coverage {percent(found['coverage'])}"
    return "\n".join([size, *lines])


def count_label(value: int | float) -> str:
    """A count with a unit prefix: 950, 20k, 1.5M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def value_labels(values: Sequence[int | float]) -> list[str]:
    """Labels of ticks: plain numbers, large ones with a unit prefix, or powers of ten."""
    sizes = [abs(value) for value in values if value != 0]
    if all(0.01 <= size < LARGE for size in sizes):
        return [f"{value:g}".replace("-", "−") for value in values]
    if all(1 <= size < _LONGEST for size in sizes):
        return [count_label(value).replace("-", "−") for value in values]
    return [power_label(value) for value in values]


def power_label(value: float) -> str:
    """A number as a power of ten, 10⁻⁷ or 3.2·10⁻⁵; plain from 1 to 99."""
    if value == 0 or 1 <= abs(value) < 100:
        return f"{value:g}".replace("-", "−")
    digits, _, exponent = f"{value:.2e}".partition("e")
    power = f"10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    factor = f"{float(digits):g}".replace("-", "−")
    return power if factor == "1" else f"{factor}·{power}"


def weights_in_words(weights: Sequence[float]) -> str:
    """Constants that a metric initialises its networks with, e.g. `weights 10⁻⁷ and 1`."""
    return f"weights {' and '.join(value_labels(weights))}" if weights else ""


def variant_label(entry: Mapping[str, Any]) -> str:
    """A variant of a search in words, e.g. `ageing evolution, epsilon warm-up`."""
    return ", ".join([entry["algorithm"].replace("_", " "), *variant_start(entry)])


def variant_start(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """What a variant of a search adds to its algorithm, in words."""
    warmup, metric = entry["warmup_metric"], entry.get("move_metric")
    if metric is None:
        return () if warmup is None else (f"{warmup} warm-up",)
    move = "move" if entry["move"] == "score" else "children"
    if warmup in (None, metric):
        return (f"{metric} {'' if warmup is None else 'warm-up and '}{move}",)
    return (f"{warmup} warm-up", f"{metric} {move}")


def are_fractions(entries: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether searches report accuracies, and neither a loss nor a user's own objective."""
    return all(
        entry["higher_is_better"] and entry["reported"] != "objective" for entry in entries.values()
    )
