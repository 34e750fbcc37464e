"""Scores against accuracies, one small panel for each job of a study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epsilon_research.plotting.notes import decimals
from epsilon_research.plotting.panel import (
    MOST_DOTS,
    Layout,
    draw_density,
    draw_rescued_dots,
)
from epsilon_research.plotting.points import Labels, ScorePoints, read_points
from epsilon_research.plotting.scales import choose_percent_scale, choose_scale
from epsilon_research.plotting.study_look import case_label
from epsilon_research.plotting.study_record import Case, metrics_of, read_cases
from epsilon_research.plotting.style import BLUE, DARK, PAGE_WIDTH, VERMILION, new_figure

_COLUMNS = 3
_PANEL_HEIGHT = 1.9
_FRAME_HEIGHT = 0.65


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One job and one metric: its heading, its points, and its correlation.

    Attributes:
        title: The settings in words.
        labels: The words of the axes.
        points: Connected architectures with a score and an accuracy.
        note: Correlation and number of rows under protocol `connected`.
    """

    title: str
    labels: Labels
    points: ScorePoints
    note: str


def score_scatters(study: Mapping[str, Any], *, folder: Path) -> Figure:
    """Small multiples; what float32 leaves undefined is in another hue.

    Args:
        study: The record of the study.
        folder: The study's; each job's scores are in a folder of it.

    Raises:
        ValueError: No job has scores and accuracies, or the table of one is not there.
    """
    panels = _read_panels(study, folder=folder)
    if not panels:
        raise ValueError(
            "figure=scatter must have at least one job with scores and accuracies, got none: "
            "choose a benchmark with accuracies, or figure=none"
        )
    metrics = len({panel.labels.metric for panel in panels})
    # A column for each metric where they fit.
    columns = min(metrics if 1 < metrics < _COLUMNS else _COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    width = PAGE_WIDTH * columns / _COLUMNS if columns > 1 else PAGE_WIDTH / 2
    figure = new_figure(width=width, height=_FRAME_HEIGHT + rows * _PANEL_HEIGHT)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for one in axes[len(panels) :]:
        one.set_axis_off()
    for one, panel in zip(axes, panels, strict=False):
        _draw(one, panel)
    _say_once(axes[: len(panels)].tolist(), columns=columns)
    _write_legend(figure, panels)
    figure.suptitle(study["title"])
    return figure


def _say_once(axes: Sequence[Axes], *, columns: int) -> None:
    """Leaves out the words of an axis where the panel below or to the left has the same."""
    words = [(one.get_xlabel(), one.get_ylabel()) for one in axes]
    for place, one in enumerate(axes):
        below = place + columns
        if below < len(axes) and words[below][0] == words[place][0]:
            one.set_xlabel("")
        if place % columns and words[place - 1][1] == words[place][1]:
            one.set_ylabel("")


def _read_panels(study: Mapping[str, Any], *, folder: Path) -> list[Panel]:
    """A panel for each metric of each case; of several draws the first."""
    cases = read_cases(study)
    metrics = metrics_of(cases)
    panels: list[Panel] = []
    for case in cases:
        job = case.jobs[0]
        names = list(job.get("metrics") or {})
        if names and job["run"].get("target") is not None:
            frame = _read_scores(folder / job["folder"] / "scores.parquet")
            titles = {name: _title(case, name, metrics=metrics) for name in names}
            panels += [_panel(job, frame, name, title=titles[name]) for name in names]
    return panels


def _panel(job: Mapping[str, Any], frame: pd.DataFrame, metric: str, *, title: str) -> Panel:
    target, higher = job["run"]["target"], job["run"].get("higher_is_better") is not False
    points = read_points(frame, metric=metric, target=target, higher_is_better=higher).ranked()
    return Panel(
        title=title,
        labels=Labels(
            metric=metric, target=target.replace("_", " "), title="", higher_is_better=higher
        ),
        points=points,
        note=_note(job, metric, len(points.scores)),
    )


def _read_scores(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise ValueError(
            f"figure=scatter must have the scores of each job, {path} is not there: run the study "
            "again, or choose figure=settings"
        )
    return pd.read_parquet(path)


def _title(case: Case, metric: str, *, metrics: Sequence[str]) -> str:
    words = case_label(case, metric, metrics=metrics)
    return f"{words}, first of {len(case.jobs)} draws" if case.is_drawn_again else words


def _note(job: Mapping[str, Any], metric: str, rows: int) -> str:
    found = (job["metrics"].get(metric) or {}).get("connected") or {}
    if "spearman_rho" not in found:
        return f"connected: n = {rows:,}"
    return f"connected: ρ = {decimals(found['spearman_rho'])}, n = {rows:,}"


def _draw(axes: Axes, panel: Panel) -> None:
    points = panel.points
    choose = choose_percent_scale if panel.labels.higher_is_better else choose_scale
    layout = Layout(
        x=points.targets,
        y=points.scores,
        x_scale=choose(points.targets),
        y_scale=choose_scale(points.scores),
        x_label=panel.labels.target_axis,
        y_label=panel.labels.score_axis,
    )
    layout.decorate(axes)
    axes.set_title(f"{panel.title}\n{panel.note}", loc="left")
    if not len(points.scores):
        return
    if layout.is_dense:
        draw_density(axes, layout)
        return
    draw_rescued_dots(axes, layout, rescued=_rescued(points), hue=BLUE)


def _rescued(points: ScorePoints) -> np.ndarray:
    found = points.float32_undefined
    return np.zeros(len(points.scores), np.bool_) if found is None else found


def _write_legend(figure: Figure, panels: Sequence[Panel]) -> None:
    """What the hues say, if there are two; that hexagons are counts."""
    handles = []
    if any(_rescued(panel.points).any() for panel in panels if not _is_dense(panel)):
        handles += [_handle("o", BLUE, "float32 defined")]
        handles += [_handle("o", VERMILION, "float32 undefined")]
    if any(map(_is_dense, panels)):
        handles.append(_handle("h", DARK, "darker: more architectures, log scale"))
    if handles:
        figure.legend(
            handles=handles, loc="outside lower center", ncols=len(handles), frameon=False
        )


def _is_dense(panel: Panel) -> bool:
    return len(panel.points.scores) > MOST_DOTS


def _handle(marker: str, colour: str, label: str) -> Line2D:
    return Line2D([], [], linestyle="", marker=marker, markersize=3.6, color=colour, label=label)
