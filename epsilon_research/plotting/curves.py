"""A study with a numeric setting: its statistics as curves of that setting."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from epsilon_research.plotting.lines import BAND_HANDLE, draw_line
from epsilon_research.plotting.notes import STATISTIC_LABELS, value_labels
from epsilon_research.plotting.scales import LINEAR, LOG, Scale, apply_values
from epsilon_research.plotting.study import (
    WEIGHTS,
    bar_handle,
    by_other_settings,
    draw_published,
    metrics_with_weights,
    pair_of,
    prepare_value_axis,
    published_of,
    setting_title,
    shown_statistics,
    spread_in_words,
    write_legend,
)
from epsilon_research.plotting.style import DARK, PANEL_HEIGHT, label_panels, look_of, new_panels
from epsilon_research.reporting.study import Case, Study, metrics_of, protocols_of
from epsilon_research.reporting.typed_json import as_float

_DECADE = 10.0
"""From this ratio of the largest to the smallest value on, the axis is logarithmic."""

_DODGE = 0.012
"""Distance between the bars of two protocols, as a part of the axis."""

_MOST_ROWS = 4
"""More rows of panels than these are not drawn: they would be a grid, not curves."""

_AXIS_WIDTH = 24

Points = Sequence[tuple[float, Case]]
"""Values of a setting, each with the case that has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The content of one row of panels.

    Attributes:
        label: What the cases of the row share and others do not; empty without others.
        metric: Whose statistics these are.
        points: Points in increasing order, at least one.
    """

    label: str
    metric: str
    points: Points

    @property
    def places(self) -> list[float]:
        """Values of the setting, increasing."""
        return [place for place, _ in self.points]

    @property
    def scale(self) -> Scale:
        """Logarithmic where the values are positive and span a decade or more."""
        low, high = self.places[0], self.places[-1]
        return LOG if low > 0 and high >= _DECADE * low else LINEAR

    def positions(self) -> np.ndarray:
        """Return where the values lie on the axis."""
        return self.scale.forward(np.array(self.places, np.float64))


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
    figure, axes = new_panels(
        len(rows) * len(statistics), columns=len(statistics),
        height=0.6 + len(rows) * PANEL_HEIGHT,
    )  # fmt: skip
    panels = np.reshape(np.array(axes, dtype=object), (len(rows), len(statistics)))
    bars = not any(case.has_replicates for case in cases)
    for line, row in zip(panels, rows, strict=True):
        for one, statistic in zip(line, statistics, strict=True):
            _draw(one, row, protocols, statistic=statistic, bars=bars)
            printed = [
                (float(position), value)
                for position, (_, case) in zip(row.positions(), row.points, strict=True)
                for value, _ in published_of(study, case, row.metric, statistic)
            ]
            draw_published(one, printed)
            prepare_value_axis(one.yaxis, statistic)
            one.set_ylabel(textwrap.fill(STATISTIC_LABELS[statistic], _AXIS_WIDTH))
            apply_values(one.xaxis, row.scale, row.places)
            one.set_xlabel(label + row.scale.suffix)
        line[0].set_title(row.label, loc="left")
    band = Patch(color=DARK, label=spread_in_words(cases), **BAND_HANDLE)
    write_legend(figure, spread=bar_handle(cases) if bars else band)
    label_panels(axes)
    return figure


def _draw(axes: Axes, row: Row, protocols: Sequence[str], *, statistic: str, bars: bool) -> None:
    x = row.positions()
    # Beside each other, since bars on top of each other cannot be read.
    dodge = _DODGE * (float(np.ptp(x)) or 1.0) * bars
    for place, protocol in enumerate(protocols):
        spreads = [case.spread(row.metric, protocol, statistic) for _, case in row.points]
        values = np.array([(one.value, one.low, one.high) for one in spreads]).T
        look = look_of(protocol)
        draw_line(
            axes, x + dodge * (place - (len(protocols) - 1) / 2), values, bars=bars,
            colour=look.colour, marker=look.marker, linewidth=1.1, markersize=3.2,
            label=protocol.replace("_", " "),
        )  # fmt: skip


def _read_rows(cases: Sequence[Case], *, settings: Sequence[str]) -> tuple[str, list[Row]]:
    """The name of the axis, and what is drawn along it."""
    name = _numeric_setting(cases)
    if name is not None:
        groups = {
            label: [(as_float(case.settings[name]), case) for case in group]
            for label, group in by_other_settings(cases, without=name).items()
        }
        return setting_title(name), _rows(groups, metrics_of(cases))
    groups = {
        f"{label}{label and ', '}the other weight: {value_labels([common])[0]}": points
        for label, group in by_other_settings(cases, without=WEIGHTS).items()
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
    found = {}
    for name in cases[0].settings if cases else ():
        values = {as_float(case.settings[name]) for case in cases}
        if all(isfinite(value) for value in values) and len(values) > 1:
            found[name] = len(values)
    return max(found, key=lambda name: found[name]) if found else None


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
    for label, points in groups.items():
        for metric in metrics:
            kept = [point for point in points if metric in point[1].metrics]
            if kept:
                parts = (label, metric if len(metrics) > 1 else "")
                words = ", ".join(filter(None, parts))
                kept.sort(key=lambda point: point[0])
                rows.append(Row(label=words, metric=metric, points=kept))
    return rows
