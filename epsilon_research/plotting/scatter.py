"""Scores against accuracies, against parameter counts, and against a reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from epsilon_research.analysis import spearman_rho
from epsilon_research.plotting.clouds import Cloud
from epsilon_research.plotting.notes import decimals, statistics_note
from epsilon_research.plotting.points import AgreementPanel, ScorePoints
from epsilon_research.plotting.scales import LINEAR, LOG, apply_scale
from epsilon_research.plotting.settings import FigureSettings
from epsilon_research.plotting.style import (
    BLUE,
    FAINT,
    GREY,
    PANEL_HEIGHT,
    VERMILION,
    Look,
    letter_panels,
    new_panels,
)

_NOTE_LINE, _LEGEND_LINE = 0.13, 0.2
"""Inches of one line of a title, and of a legend below the panels."""

_MOST_COLUMNS = 3


def score_against_accuracy(
    points: ScorePoints,
    *,
    statistics: Mapping[str, Any] | None = None,
    top: bool = False,
    title: str = "",
    settings: FigureSettings | None = None,
) -> Figure:
    """Scores over accuracies, coloured by parameter count, with their correlation above.

    A second panel marks the scores that float32 leaves undefined, where there are any.

    Args:
        points: All architectures; those with a finite score and an accuracy are drawn.
        statistics: {protocol: {statistic: value}}; `connected` is shown.
        top: Draw only the 10 % most accurate.
        title: One line over the figure; may be empty.
        settings: Widths of the figure.
    """
    ranked = points.ranked()
    drawn = ranked.top_tenth() if top else ranked
    note = statistics_note(statistics, top=top, num_points=len(drawn.scores))
    cloud = Cloud.of_accuracy(drawn)
    return _with_float32(cloud, drawn, note=note, title=title, settings=settings)


def score_against_parameters(
    points: ScorePoints, *, title: str = "", settings: FigureSettings | None = None
) -> Figure:
    """Scores over parameter counts, with their correlation above.

    Scores that float32 leaves undefined are in another hue, or in a second panel of hexagons.

    Args:
        points: All architectures; the connected ones with a finite score are drawn.
        title: One line over the figure; may be empty.
        settings: Widths of the figure.
    """
    drawn = points.scored()
    cloud = Cloud.of_parameters(drawn)
    rho = decimals(spearman_rho(drawn.scores, drawn.parameters))
    note = f"n = {len(drawn.scores):,}\nρ = {rho} with the number of parameters"
    if cloud.is_dense:
        return _with_float32(cloud, drawn, note=note, title=title, settings=settings)
    rescued = bool(drawn.float32_undefined.any())
    figure, (axes,) = new_panels(
        1, settings=settings, height=PANEL_HEIGHT + 3 * _NOTE_LINE + _LEGEND_LINE, title=title
    )
    cloud.draw_marked(axes, drawn.float32_undefined)
    axes.set_title(note, loc="left")
    if rescued:
        _write_float32_legend(figure, hue=BLUE)
    return figure


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePanel:
    """One of several panels of scores over accuracies: a title, a note before n, and the points."""

    title: str
    note: str
    points: ScorePoints


def score_panels(
    panels: Sequence[ScorePanel],
    *,
    columns: int = _MOST_COLUMNS,
    title: str = "",
    settings: FigureSettings | None = None,
) -> Figure:
    """Scores over accuracies, one small panel for each set of points.

    Args:
        panels: At least one; points without a score or an accuracy are left out.
        columns: Panels side by side.
        title: One line over the figure; may be empty.
        settings: Widths of the figure.
    """
    rows = -(-len(panels) // columns)
    figure, grid = new_panels(
        len(panels), settings=settings, columns=columns, title=title,
        height=2 * _LEGEND_LINE + rows * (PANEL_HEIGHT - 0.3),
    )  # fmt: skip
    clouds = [Cloud.of_accuracy(panel.points.ranked()) for panel in panels]
    for axes, panel, cloud in zip(grid, panels, clouds, strict=True):
        drawn = panel.points.ranked()
        if cloud.is_dense:
            cloud.draw_values(axes, drawn.parameters, label="parameters")
        else:
            cloud.draw_marked(axes, drawn.float32_undefined)
        axes.set_title(f"{panel.title}\n{panel.note}n = {len(drawn.scores):,}", loc="left")
    _label_once(grid, columns=columns)
    dotted = [panel for panel, cloud in zip(panels, clouds, strict=True) if not cloud.is_dense]
    if any(panel.points.ranked().float32_undefined.any() for panel in dotted):
        _write_float32_legend(figure, hue=BLUE)
    letter_panels(grid)
    return figure


def _label_once(panels: Sequence[Axes], *, columns: int) -> None:
    """Remove the label of an axis where the panel below or to the left has the same."""
    words = [(one.get_xlabel(), one.get_ylabel()) for one in panels]
    for place, axes in enumerate(panels):
        below = place + columns
        if below < len(panels) and words[below][0] == words[place][0]:
            axes.set_xlabel("")
        if place % columns and words[place - 1][1] == words[place][1]:
            axes.set_ylabel("")


def agreement_panels(
    reference: Float[np.ndarray, " points"],
    panels: Sequence[AgreementPanel],
    *,
    reference_label: str,
    value_label: str,
    legend: tuple[str, str],
    log: bool = True,
    title: str = "",
    settings: FigureSettings | None = None,
) -> Figure:
    """Values over a reference, one panel for each set of values, with the line of identity.

    All panels share one range on both axes. Points that a panel cannot show, undefined or on a
    logarithmic axis not positive, are counted in its title.

    Args:
        reference: Horizontal values; NaN where undefined.
        panels: Vertical values, at least one set, each of the reference's length.
        reference_label: Label of the horizontal axes.
        value_label: Label of the vertical axes.
        legend: What the two hues mean: of the other points, and of the marked ones.
        log: Whether both axes are logarithmic.
        title: One line over the figure; may be empty.
        settings: Widths of the figure.

    Raises:
        ValueError: There is no panel, or one has another number of values than the reference.
    """
    lengths = {panel.title: len(panel.values) for panel in panels}
    if not panels or set(lengths.values()) != {len(reference)}:
        raise ValueError(
            f"panels must have as many values as the reference ({len(reference)}) and be at least "
            f"one, got {lengths}: pass one value per point, NaN where undefined"
        )
    columns = min(_MOST_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = new_panels(
        len(panels), settings=settings, columns=columns, title=title,
        height=rows * PANEL_HEIGHT + _LEGEND_LINE + 2 * _NOTE_LINE, sharex=True, sharey=True,
    )  # fmt: skip
    shown = [_showable(reference, log=log) & _showable(panel.values, log=log) for panel in panels]
    everything = np.concatenate(
        [
            part[keep]
            for keep, one in zip(shown, panels, strict=True)
            for part in (reference, one.values)
        ]
    )
    scale = LOG if log else LINEAR
    for one, panel, keep in zip(axes, panels, shown, strict=True):
        cloud = Cloud(
            x=reference[keep], y=panel.values[keep], x_scale=scale, y_scale=scale,
            x_label=reference_label, y_label=value_label,
        )  # fmt: skip
        cloud.draw_marked(one, panel.marked[keep], label=f"{legend[1]}\n(%)")
        for axis in (one.xaxis, one.yaxis):
            apply_scale(axis, scale, everything)
        one.axline((0, 0), slope=1, color=FAINT, linewidth=0.6, zorder=0)
        hidden = int((~keep).sum())
        words = f"n = {keep.sum():,}" + (f", {hidden:,} not shown" if hidden else "")
        one.set_title(f"{panel.title}\n{words}", loc="left")
        one.label_outer()
    figure.legend(
        handles=[Look(colour=BLUE).handle(legend[0]), Look(colour=VERMILION).handle(legend[1])],
        loc="outside lower center", ncols=2,
    )  # fmt: skip
    letter_panels(axes)
    return figure


def _showable(values: Float[np.ndarray, " points"], *, log: bool) -> np.ndarray:
    return np.isfinite(values) & ((values > 0) if log else True)


def _with_float32(
    cloud: Cloud, drawn: ScorePoints, *, note: str, title: str, settings: FigureSettings | None
) -> Figure:
    """All points by parameter count, and beside them which of them float32 leaves undefined."""
    rescued = drawn.float32_undefined
    num_rescued = int(rescued.sum())
    height = PANEL_HEIGHT + _NOTE_LINE * (2 + note.count("\n"))
    has_legend = num_rescued > 0 and not cloud.is_dense
    figure, panels = new_panels(
        2 if num_rescued else 1,
        settings=settings,
        height=height + _LEGEND_LINE * has_legend,
        title=title,
    )
    cloud.draw_values(panels[0], drawn.parameters, label="parameters")
    panels[0].set_title(note, loc="left")
    for axes in panels[1:]:
        cloud.draw_marked(axes, rescued, hue=GREY, label="undefined in\nfloat32 (%)")
        axes.set_title(f"undefined in float32: {num_rescued:,} of {len(rescued):,}", loc="left")
    if has_legend:
        _write_float32_legend(figure, hue=GREY)
    letter_panels(panels)
    return figure


def _write_float32_legend(figure: Figure, *, hue: str) -> None:
    figure.legend(
        handles=[
            Look(colour=hue).handle("defined in float32"),
            Look(colour=VERMILION).handle("undefined in float32"),
        ],
        loc="outside lower center",
        ncols=2,
    )
