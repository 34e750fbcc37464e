"""The settings of a study against its statistics: one row each, a dot for each protocol."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from epsilon_research.plotting.notes import STATISTIC_LABELS
from epsilon_research.plotting.settings import FigureSettings
from epsilon_research.plotting.study import (
    bar_handle,
    case_label,
    dot_of,
    draw_published,
    prepare_value_axis,
    published_of,
    setting_title,
    shown_statistics,
    write_legend,
)
from epsilon_research.plotting.study_record import Case, metrics_of, protocols_of, read_cases
from epsilon_research.plotting.style import letter_panels, look_of, new_panels

# Inches for one dot of a row, for one line of its label, and for title, axis labels and legend.
_DOT_HEIGHT, _LINE_HEIGHT, _FRAME_HEIGHT = 0.1, 0.13, 1.25
# Characters in a line of a row's label and of an axis label.
_ROW_WIDTH, _AXIS_WIDTH = 26, 22
# Part of a row that its dots take.
_SPREAD = 0.68

Rows = Sequence[tuple[Case, str]]


def setting_dots(study: Mapping[str, Any], *, settings: FigureSettings | None = None) -> Figure:
    """One row for each case and metric, one panel for each statistic.

    Args:
        study: The record of the study.
        settings: Widths of the figure.

    Raises:
        ValueError: No job has statistics.
    """
    cases = read_cases(study)
    rows = [(case, metric) for case in cases for metric in case.metrics]
    statistics = shown_statistics(cases)
    if not statistics:
        raise ValueError(
            "figure=settings must have at least one job with correlations, got none: choose a "
            "benchmark with accuracies, or figure=none"
        )
    protocols, metrics = protocols_of(cases), metrics_of(cases)
    names = [case_label(case, metric, metrics=metrics) for case, metric in rows]
    labels = [_wrapped(name, _ROW_WIDTH) for name in names]
    most_lines = 1 + max(label.count("\n") for label in labels)
    height = 0.06 + max(_DOT_HEIGHT * len(protocols), _LINE_HEIGHT * most_lines)
    figure, panels = new_panels(
        len(statistics), settings=settings, columns=len(statistics), title=study["title"],
        height=_FRAME_HEIGHT + height * len(rows), sharey=True,
        width_ratios=[1 if statistic == "coverage" else 2 for statistic in statistics],
    )  # fmt: skip
    published = False
    for axes, statistic in zip(panels, statistics, strict=True):
        _draw(axes, rows, protocols, statistic=statistic)
        published |= _draw_published(axes, rows, protocols, study=study, statistic=statistic)
        prepare_value_axis(axes, statistic, vertical=False)
        axes.set_xlabel(_wrapped(STATISTIC_LABELS[statistic], _AXIS_WIDTH))
    panels[0].set_yticks(range(len(rows)), labels)
    if len(cases[0].settings) == 1:
        panels[0].set_ylabel(setting_title(next(iter(cases[0].settings))))
    # From the top, as in the table.
    panels[0].set_ylim(len(rows) - 0.45, -0.55)
    write_legend(figure, protocols, spread=bar_handle(cases), published=published, joined=False)
    letter_panels(panels)
    return figure


def _draw(axes: Axes, rows: Rows, protocols: Sequence[str], *, statistic: str) -> None:
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    for row, (case, metric) in enumerate(rows):
        if row % 2:
            axes.axhspan(row - 0.5, row + 0.5, color="#F5F5F5", linewidth=0, zorder=0)
        for protocol in case.protocols(metric):
            dot = dot_of(case, metric, protocol, statistic)
            dot.draw(axes, row + _offset(protocol, protocols), look_of(protocol))


def _draw_published(
    axes: Axes, rows: Rows, protocols: Sequence[str], *, study: Mapping[str, Any], statistic: str
) -> bool:
    """Published values at the height of their protocol; whether there are any."""
    drawn = False
    for row, (case, metric) in enumerate(rows):
        for value, protocol in published_of(study, case, metric, statistic):
            draw_published(axes, value, row + _offset(protocol, protocols))
            drawn = True
    return drawn


def _offset(protocol: str, protocols: Sequence[str]) -> float:
    """How far below the middle of its row a protocol is drawn; 0 for one without dots."""
    if protocol not in protocols or len(protocols) == 1:
        return 0.0
    step = min(_SPREAD / (len(protocols) - 1), 0.3)
    return step * (protocols.index(protocol) - (len(protocols) - 1) / 2)


def _wrapped(label: str, width: int) -> str:
    """A label in lines; names are not torn apart."""
    return textwrap.fill(label, width, break_long_words=False, break_on_hyphens=False)
