"""A study with a numeric setting: its statistics as curves of that setting."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from epsilon_research.plotting.lines import BAND_HANDLE, Line, draw_lines
from epsilon_research.plotting.notes import STATISTIC_LABELS, value_labels
from epsilon_research.plotting.scales import LINEAR, LOG, Scale, apply_values
from epsilon_research.plotting.settings import FigureSettings
from epsilon_research.plotting.study import (
    bar_handle,
    dot_of,
    draw_published,
    prepare_value_axis,
    published_of,
    setting_title,
    shown_statistics,
    spread_in_words,
    write_legend,
)
from epsilon_research.plotting.study_record import Case, metrics_of, protocols_of, read_cases
from epsilon_research.plotting.study_weights import (
    WEIGHTS,
    by_other_settings,
    metrics_with_weights,
    weight_lines,
)
from epsilon_research.plotting.style import (
    DARK,
    PANEL_HEIGHT,
    letter_panels,
    look_of,
    new_panels,
)

_DECADE = 10.0
"""From this ratio of the largest to the smallest value on, the axis is logarithmic."""

_DODGE = 0.012
"""Distance between the bars of two protocols, as a part of the axis."""

_MOST_ROWS = 4
"""More rows of panels are no curve but a grid."""

_AXIS_WIDTH = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The cases along the curves of one row of panels.

    Attributes:
        label: What the cases of the row share and others do not; empty without others.
        metric: Whose statistics these are.
        places: Values of the setting, increasing.
        cases: In the order of `places`.
    """

    label: str
    metric: str
    places: tuple[float, ...]
    cases: tuple[Case, ...]

    @property
    def scale(self) -> Scale:
        """Logarithmic where the values are positive and span a decade or more."""
        is_log = self.places[0] > 0 and self.places[-1] >= _DECADE * self.places[0]
        return LOG if is_log else LINEAR

    def positions(self) -> np.ndarray:
        """Return where the values lie on the axis."""
        return self.scale.forward(np.array(self.places, np.float64))


def setting_curves(study: Mapping[str, Any], *, settings: FigureSettings | None = None) -> Figure:
    """A row of panels for each metric and each value of the other settings, a line per protocol.

    Draws of one value make a line through their means in a band over their range; single jobs are
    points with their intervals.

    Args:
        study: The record of the study.
        settings: Widths of the figure.

    Raises:
        ValueError: No setting is numeric and differs, and no weight either; or no job has
            statistics.
    """
    cases = [case for case in read_cases(study) if case.metrics]
    label, rows = _read_rows(cases, settings=study["settings"])
    protocols = _main_protocols(cases)
    statistics = shown_statistics(cases)
    if not statistics:
        raise ValueError(
            "figure=curve must have at least one job with correlations, got none: choose a "
            "benchmark with accuracies, or figure=none"
        )
    figure, axes = new_panels(
        len(rows) * len(statistics), settings=settings, columns=len(statistics),
        title=study["title"], height=0.6 + len(rows) * PANEL_HEIGHT,
    )  # fmt: skip
    panels = np.reshape(np.array(axes, dtype=object), (len(rows), len(statistics)))
    bars = not any(case.is_drawn_again for case in cases)
    published = False
    for line, row in zip(panels, rows, strict=True):
        for one, statistic in zip(line, statistics, strict=True):
            lines = [_line(row, protocol, statistic) for protocol in protocols]
            draw_lines(one, _dodged(lines) if bars else lines, bars=bars)
            published |= _draw_published(one, row, statistic, study=study)
            prepare_value_axis(one, statistic, vertical=True)
            one.set_ylabel(textwrap.fill(STATISTIC_LABELS[statistic], _AXIS_WIDTH))
            apply_values(one.xaxis, row.scale, row.places)
            one.set_xlabel(label + row.scale.suffix)
        line[0].set_title(row.label, loc="left")
    band = Patch(color=DARK, label=spread_in_words(cases), **BAND_HANDLE)
    write_legend(
        figure, protocols, spread=bar_handle(cases) if bars else band, published=published,
        joined=True,
    )  # fmt: skip
    letter_panels(axes)
    return figure


def _main_protocols(cases: Sequence[Case]) -> list[str]:
    """All protocols but the rows that metrics have in common, unless there are no others."""
    protocols = protocols_of(cases)
    return [name for name in protocols if not name.startswith("common")] or protocols


def _read_rows(cases: Sequence[Case], *, settings: Sequence[str]) -> tuple[str, list[Row]]:
    """The name of the axis, and what is drawn along it."""
    name = _numeric_setting(cases)
    if name is not None:
        return setting_title(name), _setting_rows(cases, name)
    rows = _weight_rows(cases)
    if not rows or len(rows) > _MOST_ROWS or max(len(row.places) for row in rows) < 2:
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
        values = {_parsed(case.settings[name]) for case in cases}
        if all(isfinite(value) for value in values) and len(values) > 1:
            found[name] = len(values)
    return max(found, key=lambda name: found[name]) if found else None


def _parsed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return nan
    return value if isfinite(value) else nan


def _setting_rows(cases: Sequence[Case], name: str) -> list[Row]:
    rows = []
    for label, group in by_other_settings(cases, without=name).items():
        points = [(_parsed(case.settings[name]), case) for case in group]
        rows += _per_metric(points, label, metrics_of(cases))
    return rows


def _weight_rows(cases: Sequence[Case]) -> list[Row]:
    metrics, rows = metrics_with_weights(cases), []
    for label, group in by_other_settings(cases, without=WEIGHTS).items():
        for common, points in weight_lines(group):
            words = f"the other weight: {value_labels([common])[0]}"
            rows += _per_metric(points, f"{label}, {words}" if label else words, metrics)
    return rows


def _per_metric(
    points: Sequence[tuple[float, Case]], label: str, metrics: Sequence[str]
) -> list[Row]:
    ordered = sorted(points, key=lambda point: point[0])
    rows = []
    for metric in metrics:
        kept = [(place, case) for place, case in ordered if metric in case.metrics]
        if kept:
            places, cases = zip(*kept, strict=True)
            parts = [label, metric if len(metrics) > 1 else ""]
            words = ", ".join(part for part in parts if part)
            rows.append(Row(label=words, metric=metric, places=places, cases=cases))
    return rows


def _line(row: Row, protocol: str, statistic: str) -> Line:
    look = look_of(protocol)
    dots = [dot_of(case, row.metric, protocol, statistic) for case in row.cases]
    return Line(
        x=row.positions(),
        middle=np.array([dot.value for dot in dots]),
        low=np.array([dot.low for dot in dots]),
        high=np.array([dot.high for dot in dots]),
        colour=look.colour,
        style={"marker": look.marker, "linewidth": 1.1, "markersize": 3.2},
    )


def _dodged(lines: Sequence[Line]) -> list[Line]:
    """The lines beside each other, since bars on top of each other cannot be read."""
    middle = (len(lines) - 1) / 2
    length = max(float(np.ptp(line.x)) for line in lines) or 1.0
    return [line.moved(_DODGE * length * (place - middle)) for place, line in enumerate(lines)]


def _draw_published(axes: Axes, row: Row, statistic: str, *, study: Mapping[str, Any]) -> bool:
    """Published values at their setting; whether there are any."""
    drawn = False
    for position, case in zip(row.positions(), row.cases, strict=True):
        for value, _ in published_of(study, case, row.metric, statistic):
            draw_published(axes, float(position), value)
            drawn = True
    return drawn
