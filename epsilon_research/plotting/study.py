"""The statistics of a study: a row of dots for each case, or curves along a numeric setting."""

import itertools
import textwrap
from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from epsilon_research.plotting import style
from epsilon_research.plotting.scales import LINEAR, LOG, apply_values, round_ticks, set_limits
from epsilon_research.reporting.numbers import count_range
from epsilon_research.reporting.run import Spread
from epsilon_research.reporting.study import Case, Study, metrics_of, protocols_of
from epsilon_research.reporting.typed_json import as_float

STATISTIC_LABELS = {
    "spearman_rho": "Spearman's ρ",
    "spearman_rho_top10": "Spearman's ρ among the 10 % most accurate",
    "ndcg": "nDCG of the 10 % best-scored",
    "coverage": "coverage (%)",
}
"""Labels of the axes that show a statistic of a summary."""

STATISTICS = ("spearman_rho", "spearman_rho_top10", "coverage")
"""Statistics that panels of a study show, but for those that no job has a value of."""

CHANCE_LINE: dict[str, Any] = {"color": style.FAINT, "linewidth": 0.6, "zorder": 1}

# Inches of titles, axis and legend together; of one dot, and of one line of a row's label.
_FRAME_HEIGHT, _DOT_HEIGHT, _LINE_HEIGHT = 1.25, 0.1, 0.13
# The part of its row that the dots of a case take.
_DOTS_PART = 0.68
# Characters in a line of a row's label, and of an axis label of dots and of curves.
_ROW_WIDTH, _DOTS_WIDTH, _CURVES_WIDTH = 26, 22, 24
# From this ratio of the largest to the smallest value on, the axis of a curve is logarithmic.
_DECADE = 10.0
# Distance between the bars of two protocols, as a part of the axis.
_DODGE = 0.012


def shown_statistics(cases: Iterable[Case], *, figure: str) -> list[str]:
    """Return the statistics that some case has a value of.

    Raises:
        ValueError: There are none, so that the figure cannot be drawn.
    """
    found = [
        statistic
        for statistic in STATISTICS
        if any(
            isfinite(case.spread(metric, protocol, statistic).value)
            for case in cases
            for metric in case.metrics
            for protocol in case.protocols(metric)
        )
    ]
    if not found:
        raise ValueError(
            f"figure={figure} must have at least one job with correlations, got none: choose a "
            "benchmark with accuracies, or figure=none"
        )
    return found


def published_of(study: Study, case: Case, metric: str, statistic: str) -> list[tuple[float, str]]:
    """Return the different published values of a case, each with its protocol."""
    known = study.published_values(statistic)
    keys = [(job.number, metric) for job in case.jobs]
    return sorted({known[key] for key in keys if key in known})


def draw_published(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    """Draw published values as hollow diamonds at (x, y)."""
    if points:
        x, y = zip(*points, strict=True)
        axes.plot(
            x, y, "D", color=style.DARK, zorder=3, label="published", markersize=5.2,
            markeredgewidth=0.9, markerfacecolor="none",
        )  # fmt: skip


def case_label(case: Case, metric: str, *, metrics: Sequence[str]) -> str:
    """Return a case in words, with its metric where there are several."""
    parts = [case.label()] if case.settings else []
    if len(metrics) > 1 or not parts:
        parts.append(metric)
    return ", ".join(parts)


def with_draws(words: str, case: Case) -> str:
    """Return words for a case of which the first of several draws is drawn."""
    draws = f"first of {len(case.jobs)} draws" if case.has_replicates else ""
    return ", ".join(filter(None, (words, draws)))


def setting_title(name: str) -> str:
    """Return a setting in words, with the part of the configuration that it stands in."""
    return " ".join(name.split(".")[-2:]).replace("_", " ")


def prepare_value_axis(axis: Axis, statistic: str) -> None:
    """Set ticks of an axis of correlations or of coverage, and draw the line of chance."""
    if statistic == "coverage":
        set_limits(axis, -0.04, 1.04)
        axis.set_major_locator(round_ticks(4))
        axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=None))
        return
    vertical = axis is axis.axes.yaxis
    axis.set_major_locator(round_ticks(6 if vertical else 4))
    (axis.axes.axhline if vertical else axis.axes.axvline)(0, **CHANCE_LINE)


def write_legend(figure: Figure, cases: Sequence[Case], *, bands: bool = False) -> None:
    """Write one legend of all panels below them, which says what their bars or bands are.

    They are intervals of single jobs, or the range of several draws.
    """
    draws = [len(case.jobs) for case in cases if case.has_replicates]
    words = f"mean and range of {count_range(draws)} draws" if draws else "95 % interval"
    spread = Line2D([], [], color=style.DARK, linewidth=1.1, label=words)
    if bands:
        # Darker than in the panels, since it is small here.
        spread = Patch(color=style.DARK, alpha=2 * style.BAND_ALPHA, linewidth=0, label=words)
    handles = [*style.legend_entries(figure), spread]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def by_other_settings(cases: Iterable[Case], *, without: str) -> dict[str, list[Case]]:
    """Return the cases by what they have in common in words, but for the setting `without`."""
    grouped: dict[str, list[Case]] = {}
    for case in cases:
        grouped.setdefault(case.label(without=[without]), []).append(case)
    return grouped


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
    figure, panels = style.new_panels(
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
            look = {"label": protocol.replace("_", " "), **style.look_of(protocol)}
            draw_dots(axes, [row + place for row in range(len(rows))], found, **look)
        # At the height of their protocol; of one without dots, in the middle.
        printed = [
            (value, row + places.get(protocol, 0.0))
            for row, (case, metric) in enumerate(rows)
            for value, protocol in published_of(study, case, metric, statistic)
        ]
        draw_published(axes, printed)
        prepare_value_axis(axes.xaxis, statistic)
        axes.set_xlabel(_wrapped(STATISTIC_LABELS[statistic], _DOTS_WIDTH))
    panels[0].set_yticks(range(len(rows)), labels)
    if len(cases[0].settings) == 1:
        panels[0].set_ylabel(setting_title(next(iter(cases[0].settings))))
    # From the top, as in the table.
    panels[0].set_ylim(len(rows) - 0.45, -0.55)
    write_legend(figure, cases)
    style.label_panels(panels)
    return figure


def draw_dots(
    axes: Axes, rows: Sequence[float], found: Sequence[Spread], *, color: str, **look: Any
) -> None:
    """Draw values at these heights with their intervals, or ranges of draws."""
    lows, highs = [one.low for one in found], [one.high for one in found]
    axes.hlines(rows, lows, highs, color=color, linewidth=1.1)
    axes.plot([one.value for one in found], rows, color=color, linestyle="", **look)


def setting_curves(study: Study) -> Figure:
    """A row of panels for each metric and each value of the other settings, a line per protocol.

    Draws of one value make a line through their means in a band over their range; single jobs are
    points with their intervals.

    Raises:
        ValueError: No setting is numeric and differs, or no job has statistics.
    """
    cases = [case for case in study.cases if case.metrics]
    setting = _numeric_setting(cases)
    if setting is None:
        given = ", ".join(study.settings) or "none that differ"
        raise ValueError(
            "figure=curve must have a setting that is a number and differs, got "
            f"{given}: choose figure=settings"
        )
    statistics = shown_statistics(cases, figure="curve")
    # Without the rows that metrics have in common, unless there are no others.
    every = protocols_of(cases)
    protocols = [name for name in every if not name.startswith("common")] or every
    rows = _rows(cases, setting=setting)
    figure, panels = style.new_panels(
        len(rows) * len(statistics), columns=len(statistics),
        height=0.6 + len(rows) * style.PANEL_HEIGHT,
    )  # fmt: skip
    bars = not any(case.has_replicates for case in cases)
    for axes, ((title, metric, points), statistic) in zip(
        panels, itertools.product(rows, statistics), strict=True
    ):
        values = [value for value, _ in points]
        scale = LOG if 0 < _DECADE * values[0] <= values[-1] else LINEAR
        x = scale.forward(np.array(values, np.float64))
        # Beside each other, since bars on top of each other cannot be read.
        dodge = _DODGE * (float(np.ptp(x)) or 1.0) * bars
        for place, protocol in enumerate(protocols):
            spreads = [case.spread(metric, protocol, statistic) for _, case in points]
            curve = np.array([(one.value, one.low, one.high) for one in spreads]).T
            style.draw_line(
                axes, x + dodge * (place - (len(protocols) - 1) / 2), curve, bars=bars,
                linewidth=1.1, markersize=3.2, label=protocol.replace("_", " "),
                **style.look_of(protocol),
            )  # fmt: skip
        printed = [
            (float(position), value)
            for position, (_, case) in zip(x, points, strict=True)
            for value, _ in published_of(study, case, metric, statistic)
        ]
        draw_published(axes, printed)
        prepare_value_axis(axes.yaxis, statistic)
        axes.set_ylabel(textwrap.fill(STATISTIC_LABELS[statistic], _CURVES_WIDTH))
        apply_values(axes.xaxis, scale, values)
        axes.set_xlabel(setting_title(setting) + scale.suffix)
        if statistic == statistics[0]:
            axes.set_title(title, loc="left")
    write_legend(figure, cases, bands=not bars)
    style.label_panels(panels)
    return figure


def _rows(
    cases: Sequence[Case], *, setting: str
) -> list[tuple[str, str, list[tuple[float, Case]]]]:
    """For each row of panels its title, whose statistics it shows, and cases by their value."""
    metrics, rows = metrics_of(cases), []
    for title, group in by_other_settings(cases, without=setting).items():
        for metric in metrics:
            words = ", ".join(filter(None, (title, metric if len(metrics) > 1 else "")))
            points = [
                (as_float(case.settings[setting]), case) for case in group if metric in case.metrics
            ]
            if points:
                rows.append((words, metric, sorted(points, key=lambda point: point[0])))
    return rows


def _numeric_setting(cases: Sequence[Case]) -> str | None:
    """The setting of which all values are numbers; of several the one with most values."""
    found: dict[str, int] = {}
    for name in cases[0].settings if cases else ():
        values = {as_float(case.settings[name]) for case in cases}
        if len(values) > 1 and all(map(isfinite, values)):
            found[name] = len(values)
    return max(found, key=found.__getitem__, default=None)


def _wrapped(label: str, width: int) -> str:
    """A label in lines; names are not torn apart."""
    return textwrap.fill(label, width, break_long_words=False, break_on_hyphens=False)
