"""Statistics of a run as dots with their intervals, a row for each metric."""

from collections.abc import Mapping
from math import inf, isfinite
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epsilon_research.plotting import style
from epsilon_research.plotting.scales import round_ticks
from epsilon_research.plotting.study import CHANCE_LINE, STATISTIC_LABELS, draw_dots
from epsilon_research.reporting.numbers import count_range
from epsilon_research.reporting.run import Statistics

BASELINES = ("num_parameters", "params", "flops", "num_layers")
"""Metrics of the size of a network alone: another metric should be better."""

_CHANCE = {"spearman_rho": 0.0, "ndcg": 0.52}
"""Expected values of scores at random."""

_BASELINE_LINE: dict[str, Any] = {
    "color": style.DARK, "linewidth": 0.6, "linestyle": (0, (4, 3)), "zorder": 1,
}  # fmt: skip
_NOTHING = Statistics(values={})

# Inches of a metric's row, and of titles, axis and legend together.
_ROW_HEIGHT, _FRAME_HEIGHT = 0.17, 1.25


def metric_dots(
    statistics: Mapping[str, Mapping[str, Statistics]], *, statistic: str, target_label: str
) -> Figure:
    """One panel per protocol, one row per metric, best on top; coverage stands beside each dot.

    Statistics are by metric and protocol; the first metric has another hue. The statistic is
    `spearman_rho` or `ndcg`.
    """
    protocols = list(dict.fromkeys(name for found in statistics.values() for name in found))
    last = {name: of.get(protocols[-1], _NOTHING)[statistic] for name, of in statistics.items()}
    # Equal ones in their given order, from the top; undefined ones are at the bottom.
    best = sorted(last, key=lambda name: last[name] if isfinite(last[name]) else -inf, reverse=True)
    metrics = best[::-1]
    first = next(iter(statistics))
    figure, panels = style.new_panels(
        len(protocols), columns=len(protocols), sharex=True, sharey=True,
        height=_FRAME_HEIGHT - 0.05 + _ROW_HEIGHT * len(metrics),
    )  # fmt: skip
    for axes, protocol in zip(panels, protocols, strict=True):
        found = {name: statistics[name].get(protocol, _NOTHING) for name in metrics}
        rows = count_range(one["n"] for one in found.values() if isfinite(one["n"])) or "0"
        axes.set_title(f"{protocol.replace('_', ' ')}\nn = {rows}", loc="left")
        axes.axvline(_CHANCE[statistic], **CHANCE_LINE)
        baselines = [found[name][statistic] for name in BASELINES if name in found]
        if np.isfinite(baselines).any():
            axes.axvline(np.nanmax(baselines), **_BASELINE_LINE)
        axes.tick_params(axis="y", length=0)
        for row, (name, one) in enumerate(found.items()):
            look = {"marker": "o", "color": style.VERMILION if name == first else style.BLUE}
            if name in BASELINES:
                look["markerfacecolor"] = "white"
            draw_dots(axes, [row], [one.spread(statistic)], markeredgewidth=0.9, **look)
            _write_coverage(axes, row, 100 * one["coverage"])
    panels[0].set_yticks(range(len(metrics)), metrics)
    panels[0].set_ylim(-0.6, len(metrics) - 0.4)
    panels[0].xaxis.set_major_locator(round_ticks(3))
    handles = [
        style.dot_handle(first, color=style.VERMILION, linestyle="-"),
        style.dot_handle("metric with its 95 % interval", color=style.BLUE, linestyle="-"),
        Line2D([], [], label="chance", **CHANCE_LINE),
        Line2D([], [], linestyle="", label="beside each: coverage (%)"),
    ]
    if set(BASELINES) & set(metrics):
        handles[2:2] = [
            style.dot_handle("size of the network", color=style.BLUE, markerfacecolor="white"),
            Line2D([], [], label="best of those", **_BASELINE_LINE),
        ]
    joint = " with " if statistic == "spearman_rho" else ", "
    # Of all panels: constrained layout would write a label of the axes into the legend.
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles),
        title=f"{STATISTIC_LABELS[statistic]}{joint}{target_label}",
        title_fontsize=mpl.rcParams["axes.labelsize"],
    )  # fmt: skip
    style.label_panels(panels)
    return figure


def _write_coverage(axes: Axes, row: int, share: float) -> None:
    # Only all is 100, only none is 0.
    shown = share if share in (0, 100) else np.clip(share, 1, 99)
    axes.text(
        1.03, row, f"{shown:.0f}" if isfinite(share) else "–", color=style.FAINT, fontsize=6,
        transform=axes.get_yaxis_transform(), va="center_baseline",
    )  # fmt: skip
