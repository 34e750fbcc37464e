"""The searches of a study: one panel of curves for each job, as in the paper's search figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epsilon_research.plotting.search_curves import (
    SPREAD_WORDS,
    Curve,
    are_fractions,
    axis_label,
    draw_curves,
    has_values,
    read_curves,
)
from epsilon_research.plotting.study_record import Case, read_cases, short_name
from epsilon_research.plotting.style import PAGE_WIDTH, PANEL_HEIGHT, new_figure

_COLUMNS = 2
_FRAME_HEIGHT, _LEGEND_LINE = 0.45, 0.15
"""Inches for titles, and for each line of the legend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One job.

    Attributes:
        title: Its settings in words.
        label: What the curves show.
        curves: One for each variant.
        percent: Whether they are percentages.
    """

    title: str
    label: str
    curves: Sequence[Curve]
    percent: bool


def search_panels(study: Mapping[str, Any]) -> Figure:
    """Median and middle half of the repeats against trained models, on one common scale.

    Args:
        study: The record of the study.

    Raises:
        ValueError: No job has searched.
    """
    panels = _read_panels(study)
    if not panels:
        raise ValueError(
            "figure=search must have at least one job with a search that found something, got "
            "none: choose a search, or figure=none"
        )
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    handles = _handles(panels)
    height = _FRAME_HEIGHT + rows * PANEL_HEIGHT + _LEGEND_LINE * len(handles)
    figure = new_figure(width=PAGE_WIDTH * columns / _COLUMNS, height=height)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for one in axes[len(panels) :]:
        one.set_axis_off()
    for one, panel in zip(axes, panels, strict=False):
        draw_curves(one, panel.curves)
        one.set_title(panel.title, loc="left")
        one.set_ylabel(panel.label)
    _share_scale([one for one, panel in zip(axes, panels, strict=False) if panel.percent])
    figure.legend(
        handles=handles, loc="outside lower center", frameon=False,
        handlelength=2.6, title=SPREAD_WORDS, title_fontsize=7,
    )  # fmt: skip
    figure.suptitle(study["title"])
    return figure


def _read_panels(study: Mapping[str, Any]) -> list[Panel]:
    """A panel for each case that has searched; of several draws the first that has."""
    searched = [
        (case, next((job["search"] for job in case.jobs if job.get("search")), {}))
        for case in read_cases(study)
    ]
    beside = [entry for _, entries in searched for entry in entries.values()]
    panels: list[Panel] = []
    for case, entries in searched:
        if not entries:
            continue
        percent = are_fractions(entries)
        curves = read_curves(entries, percent=percent, beside=beside)
        label = axis_label(entries, _reported(entries), percent=percent)
        if has_values(curves):
            panels.append(Panel(title=_title(case), label=label, curves=curves, percent=percent))
    return panels


def _reported(entries: Mapping[str, Mapping[str, Any]]) -> str:
    return next(iter(entries.values()))["reported"].replace("_", " ")


def _title(case: Case) -> str:
    names = " ".join(short_name(name).replace("_", " ") for name in case.settings)
    words = f"{names} {case.label()}" if len(case.settings) == 1 else case.label()
    draws = f"first of {len(case.jobs)} draws" if case.is_drawn_again else ""
    return ", ".join(part for part in (words, draws) if part)


def _share_scale(axes: Sequence[Axes]) -> None:
    """One scale for all accuracies, wide enough for each panel's own choice."""
    limits = [one.get_ylim() for one in axes]
    for one in axes:
        one.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))


def _handles(panels: Sequence[Panel]) -> list[Artist]:
    """One line for each variant of any panel."""
    found = {
        curve.label: Line2D(
            [], [], color=curve.colour, linestyle=curve.line, linewidth=1.3, label=curve.label
        )
        for panel in panels
        for curve in panel.curves
    }
    return list(found.values())
