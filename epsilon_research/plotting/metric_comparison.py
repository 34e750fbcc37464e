"""Metrics against protocols: one dot with its interval for each, on one shared axis."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from epsilon_research.plotting.style import BLUE, DARK, PAGE_WIDTH, VERMILION, new_figure

BASELINES = ("num_parameters", "params", "flops", "num_layers")
"""What counts the size of a network and looks at nothing else: a metric should be better."""

STATISTIC_LABELS = {
    "spearman_rho": "Spearman's ρ",
    "kendall_tau": "Kendall's τ",
    "spearman_rho_top10": "Spearman's ρ among the 10 % most accurate",
    "kendall_tau_top10": "Kendall's τ among the 10 % most accurate",
    "top10_overlap_percent": "share of the 10 % best-scored among the 10 % most accurate (%)",
    "top64_in_top5": "of the 64 best-scored, among the 5 % most accurate",
    "ndcg": "nDCG of the 10 % best-scored",
}
"""What the axis says of each statistic of a summary."""

_CHANCE = {
    "spearman_rho": 0.0,
    "kendall_tau": 0.0,
    "spearman_rho_top10": 0.0,
    "kendall_tau_top10": 0.0,
    "top10_overlap_percent": 10.0,
    "ndcg": 0.52,
}
"""What scores at random have."""

_ROW_HEIGHT = 0.17
# Inches for titles, axis and legend; of the label of the axis and the legend alone.
_FRAME_HEIGHT = 1.15
_FOOT = 0.36
_FAINT = "#777777"
_CHANCE_LINE: dict[str, Any] = {"color": _FAINT, "linewidth": 0.6, "zorder": 1}
_BASELINE_LINE: dict[str, Any] = {
    "color": DARK,
    "linewidth": 0.6,
    "linestyle": (0, (4, 3)),
    "zorder": 1,
}

Statistics = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""{metric: {protocol: {statistic: value}}}"""


def metric_dots(
    statistics: Statistics,
    *,
    statistic: str = "spearman_rho",
    target_label: str = "",
    title: str = "",
    highlighted: Sequence[str] = ("epsilon",),
) -> Figure:
    """One panel per protocol, one row per metric, best on top; coverage stands beside each dot.

    Args:
        statistics: As in `summary.json` under `metrics`; what is undefined has no dot.
        statistic: Key of `STATISTIC_LABELS`; drawn with `<statistic>_interval`.
        target_label: What the accuracies are; may be empty.
        title: One line over the figure; may be empty.
        highlighted: Metrics in another hue.

    Raises:
        ValueError: There is no metric, or the statistic is unknown.
    """
    if not statistics:
        raise ValueError("statistics must have at least one metric, got none: draw no figure")
    if statistic not in STATISTIC_LABELS:
        known = ", ".join(STATISTIC_LABELS)
        raise ValueError(f"statistic must be one of {known}, got {statistic!r}")
    protocols = list(dict.fromkeys(name for found in statistics.values() for name in found))
    metrics = _best_last(statistics, statistic, protocols)
    height = _FRAME_HEIGHT + _ROW_HEIGHT * len(metrics)
    figure = new_figure(width=PAGE_WIDTH, height=height)
    panels = figure.subplots(1, len(protocols), sharex=True, sharey=True, squeeze=False)[0]
    for axes, protocol in zip(panels, protocols, strict=True):
        found = {metric: statistics[metric].get(protocol, {}) for metric in metrics}
        _draw_protocol(axes, found, statistic=statistic, highlighted=highlighted)
        _write_heading(axes, protocol, found)
    panels[0].set_yticks(range(len(metrics)), metrics)
    panels[0].set_ylim(-0.6, len(metrics) - 0.4)
    panels[0].xaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 2.5, 5, 10]))
    label = STATISTIC_LABELS[statistic]
    # The engine would write label and legend into each other.
    figure.set_layout_engine("constrained", rect=(0, _FOOT / height, 1, 1 - _FOOT / height))
    figure.supxlabel(
        _with_target(label, target_label, statistic), fontsize=7.5, va="bottom",
        y=0.55 * _FOOT / height,
    )  # fmt: skip
    _write_legend(figure, metrics, highlighted, statistic=statistic)
    if title:
        figure.suptitle(title)
    return figure


def _with_target(label: str, target_label: str, statistic: str) -> str:
    if not target_label:
        return label
    joint = " with " if statistic in ("spearman_rho", "kendall_tau") else ", "
    return f"{label}{joint}{target_label}"


def _best_last(statistics: Statistics, statistic: str, protocols: Sequence[str]) -> list[str]:
    """Metrics in ascending order under the last protocol, which is `common` where there are two."""

    def value(metric: str) -> float:
        found = _value(statistics[metric].get(protocols[-1], {}), statistic)
        return found if np.isfinite(found) else -np.inf

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
        axes.axvline(_CHANCE[statistic], **_CHANCE_LINE)
    baseline = [_value(found[name], statistic) for name in found if name in BASELINES]
    if np.isfinite(baseline).any():
        axes.axvline(float(np.nanmax(baseline)), **_BASELINE_LINE)
    for row, (metric, values) in enumerate(found.items()):
        value, (low, high) = _value(values, statistic), _interval(values, statistic)
        colour = VERMILION if metric in highlighted else BLUE
        axes.plot([low, high], [row, row], color=colour, linewidth=1.1, solid_capstyle="butt")
        axes.plot(value, row, "o", color=colour, **_marker(metric))
        axes.text(
            1.03, row, _whole_percent(values.get("coverage")), color=_FAINT, fontsize=6,
            transform=axes.get_yaxis_transform(), va="center_baseline",
        )  # fmt: skip


def _marker(metric: str) -> dict[str, Any]:
    face = {"markerfacecolor": "white"} if metric in BASELINES else {}
    return {"markersize": 3.6, "markeredgewidth": 0.9, **face}


def _write_heading(axes: Axes, protocol: str, found: Mapping[str, Mapping[str, Any]]) -> None:
    """The protocol, and the number of rows; where metrics have different ones, their range."""
    sizes = [values["n"] for values in found.values() if "n" in values]
    low, high = (min(sizes), max(sizes)) if sizes else (0, 0)
    rows = f"{low:,}" if low == high else f"{low:,}–{high:,}"
    for words, points, size in ((protocol.replace("_", " "), 13, 7.5), (f"n = {rows}", 4, 6)):
        axes.annotate(
            words, (0, 1), (0, points), xycoords="axes fraction", textcoords="offset points",
            fontsize=size,
        )  # fmt: skip


def _whole_percent(fraction: float | None) -> str:
    """A fraction as a percentage; only all is 100, only none is 0."""
    if fraction is None or not np.isfinite(fraction):
        return "–"
    if fraction in (0, 1):
        return f"{100 * fraction:.0f}"
    return f"{np.clip(100 * fraction, 1, 99):.0f}"


def _value(values: Mapping[str, Any], statistic: str) -> float:
    found = values.get(statistic)
    return np.nan if found is None else float(found)


def _interval(values: Mapping[str, Any], statistic: str) -> tuple[float, float]:
    low, high = values.get(f"{statistic}_interval", (None, None))
    return (np.nan, np.nan) if low is None or high is None else (float(low), float(high))


def _write_legend(
    figure: Figure, metrics: Sequence[str], highlighted: Sequence[str], *, statistic: str
) -> None:
    handles = [_handle(BLUE, "metric with its 95 % interval")]
    named = [metric for metric in metrics if metric in highlighted]
    if named:
        handles.insert(0, _handle(VERMILION, ", ".join(named)))
    if any(metric in BASELINES for metric in metrics):
        handles += [
            _handle(BLUE, "size of the network", hollow=True),
            Line2D([], [], label="best of those", **_BASELINE_LINE),
        ]
    if statistic in _CHANCE:
        handles.append(Line2D([], [], label="chance", **_CHANCE_LINE))
    handles.append(Line2D([], [], linestyle="", label="beside each: coverage (%)"))
    figure.legend(
        handles=handles, loc="lower center", borderaxespad=0.1, ncols=len(handles), frameon=False,
        handlelength=1.5, columnspacing=1.2, handletextpad=0.5,
    )  # fmt: skip


def _handle(colour: str, label: str, *, hollow: bool = False) -> Line2D:
    face = "white" if hollow else colour
    return Line2D(
        [], [], color=colour, marker="o", markersize=3.6, markeredgewidth=0.9, markerfacecolor=face,
        linewidth=0 if hollow else 1.1, label=label,
    )  # fmt: skip
