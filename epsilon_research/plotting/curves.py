"""A study with a numeric setting: its statistics as curves of that setting."""

import textwrap
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from epsilon_research.plotting.scales import LINEAR, LOG, apply_values, value_labels
from epsilon_research.plotting.study import (
    STATISTIC_LABELS,
    WEIGHTS,
    by_other_settings,
    draw_published,
    metrics_with_weights,
    pair_of,
    prepare_value_axis,
    published_of,
    setting_title,
    shown_statistics,
    write_legend,
)
from epsilon_research.plotting.style import (
    PANEL_HEIGHT,
    draw_line,
    label_panels,
    look_of,
    new_panels,
)
from epsilon_research.reporting.study import Case, Study, metrics_of, protocols_of
from epsilon_research.reporting.typed_json import as_float

_DECADE = 10.0
"""From this ratio of the largest to the smallest value on, the axis is logarithmic."""

_DODGE = 0.012
"""Distance between the bars of two protocols, as a part of the axis."""

_MOST_ROWS = 4
"""More rows of panels than these are not drawn: they would be a grid, not curves."""

_AXIS_WIDTH = 24

Points = list[tuple[float, Case]]
"""Values of a setting, each with the case that has it."""


class Row(NamedTuple):
    """A row of panels: what its cases share, whose statistics it shows, and increasing points."""

    title: str
    metric: str
    points: Points


def setting_curves(study: Study) -> Figure:
    """A row of panels for each metric and each value of the other settings, a line per protocol.

    Draws of one value make a line through their means in a band over their range; single jobs are
    points with their intervals.

    Raises:
        ValueError: No setting is numeric and differs, and no weight either; or no job has
            statistics.
    """
    cases = [case for case in study.cases if case.metrics]
    label, rows = _read_rows(cases, settings=study.settings)
    statistics = shown_statistics(cases, figure="curve")
    # Without the rows that metrics have in common, unless there are no others.
    every = protocols_of(cases)
    protocols = [name for name in every if not name.startswith("common")] or every
    figure, panels = new_panels(
        len(rows) * len(statistics), columns=len(statistics),
        height=0.6 + len(rows) * PANEL_HEIGHT,
    )  # fmt: skip
    bars = not any(case.has_replicates for case in cases)
    for place, axes in enumerate(panels):
        row, statistic = rows[place // len(statistics)], statistics[place % len(statistics)]
        places = [value for value, _ in row.points]
        scale = LOG if 0 < _DECADE * places[0] <= places[-1] else LINEAR
        x = scale.forward(np.array(places, np.float64))
        # Beside each other, since bars on top of each other cannot be read.
        dodge = _DODGE * (float(np.ptp(x)) or 1.0) * bars
        for number, protocol in enumerate(protocols):
            spreads = [case.spread(row.metric, protocol, statistic) for _, case in row.points]
            values = np.array([(one.value, one.low, one.high) for one in spreads]).T
            draw_line(
                axes, x + dodge * (number - (len(protocols) - 1) / 2), values, bars=bars,
                linewidth=1.1, markersize=3.2, label=protocol.replace("_", " "),
                **look_of(protocol),
            )  # fmt: skip
        printed = [
            (float(position), value)
            for position, (_, case) in zip(x, row.points, strict=True)
            for value, _ in published_of(study, case, row.metric, statistic)
        ]
        draw_published(axes, printed)
        prepare_value_axis(axes.yaxis, statistic)
        axes.set_ylabel(textwrap.fill(STATISTIC_LABELS[statistic], _AXIS_WIDTH))
        apply_values(axes.xaxis, scale, places)
        axes.set_xlabel(label + scale.suffix)
        if place % len(statistics) == 0:
            axes.set_title(row.title, loc="left")
    write_legend(figure, cases, bands=not bars)
    label_panels(panels)
    return figure


def _read_rows(cases: Sequence[Case], *, settings: Sequence[str]) -> tuple[str, list[Row]]:
    """The name of the axis, and what is drawn along it."""
    name = _numeric_setting(cases)
    if name is not None:
        groups = {
            title: [(as_float(case.settings[name]), case) for case in group]
            for title, group in by_other_settings(cases, without=name).items()
        }
        return setting_title(name), _rows(groups, metrics_of(cases))
    groups = {
        f"{title}{title and ', '}the other weight: {value_labels([common])[0]}": points
        for title, group in by_other_settings(cases, without=WEIGHTS).items()
        for common, points in _weight_lines(group)
    }
    rows = _rows(groups, metrics_with_weights(cases))
    if not rows or len(rows) > _MOST_ROWS or max(len(row.points) for row in rows) < 2:
        given = ", ".join(settings) or "none that differ"
        raise ValueError(
            "figure=curve must have a setting that is a number and differs, or pairs that share "
            f"a weight, got {given}: choose figure=settings"
        )
    return "weight", rows


def _numeric_setting(cases: Sequence[Case]) -> str | None:
    """The setting of which all values are numbers; of several the one with most values."""
    found: dict[str, int] = {}
    for name in cases[0].settings if cases else ():
        values = {as_float(case.settings[name]) for case in cases}
        if len(values) > 1 and all(map(isfinite, values)):
            found[name] = len(values)
    return max(found, key=found.__getitem__, default=None)


def _weight_lines(cases: Sequence[Case]) -> list[tuple[float, Points]]:
    """Pairs that have one weight in common: [(that weight, [(the other, case), ...]), ...].

    The most frequent weight makes the first line, of all pairs that have it; what that leaves out
    makes further ones. A pair may be on two lines.
    """
    everything = [(pair, case) for case in cases if (pair := pair_of(case)) is not None]
    left, lines = everything, []
    while left:
        everywhere = [weight for pair, _ in left for weight in dict.fromkeys(pair)]
        common = max(dict.fromkeys(everywhere), key=everywhere.count)
        left = [(pair, case) for pair, case in left if common not in pair]
        line = [(pair, case) for pair, case in everything if common in pair]
        # The other one, also of a pair of equal weights.
        lines.append((common, [(pair[pair[0] == common], case) for pair, case in line]))
    return lines


def _rows(groups: Mapping[str, Points], metrics: Sequence[str]) -> list[Row]:
    rows = []
    for title, points in groups.items():
        for metric in metrics:
            kept = [point for point in points if metric in point[1].metrics]
            if kept:
                words = ", ".join(filter(None, (title, metric if len(metrics) > 1 else "")))
                rows.append(Row(words, metric, sorted(kept, key=lambda point: point[0])))
    return rows
