"""Scores against accuracies, against parameter counts, and against exact scores."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from epsilon_research.analysis import spearman_rho
from epsilon_research.analysis.resolution import unresolved
from epsilon_research.bounded_table import read_parquet
from epsilon_research.plotting.clouds import Cloud
from epsilon_research.plotting.notes import statistics_note
from epsilon_research.plotting.points import ScorePoints, Target, read_points
from epsilon_research.plotting.scales import LOG, apply_scale
from epsilon_research.plotting.study import case_label, with_draws
from epsilon_research.plotting.style import (
    BLUE,
    FAINT,
    GREY,
    PANEL_HEIGHT,
    VERMILION,
    Look,
    label_panels,
    new_panels,
)
from epsilon_research.reporting.numbers import value
from epsilon_research.reporting.study import Case, Study, metrics_of

_NOTE_LINE, _LEGEND_LINE = 0.13, 0.2
"""Inches of one line of a title, and of a legend below the panels."""

_MOST_COLUMNS = 3
_FLOAT32 = ("defined in float32", "undefined in float32")


def score_against_accuracy(
    points: ScorePoints,
    *,
    statistics: Mapping[str, Any] | None = None,
    top: bool = False,
) -> Figure:
    """Scores over accuracies, coloured by parameter count, with their correlation above.

    A second panel marks the scores that float32 leaves undefined, where there are any.

    Args:
        points: All architectures; those with a finite score and an accuracy are drawn.
        statistics: {protocol: {statistic: value}}; `connected` is shown.
        top: Draw only the 10 % most accurate.
    """
    drawn = points.ranked().top_tenth() if top else points.ranked()
    note = statistics_note(statistics, top=top, num_points=len(drawn))
    cloud = Cloud.of(drawn, over="target")
    return _with_float32(cloud, drawn, note=note)


def score_against_parameters(points: ScorePoints) -> Figure:
    """Scores over parameter counts, with their correlation above.

    Scores that float32 leaves undefined are in another hue, or in a second panel of hexagons.

    Args:
        points: All architectures; the connected ones with a finite score are drawn.
    """
    drawn = points.scored()
    cloud = Cloud.of(drawn, over="parameters")
    rho = value(spearman_rho(drawn["score"], drawn["parameters"]))
    note = f"n = {len(drawn):,}\nρ = {rho} with the number of parameters"
    if cloud.is_dense:
        return _with_float32(cloud, drawn, note=note)
    height = PANEL_HEIGHT + 3 * _NOTE_LINE + _LEGEND_LINE
    figure, (axes,) = new_panels(1, height=height)
    cloud.draw_marked(axes, drawn["float32_undefined"])
    axes.set_title(note, loc="left")
    if drawn["float32_undefined"].any():
        _write_legend(figure, _FLOAT32)
    return figure


def _with_float32(cloud: Cloud, drawn: ScorePoints, *, note: str) -> Figure:
    """All points by parameter count, and beside them which of them float32 leaves undefined."""
    rescued = drawn["float32_undefined"]
    has_legend = rescued.any() and not cloud.is_dense
    height = PANEL_HEIGHT + _NOTE_LINE * (2 + note.count("\n")) + _LEGEND_LINE * has_legend
    figure, panels = new_panels(1 + int(rescued.any()), height=height)
    cloud.draw_values(panels[0], drawn["parameters"], label="parameters")
    panels[0].set_title(note, loc="left")
    for axes in panels[1:]:
        cloud.draw_marked(axes, rescued, hue=GREY)
        axes.set_title(f"undefined in float32: {rescued.sum():,} of {len(drawn):,}", loc="left")
    if has_legend:
        _write_legend(figure, _FLOAT32, hue=GREY)
    label_panels(panels)
    return figure


def study_scatter(study: Study, *, folder: Path) -> Figure:
    """Scores over accuracies, a small panel for each case and metric; of several draws the first.

    Args:
        study: The study.
        folder: The study's; each job's scores are in a folder of it.

    Raises:
        ValueError: No job has statistics, or a table of scores is not there.
    """
    cases = study.cases
    metrics = metrics_of(cases)
    drawn = [
        (case, metric, points.ranked())
        for case in cases
        for metric, points in _read_case(case, folder=folder).items()
    ]
    if not drawn:
        raise ValueError(
            "figure=scatter must have at least one job with scores and accuracies, got none: "
            "choose a benchmark with accuracies, or figure=none"
        )
    # A column for each metric where they fit.
    columns = len(metrics) if 1 < len(metrics) < _MOST_COLUMNS else _MOST_COLUMNS
    rows = -(-len(drawn) // columns)
    figure, panels = new_panels(
        len(drawn), columns=columns,
        height=2 * _LEGEND_LINE + rows * (PANEL_HEIGHT - 0.3),
    )  # fmt: skip
    has_legend = False
    for axes, (case, metric, points) in zip(panels, drawn, strict=True):
        cloud = Cloud.of(points, over="target")
        if cloud.is_dense:
            cloud.draw_values(axes, points["parameters"], label="parameters")
        else:
            cloud.draw_marked(axes, points["float32_undefined"])
            has_legend |= bool(points["float32_undefined"].any())
        title = with_draws(case_label(case, metric, metrics=metrics), case)
        found = case.jobs[0].run.metrics[metric].get("connected")
        rho = f"ρ = {value(found['spearman_rho'])}, " if found else ""
        axes.set_title(f"{title}\nconnected: {rho}n = {len(points):,}", loc="left")
    # The label of an axis stands once where the panel below, or on the left, has the same.
    words = [(axes.get_xlabel(), axes.get_ylabel()) for axes in panels]
    for place, axes in enumerate(panels):
        if words[place][0] in [below for below, _ in words[place + columns :][:1]]:
            axes.set_xlabel("")
        if place % columns and words[place - 1][1] == words[place][1]:
            axes.set_ylabel("")
    if has_legend:
        _write_legend(figure, _FLOAT32)
    label_panels(panels)
    return figure


def _read_case(case: Case, *, folder: Path) -> dict[str, ScorePoints]:
    """The points of each metric of a case; empty without accuracies."""
    job = case.jobs[0]
    column = job.run.fact("target")
    if not job.run.metrics or column is None:
        return {}
    path = folder / job.folder / "scores.parquet"
    if not path.is_file():
        raise ValueError(
            f"figure=scatter must have the scores of each job, {path} is not there: run the study "
            "again, or choose figure=settings"
        )
    label, higher_is_better = column.replace("_", " "), job.run.higher_is_better
    target = Target(column=column, label=label, higher_is_better=higher_is_better)
    frame = read_parquet(path, setting="gather")
    return {name: read_points(frame, metric=name, target=target) for name in job.run.metrics}


def precision_panels(
    frame: pd.DataFrame,
    *,
    metrics: Sequence[str],
    exact: str,
) -> Figure:
    """Scores over exact scores, one panel for each metric, with the line of identity.

    All panels share one range of logarithmic axes. Points that a panel cannot show, undefined or
    not positive, are counted in its title.

    Args:
        frame: One row per architecture: the metrics, optionally with `<metric>_resolved`.
        metrics: Columns of scores, at least one.
        exact: Column of exact scores.
    """
    columns = min(_MOST_COLUMNS, len(metrics))
    rows = -(-len(metrics) // columns)
    figure, panels = new_panels(
        len(metrics), columns=columns,
        height=rows * PANEL_HEIGHT + _LEGEND_LINE + 2 * _NOTE_LINE, sharex=True, sharey=True,
    )  # fmt: skip
    pairs = {metric: frame[[exact, metric]].to_numpy(np.float64) for metric in metrics}
    shown = {metric: ((pair > 0) & (pair < np.inf)).all(axis=1) for metric, pair in pairs.items()}
    everything = np.concatenate([pair[shown[metric]].ravel() for metric, pair in pairs.items()])
    for axes, (metric, pair) in zip(panels, pairs.items(), strict=True):
        keep = shown[metric]
        x, y = pair[keep].T
        cloud = Cloud(
            x=x, y=y, x_scale=LOG, y_scale=LOG, x_label="exact epsilon", y_label="epsilon"
        )
        cloud.draw_marked(axes, unresolved(frame, metric)[keep], label="not resolved\n(%)")
        for axis in (axes.xaxis, axes.yaxis):
            apply_scale(axis, LOG, everything)
        axes.axline((0, 0), slope=1, color=FAINT, linewidth=0.6, zorder=0)
        hidden = len(frame) - len(x)
        words = f"n = {len(x):,}" + (f", {hidden:,} not shown" if hidden else "")
        axes.set_title(f"{metric.replace('_', ' ')}\n{words}", loc="left")
        axes.label_outer()
    _write_legend(figure, ("resolved", "not resolved"))
    label_panels(panels)
    return figure


def _write_legend(figure: Figure, words: Sequence[str], *, hue: str = BLUE) -> None:
    """What the hue of most dots and that of the marked ones mean."""
    looks = [Look(colour=hue), Look(colour=VERMILION)]
    handles = [look.handle(label) for look, label in zip(looks, words, strict=True)]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
