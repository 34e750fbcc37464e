"""A study with a numeric setting: its statistics as curves of that setting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from epsilon_research.plotting.study_axis import SettingAxis
from epsilon_research.plotting.study_look import (
    PANELS,
    PUBLISHED_MARKER,
    bar_handle,
    dress_value_axis,
    look_of,
    setting_title,
    weight_labels,
    words_for_spread,
    write_legend,
)
from epsilon_research.plotting.study_record import (
    Case,
    metrics_of,
    protocols_of,
    published_values,
    read_cases,
)
from epsilon_research.plotting.study_weights import (
    WEIGHTS,
    by_other_settings,
    metrics_with_weights,
    weight_lines,
)
from epsilon_research.plotting.style import DARK, PAGE_WIDTH, PANEL_HEIGHT, new_figure

_BAND_ALPHA = 0.13
_DODGE = 0.012
"""How far the bars of two protocols stand apart, as a part of the axis."""

_MOST_LINES = 4
"""More rows of panels are no curve but a grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The cases along one curve.

    Attributes:
        label: What the others differ in; empty if they do not.
        metric: Whose statistics these are.
        places: Values of the setting, increasing.
        cases: In the order of `places`.
    """

    label: str
    metric: str
    places: tuple[float, ...]
    cases: tuple[Case, ...]


def setting_curve(study: Mapping[str, Any]) -> Figure:
    """A row of panels for each metric and each value of the other settings, a line per protocol.

    Draws of one value make a line through their means in a band over their range; single jobs are
    points with their intervals.

    Args:
        study: The record of the study.

    Raises:
        ValueError: No setting is numeric and differs, and no weight either.
    """
    cases = [case for case in read_cases(study) if case.metrics]
    label, lines = _read_lines(cases, settings=study["settings"])
    protocols = _main_protocols(cases)
    figure = new_figure(width=PAGE_WIDTH, height=0.6 + len(lines) * (PANEL_HEIGHT - 0.3))
    panels = figure.subplots(len(lines), len(PANELS), squeeze=False)
    published = False
    for row, line in zip(panels, lines, strict=True):
        axis = SettingAxis.of(line.places, label=label)
        for axes, statistic in zip(row, PANELS, strict=True):
            for protocol in protocols:
                _draw(axes, line, protocol, statistic, protocols=protocols, axis=axis)
            published |= _draw_published(axes, line, statistic, study=study, axis=axis)
            dress_value_axis(axes, statistic, vertical=True)
            axes.set_ylabel(PANELS[statistic])
            axis.dress(axes)
        row[0].set_title(line.label, loc="left")
    spread = _band_handle(cases) if _is_drawn_again(lines) else bar_handle(cases)
    write_legend(figure, protocols, spread=spread, published=published, joined=True)
    figure.suptitle(study["title"])
    return figure


def _main_protocols(cases: Sequence[Case]) -> list[str]:
    """What is drawn: not the rows that metrics have in common, unless there is nothing else."""
    protocols = protocols_of(cases)
    return [name for name in protocols if not name.startswith("common")] or protocols


def _read_lines(cases: Sequence[Case], *, settings: Sequence[str]) -> tuple[str, list[Line]]:
    """The name of the axis, and what is drawn along it."""
    name = _numeric_setting(cases)
    if name is not None:
        return setting_title(name), _setting_lines(cases, name)
    lines = _weight_lines(cases)
    if not lines or len(lines) > _MOST_LINES or max(len(line.places) for line in lines) < 2:
        given = ", ".join(settings) or "none that differ"
        raise ValueError(
            "figure=curve must have a setting that is a number and differs, or pairs that share "
            f"a weight, got {given}: choose figure=settings"
        )
    return "weight", lines


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


def _setting_lines(cases: Sequence[Case], name: str) -> list[Line]:
    metrics = metrics_of(cases)
    lines = []
    for label, group in by_other_settings(cases, without=name).items():
        points = [(_parsed(case.settings[name]), case) for case in group]
        lines += _per_metric(points, label, metrics)
    return lines


def _weight_lines(cases: Sequence[Case]) -> list[Line]:
    metrics, lines = metrics_with_weights(cases), []
    for label, group in by_other_settings(cases, without=WEIGHTS).items():
        found = weight_lines(group)
        for common, points in found:
            words = f"the other weight: {weight_labels([common])[0]}"
            lines += _per_metric(points, f"{label}, {words}" if label else words, metrics)
    return lines


def _per_metric(
    points: Sequence[tuple[float, Case]], label: str, metrics: Sequence[str]
) -> list[Line]:
    ordered = sorted(points, key=lambda point: point[0])
    lines = []
    for metric in metrics:
        parts = [label] if label else []
        kept = [(place, case) for place, case in ordered if metric in case.metrics]
        if kept:
            places, cases = zip(*kept, strict=True)
            words = ", ".join([*parts, metric] if len(metrics) > 1 else parts)
            lines.append(Line(label=words, metric=metric, places=places, cases=cases))
    return lines


def _draw(
    axes: Axes,
    line: Line,
    protocol: str,
    statistic: str,
    *,
    protocols: Sequence[str],
    axis: SettingAxis,
) -> None:
    look, factor = look_of(protocol), 100.0 if statistic == "coverage" else 1.0
    found = [case.spread(line.metric, protocol, statistic) for case in line.cases]
    value, low, high = (
        factor * np.array([getattr(part, name) for part in found], np.float64)
        for name in ("value", "low", "high")
    )
    if not np.isfinite(value).any():
        return
    place = np.array([axis.position(place) for place in line.places], np.float64)
    if _is_drawn_again([line]):
        axes.fill_between(place, low, high, color=look.colour, alpha=_BAND_ALPHA, linewidth=0)
    else:
        # Beside each other, since bars on top of each other cannot be read.
        step = protocols.index(protocol) - (len(protocols) - 1) / 2
        place = place + _DODGE * axis.length * step
        axes.vlines(place, low, high, color=look.colour, linewidth=0.9)
    axes.plot(
        place, value, look.marker, color=look.colour, linestyle="-", linewidth=1.1, markersize=3.2,
        markeredgewidth=0.5,
    )  # fmt: skip


def _is_drawn_again(lines: Sequence[Line]) -> bool:
    return any(case.is_drawn_again for line in lines for case in line.cases)


def _band_handle(cases: Sequence[Case]) -> Patch:
    return Patch(color=DARK, alpha=2 * _BAND_ALPHA, linewidth=0, label=words_for_spread(cases))


def _draw_published(
    axes: Axes, line: Line, statistic: str, *, study: Mapping[str, Any], axis: SettingAxis
) -> bool:
    """Hollow diamonds; whether there are any."""
    known = published_values(study, statistic)
    points = {
        (axis.position(place), known[job["job"], line.metric][0])
        for place, case in zip(line.places, line.cases, strict=True)
        for job in case.jobs
        if (job["job"], line.metric) in known
    }
    for place, value in sorted(points):
        axes.plot(place, value, color=DARK, zorder=3, **PUBLISHED_MARKER)
    return bool(points)
