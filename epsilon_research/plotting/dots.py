"""Statistics as dots with their intervals: a row for each metric of a run, or case of a study."""

import textwrap
from collections.abc import Mapping, Sequence
from math import inf, isfinite
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epsilon_research.plotting.scales import round_ticks
from epsilon_research.plotting.study import (
    CHANCE_LINE,
    STATISTIC_LABELS,
    case_label,
    draw_published,
    prepare_value_axis,
    published_of,
    setting_title,
    shown_statistics,
    write_legend,
)
from epsilon_research.plotting.style import (
    BLUE,
    DARK,
    FAINT,
    VERMILION,
    dot_handle,
    label_panels,
    look_of,
    new_panels,
)
from epsilon_research.reporting.numbers import count_range
from epsilon_research.reporting.run import Spread, Statistics
from epsilon_research.reporting.study import Study, metrics_of, protocols_of

BASELINES = ("num_parameters", "params", "flops", "num_layers")
"""Metrics of the size of a network alone: another metric should be better."""

_CHANCE = {"spearman_rho": 0.0, "ndcg": 0.52}
"""Expected values of scores at random."""

_BASELINE_LINE: dict[str, Any] = {
    "color": DARK, "linewidth": 0.6, "linestyle": (0, (4, 3)), "zorder": 1,
}  # fmt: skip
_NOTHING = Statistics(values={})

# Inches of a metric's row, and of titles, axis and legend together.
_ROW_HEIGHT, _FRAME_HEIGHT = 0.17, 1.25
# Of a case's row: inches for one dot and for one line of its label, and the part its dots take.
_DOT_HEIGHT, _LINE_HEIGHT, _DOTS_PART = 0.1, 0.13, 0.68
# Characters in a line of a row's label and of an axis label.
_ROW_WIDTH, _AXIS_WIDTH = 26, 22


def metric_dots(
    statistics: Mapping[str, Mapping[str, Statistics]], *, statistic: str, target_label: str
) -> Figure:
    """One panel per protocol, one row per metric, best on top; coverage stands beside each dot.

    Args:
        statistics: Statistics by metric and protocol, at least one; the first has another hue.
        statistic: `spearman_rho` or `ndcg`.
        target_label: What the accuracies are.
    """
    protocols = list(dict.fromkeys(name for found in statistics.values() for name in found))
    last = {name: of.get(protocols[-1], _NOTHING)[statistic] for name, of in statistics.items()}
    # Equal ones in their given order, from the top; undefined ones are at the bottom.
    best = sorted(last, key=lambda name: last[name] if isfinite(last[name]) else -inf, reverse=True)
    metrics = best[::-1]
    first = next(iter(statistics))
    figure, panels = new_panels(
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
            style = {"marker": "o", "color": VERMILION if name == first else BLUE}
            if name in BASELINES:
                style["markerfacecolor"] = "white"
            _draw_dots(axes, [row], [one.spread(statistic)], markeredgewidth=0.9, **style)
            _write_coverage(axes, row, 100 * one["coverage"])
    panels[0].set_yticks(range(len(metrics)), metrics)
    panels[0].set_ylim(-0.6, len(metrics) - 0.4)
    panels[0].xaxis.set_major_locator(round_ticks(3))
    handles = [
        dot_handle(first, color=VERMILION, linestyle="-"),
        dot_handle("metric with its 95 % interval", color=BLUE, linestyle="-"),
        Line2D([], [], label="chance", **CHANCE_LINE),
        Line2D([], [], linestyle="", label="beside each: coverage (%)"),
    ]
    if set(BASELINES) & set(metrics):
        handles[2:2] = [
            dot_handle("size of the network", color=BLUE, markerfacecolor="white"),
            Line2D([], [], label="best of those", **_BASELINE_LINE),
        ]
    joint = " with " if statistic == "spearman_rho" else ", "
    # Of all panels: constrained layout would write a label of the axes into the legend.
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles),
        title=f"{STATISTIC_LABELS[statistic]}{joint}{target_label}",
        title_fontsize=mpl.rcParams["axes.labelsize"],
    )  # fmt: skip
    label_panels(panels)
    return figure


def setting_dots(study: Study) -> Figure:
    """One row for each case and metric, one panel for each statistic, a dot for each protocol.

    Raises:
        ValueError: No job has statistics.
    """
    cases = study.cases
    statistics = shown_statistics(cases, figure="settings")
    rows = [(case, metric) for case in cases for metric in case.metrics]
    protocols, metrics = protocols_of(cases), metrics_of(cases)
    labels = [_wrapped(case_label(*row, metrics=metrics), _ROW_WIDTH) for row in rows]
    most_lines = 1 + max(label.count("\n") for label in labels)
    height = 0.06 + max(_DOT_HEIGHT * len(protocols), _LINE_HEIGHT * most_lines)
    figure, panels = new_panels(
        len(statistics), columns=len(statistics),
        height=_FRAME_HEIGHT + height * len(rows), sharey=True,
        width_ratios=[1 if statistic == "coverage" else 2 for statistic in statistics],
    )  # fmt: skip
    step = min(_DOTS_PART / max(len(protocols) - 1, 1), 0.3)
    places = {name: step * (k - (len(protocols) - 1) / 2) for k, name in enumerate(protocols)}
    for axes, statistic in zip(panels, statistics, strict=True):
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        for row in range(1, len(rows), 2):
            axes.axhspan(row - 0.5, row + 0.5, color="#F5F5F5", linewidth=0, zorder=0)
        for protocol, place in places.items():
            found = [case.spread(metric, protocol, statistic) for case, metric in rows]
            style = {"label": protocol.replace("_", " "), **look_of(protocol)}
            _draw_dots(axes, [row + place for row in range(len(rows))], found, **style)
        # At the height of their protocol; of one without dots, in the middle.
        printed = [
            (value, row + places.get(protocol, 0.0))
            for row, (case, metric) in enumerate(rows)
            for value, protocol in published_of(study, case, metric, statistic)
        ]
        draw_published(axes, printed)
        prepare_value_axis(axes.xaxis, statistic)
        axes.set_xlabel(_wrapped(STATISTIC_LABELS[statistic], _AXIS_WIDTH))
    panels[0].set_yticks(range(len(rows)), labels)
    if len(cases[0].settings) == 1:
        panels[0].set_ylabel(setting_title(next(iter(cases[0].settings))))
    # From the top, as in the table.
    panels[0].set_ylim(len(rows) - 0.45, -0.55)
    write_legend(figure, cases)
    label_panels(panels)
    return figure


def _draw_dots(
    axes: Axes, rows: Sequence[float], found: Sequence[Spread], *, color: str, **style: Any
) -> None:
    """Draw values at these heights with their intervals, or ranges of draws."""
    lows, highs = [one.low for one in found], [one.high for one in found]
    axes.hlines(rows, lows, highs, color=color, linewidth=1.1)
    axes.plot([one.value for one in found], rows, color=color, linestyle="", **style)


def _write_coverage(axes: Axes, row: int, share: float) -> None:
    # Only all is 100, only none is 0.
    shown = share if share in (0, 100) else np.clip(share, 1, 99)
    axes.text(
        1.03, row, f"{shown:.0f}" if isfinite(share) else "–", color=FAINT, fontsize=6,
        transform=axes.get_yaxis_transform(), va="center_baseline",
    )  # fmt: skip


def _wrapped(label: str, width: int) -> str:
    """A label in lines; names are not torn apart."""
    return textwrap.fill(label, width, break_long_words=False, break_on_hyphens=False)
