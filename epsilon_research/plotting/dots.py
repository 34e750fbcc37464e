"""Statistics as dots with their intervals, one row for each metric or each setting of a study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epsilon_research.plotting.notes import STATISTIC_LABELS
from epsilon_research.plotting.scales import round_ticks
from epsilon_research.plotting.settings import FigureSettings
from epsilon_research.plotting.style import (
    BLUE,
    DARK,
    FAINT,
    VERMILION,
    Look,
    letter_panels,
    new_panels,
)

BASELINES = ("num_parameters", "params", "flops", "num_layers")
"""Metrics of the size of a network alone: another metric should be better."""

_CHANCE = {
    "spearman_rho": 0.0,
    "kendall_tau": 0.0,
    "spearman_rho_top10": 0.0,
    "kendall_tau_top10": 0.0,
    "top10_overlap_percent": 10.0,
    "ndcg": 0.52,
}
"""Expected values of scores at random."""

CHANCE_LINE: dict[str, Any] = {"color": FAINT, "linewidth": 0.6, "zorder": 1}
_BASELINE_LINE: dict[str, Any] = {
    "color": DARK, "linewidth": 0.6, "linestyle": (0, (4, 3)), "zorder": 1,
}  # fmt: skip

# Inches of a row, and of titles, axis and legend together.
_ROW_HEIGHT, _FRAME_HEIGHT = 0.17, 1.2

Statistics = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""{metric: {protocol: {statistic: value}}}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A value with the ends of its interval; NaN where undefined."""

    value: float
    low: float = nan
    high: float = nan

    @classmethod
    def of(cls, statistics: Mapping[str, Any], name: str) -> "Dot":
        """Return a statistic of a summary, in which what is undefined is null or missing."""
        low, high = statistics.get(f"{name}_interval") or (None, None)
        return cls(value=_number(statistics.get(name)), low=_number(low), high=_number(high))

    def draw(self, axes: Axes, row: float, look: Look, **marker: Any) -> None:
        """Draw the value and its interval at a height."""
        axes.plot(
            [self.low, self.high], [row, row], color=look.colour, linewidth=1.1,
            solid_capstyle="butt",
        )  # fmt: skip
        axes.plot(self.value, row, look.marker, color=look.colour, **marker)


def metric_dots(
    statistics: Statistics,
    *,
    statistic: str = "spearman_rho",
    target_label: str = "",
    title: str = "",
    highlighted: Sequence[str] = ("epsilon",),
    settings: FigureSettings | None = None,
) -> Figure:
    """One panel per protocol, one row per metric, best on top; coverage stands beside each dot.

    Args:
        statistics: As in `summary.json` under `metrics`; what is undefined has no dot.
        statistic: Key of `notes.STATISTIC_LABELS`; drawn with `<statistic>_interval`.
        target_label: What the accuracies are; may be empty.
        title: One line over the figure; may be empty.
        highlighted: Metrics in another hue.
        settings: Widths of the figure.

    Raises:
        ValueError: There is no metric, or the statistic is unknown.
    """
    if not statistics:
        raise ValueError("statistics must have at least one metric, got none: draw no figure")
    if statistic not in STATISTIC_LABELS:
        known = ", ".join(STATISTIC_LABELS)
        raise ValueError(f"statistic must be one of {known}, got {statistic!r}: choose one of them")
    protocols = list(dict.fromkeys(name for found in statistics.values() for name in found))
    metrics = _best_last(statistics, statistic, protocols[-1])
    figure, panels = new_panels(
        len(protocols), settings=settings, columns=len(protocols), title=title, sharex=True,
        sharey=True, height=_FRAME_HEIGHT + _ROW_HEIGHT * len(metrics),
    )  # fmt: skip
    for axes, protocol in zip(panels, protocols, strict=True):
        found = {metric: statistics[metric].get(protocol, {}) for metric in metrics}
        axes.set_title(f"{protocol.replace('_', ' ')}\nn = {_range_of_rows(found)}", loc="left")
        _draw_protocol(axes, found, statistic=statistic, highlighted=highlighted)
    panels[0].set_yticks(range(len(metrics)), metrics)
    panels[0].set_ylim(-0.6, len(metrics) - 0.4)
    panels[0].xaxis.set_major_locator(round_ticks(3))
    joint = " with " if statistic in ("spearman_rho", "kendall_tau") else ", "
    label = joint.join(part for part in (STATISTIC_LABELS[statistic], target_label) if part)
    _write_legend(figure, metrics, highlighted, statistic=statistic, label=label)
    letter_panels(panels)
    return figure


def _best_last(statistics: Statistics, statistic: str, protocol: str) -> list[str]:
    """Metrics in ascending order under a protocol; undefined ones are first."""

    def value(metric: str) -> float:
        found = Dot.of(statistics[metric].get(protocol, {}), statistic).value
        return found if isfinite(found) else -np.inf

    # Equal ones in their given order, from the top.
    return sorted(statistics, key=value, reverse=True)[::-1]


def _draw_protocol(
    axes: Axes,
    found: Mapping[str, Mapping[str, Any]],
    *,
    statistic: str,
    highlighted: Sequence[str],
) -> None:
    axes.tick_params(axis="y", length=0)
    if statistic in _CHANCE:
        axes.axvline(_CHANCE[statistic], **CHANCE_LINE)
    baseline = [Dot.of(found[name], statistic).value for name in found if name in BASELINES]
    if np.isfinite(baseline).any():
        axes.axvline(float(np.nanmax(baseline)), **_BASELINE_LINE)
    for row, (metric, values) in enumerate(found.items()):
        look = Look(colour=VERMILION if metric in highlighted else BLUE)
        hollow = {"markerfacecolor": "white"} if metric in BASELINES else {}
        Dot.of(values, statistic).draw(axes, row, look, markeredgewidth=0.9, **hollow)
        axes.text(
            1.03, row, _rounded_percent(values.get("coverage")), color=FAINT, fontsize=6,
            transform=axes.get_yaxis_transform(), va="center_baseline",
        )  # fmt: skip


def _range_of_rows(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The number of rows, or its range where metrics have different ones."""
    sizes = sorted({values["n"] for values in found.values() if "n" in values}) or [0]
    return "–".join(f"{size:,}" for size in dict.fromkeys((sizes[0], sizes[-1])))


def _rounded_percent(fraction: float | None) -> str:
    """A fraction as a percentage without decimals; only all is 100, only none is 0."""
    if fraction is None or not isfinite(fraction):
        return "–"
    return f"{100 * fraction if fraction in (0, 1) else np.clip(100 * fraction, 1, 99):.0f}"


def _write_legend(
    figure: Figure,
    metrics: Sequence[str],
    highlighted: Sequence[str],
    *,
    statistic: str,
    label: str,
) -> None:
    """The label of the axes, which constrained layout would write into a legend, and the legend."""
    named = [metric for metric in metrics if metric in highlighted]
    handles = [Look(colour=VERMILION).handle(", ".join(named), line=True)] if named else []
    handles.append(Look(colour=BLUE).handle("metric with its 95 % interval", line=True))
    if any(metric in BASELINES for metric in metrics):
        handles += [
            Look(colour=BLUE).handle("size of the network", markerfacecolor="white"),
            Line2D([], [], label="best of those", **_BASELINE_LINE),
        ]
    if statistic in _CHANCE:
        handles.append(Line2D([], [], label="chance", **CHANCE_LINE))
    handles.append(Line2D([], [], linestyle="", label="beside each: coverage (%)"))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), title=label,
        title_fontsize=mpl.rcParams["axes.labelsize"],
    )  # fmt: skip


def _number(value: float | None) -> float:
    return nan if value is None else float(value)
