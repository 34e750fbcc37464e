"""A study's settings against its statistics: one row for each, a dot for each protocol."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from epsilon_research.plotting.study_look import (
    PANELS,
    PUBLISHED_MARKER,
    bar_handle,
    case_label,
    dress_value_axis,
    look_of,
    setting_title,
    write_legend,
)
from epsilon_research.plotting.study_record import (
    Case,
    metrics_of,
    protocols_of,
    published_values,
    read_cases,
)
from epsilon_research.plotting.style import DARK, PAGE_WIDTH, new_figure

_DOT_HEIGHT, _LINE_HEIGHT = 0.1, 0.13
"""Inches for one dot of a row, and for one line of its label."""

# Inches for title, axis labels and legend.
_FRAME_HEIGHT = 1.15
# Relative widths of the panels.
_WIDTHS = (5, 5, 2.4)
_LABEL_WIDTH = 26
# Part of a row that its dots take.
_SPREAD = 0.68


def settings_dots(study: Mapping[str, Any]) -> Figure:
    """Three panels: ρ, ρ among the most accurate, coverage; one row for each case and metric.

    Args:
        study: The record of the study.

    Raises:
        ValueError: No job has statistics.
    """
    cases = read_cases(study)
    rows = [(case, metric) for case in cases for metric in case.metrics]
    if not rows:
        raise ValueError(
            "figure=settings must have at least one job with correlations, got none: choose a "
            "benchmark with accuracies, or figure=none"
        )
    protocols = protocols_of(cases)
    metrics = metrics_of(cases)
    labels = [_wrapped(case_label(case, metric, metrics=metrics)) for case, metric in rows]
    most_lines = 1 + max(label.count("\n") for label in labels)
    height = 0.06 + max(_DOT_HEIGHT * len(protocols), _LINE_HEIGHT * most_lines)
    figure = new_figure(width=PAGE_WIDTH, height=_FRAME_HEIGHT + height * len(rows))
    panels = figure.subplots(1, len(PANELS), sharey=True, width_ratios=_WIDTHS, squeeze=False)[0]
    published = False
    for axes, statistic in zip(panels, PANELS, strict=True):
        _draw(axes, rows, protocols, statistic=statistic)
        published |= _draw_published(axes, rows, protocols, study=study, statistic=statistic)
        dress_value_axis(axes, statistic, vertical=False)
        axes.set_xlabel(PANELS[statistic])
    panels[0].set_yticks(range(len(rows)), labels)
    if len(cases[0].settings) == 1:
        panels[0].set_ylabel(setting_title(next(iter(cases[0].settings))))
    # From the top, as in the table.
    panels[0].set_ylim(len(rows) - 0.45, -0.55)
    write_legend(figure, protocols, spread=bar_handle(cases), published=published, joined=False)
    figure.suptitle(study["title"])
    return figure


def _draw(
    axes: Axes, rows: Sequence[tuple[Case, str]], protocols: Sequence[str], *, statistic: str
) -> None:
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    for row, (case, metric) in enumerate(rows):
        if row % 2:
            axes.axhspan(row - 0.5, row + 0.5, color="#F5F5F5", linewidth=0, zorder=0)
        for protocol in case.protocols(metric):
            found, look = case.spread(metric, protocol, statistic), look_of(protocol)
            factor = 100 if statistic == "coverage" else 1
            place = row + _offset(protocol, protocols)
            ends = [factor * found.low, factor * found.high]
            axes.plot(ends, [place, place], color=look.colour, linewidth=1.1, solid_capstyle="butt")
            axes.plot(
                factor * found.value, place, look.marker, color=look.colour, markersize=3.6,
                markeredgewidth=0.6,
            )  # fmt: skip


def _draw_published(
    axes: Axes,
    rows: Sequence[tuple[Case, str]],
    protocols: Sequence[str],
    *,
    study: Mapping[str, Any],
    statistic: str,
) -> bool:
    """Hollow diamonds at the height of their protocol; whether there are any."""
    known, drawn = published_values(study, statistic), False
    for row, (case, metric) in enumerate(rows):
        # Equal ones of several draws would lie on top of each other.
        found = {known[job["job"], metric] for job in case.jobs if (job["job"], metric) in known}
        for value, protocol in sorted(found):
            place = row + _offset(protocol, protocols)
            axes.plot(value, place, color=DARK, zorder=3, **PUBLISHED_MARKER)
            drawn = True
    return drawn


def _offset(protocol: str, protocols: Sequence[str]) -> float:
    """How far below the middle of its row a protocol is drawn; 0 for one without dots."""
    if protocol not in protocols or len(protocols) == 1:
        return 0.0
    step = min(_SPREAD / (len(protocols) - 1), 0.3)
    return step * (protocols.index(protocol) - (len(protocols) - 1) / 2)


def _wrapped(label: str) -> str:
    """A label in lines; names are not torn apart."""
    return textwrap.fill(label, _LABEL_WIDTH, break_long_words=False, break_on_hyphens=False)
