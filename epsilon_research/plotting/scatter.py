"""Scores against accuracies, parameter counts and exact scores: dots, or hexagons of many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure

from epsilon_research.analysis import spearman_rho
from epsilon_research.analysis.resolution import unresolved
from epsilon_research.bounded_table import read_parquet
from epsilon_research.plotting import style
from epsilon_research.plotting.points import ScorePoints, Target, read_points
from epsilon_research.plotting.scales import (
    LOG,
    Scale,
    add_colour_bar,
    apply_scale,
    choose_percent_scale,
    choose_scale,
)
from epsilon_research.plotting.study import case_label, with_draws
from epsilon_research.reporting.numbers import interval, percent, value
from epsilon_research.reporting.study import Case, Study, metrics_of

MOST_DOTS = 20_000
"""Number of points above which dots hide each other, and hexagons with counts take over."""

_HEXAGONS: dict[str, Any] = {"gridsize": (64, 36), "mincnt": 1, "linewidths": 0.1}
# From what float32 defines to what it leaves undefined, in the two hues of the dots.
_SHARE_MAP = LinearSegmentedColormap.from_list("share", [style.GREY, style.VERMILION])
# Inches of one line of a title, and of a legend below the panels.
_NOTE_LINE, _LEGEND_LINE = 0.13, 0.2
_MOST_COLUMNS = 3
_FLOAT32 = ("defined in float32", "undefined in float32")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """Points on two scaled axes, with values in their own units and what they are."""

    x: Float[np.ndarray, " points"]
    y: Float[np.ndarray, " points"]
    x_scale: Scale
    y_scale: Scale
    x_label: str
    y_label: str

    @classmethod
    def of(cls, points: ScorePoints, *, over: str) -> "Cloud":
        """Return scores over trained results (`target`) or over parameter counts (`parameters`)."""
        x, scores = points[over], points["score"]
        scale, label = LOG, "number of parameters"
        if over == "target" and points.target is not None:
            percents = points.target.higher_is_better
            scale = choose_percent_scale(x) if percents else choose_scale(x)
            label = points.target.axis_label
        return cls(
            x=x, y=scores, x_scale=scale, y_scale=choose_scale(scores), x_label=label,
            y_label=points.score_label,
        )  # fmt: skip

    @property
    def is_dense(self) -> bool:
        """Return whether there are too many points for dots."""
        return len(self.x) > MOST_DOTS

    def draw_values(self, axes: Axes, values: Float[np.ndarray, " points"], *, label: str) -> None:
        """Draw dots coloured by positive values, or hexagons coloured by how many they hold."""
        x, y = self._prepare(axes)
        if self.is_dense:
            hexagons = axes.hexbin(x, y, norm=LogNorm(), cmap=style.COLOUR_MAP, **_HEXAGONS)
            add_colour_bar(axes, hexagons, label="architectures\nper hexagon")
        elif len(x):
            low, high = float(values.min()), float(values.max())
            # One value still needs a colour bar with a length.
            norm = LogNorm(low, high) if low < high else LogNorm(low / 2, high * 2)
            dots = _scatter(axes, x, y, values, norm=norm, cmap=style.COLOUR_MAP)
            add_colour_bar(axes, dots, label=label)

    def draw_marked(
        self,
        axes: Axes,
        marked: Bool[np.ndarray, " points"],
        *,
        hue: str = style.BLUE,
        label: str = "undefined in\nfloat32 (%)",
    ) -> None:
        """Draw dots in `hue`, marked ones in vermilion, or hexagons by the share that is marked."""
        x, y = self._prepare(axes)
        if self.is_dense:
            share = axes.hexbin(
                x, y, C=100.0 * marked, vmin=0, vmax=100, cmap=_SHARE_MAP, **_HEXAGONS
            )
            add_colour_bar(axes, share, label=label, log=False)
        elif len(x):
            _scatter(axes, x, y, np.where(marked, style.VERMILION, hue))

    def _prepare(self, axes: Axes) -> tuple[np.ndarray, np.ndarray]:
        """Set limits, ticks and labels, note an empty panel in it, and return where points lie."""
        apply_scale(axes.xaxis, self.x_scale, self.x)
        apply_scale(axes.yaxis, self.y_scale, self.y)
        axes.set_xlabel(self.x_label + self.x_scale.suffix)
        axes.set_ylabel(self.y_label + self.y_scale.suffix)
        if not len(self.x):
            axes.text(0.5, 0.5, "no finite score", transform=axes.transAxes, ha="center")
        return self.x_scale.forward(self.x), self.y_scale.forward(self.y)


def _scatter(
    axes: Axes, x: np.ndarray, y: np.ndarray, colours: np.ndarray, **norm: Any
) -> PathCollection:
    # Tables are sorted by architecture: in their order one kind would lie on top of the others.
    order = np.random.default_rng(0).permutation(len(x))
    # From 16 square points for a handful to 2.5 for 20,000, and more transparent on the way.
    size = float(np.clip(160 / len(x) ** 0.42, 2.5, 16))
    alpha = float(np.clip(1.15 - 0.15 * np.log10(len(x)), 0.5, 0.9))
    drawn = {"c": colours[order], "s": size, "alpha": alpha, "linewidths": 0, "rasterized": True}
    return axes.scatter(x[order], y[order], **drawn, **norm)


def score_against_accuracy(
    points: ScorePoints, *, statistics: Mapping[str, Any] | None = None, top: bool = False
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
    return _with_float32(Cloud.of(drawn, over="target"), drawn, note=note)


def score_against_parameters(points: ScorePoints) -> Figure:
    """Scores of connected architectures over parameter counts, with their correlation above.

    Scores that float32 leaves undefined are in another hue, or in a second panel of hexagons.
    """
    drawn = points.scored()
    cloud = Cloud.of(drawn, over="parameters")
    rho = value(spearman_rho(drawn["score"], drawn["parameters"]))
    note = f"n = {len(drawn):,}\nρ = {rho} with the number of parameters"
    if cloud.is_dense:
        return _with_float32(cloud, drawn, note=note)
    figure, (axes,) = style.new_panels(1, height=style.PANEL_HEIGHT + 3 * _NOTE_LINE + _LEGEND_LINE)
    cloud.draw_marked(axes, drawn["float32_undefined"])
    axes.set_title(note, loc="left")
    if drawn["float32_undefined"].any():
        _write_legend(figure, _FLOAT32)
    return figure


def _with_float32(cloud: Cloud, drawn: ScorePoints, *, note: str) -> Figure:
    """All points by parameter count, and beside them which of them float32 leaves undefined."""
    rescued = drawn["float32_undefined"]
    has_legend = rescued.any() and not cloud.is_dense
    height = style.PANEL_HEIGHT + _NOTE_LINE * (2 + note.count("\n")) + _LEGEND_LINE * has_legend
    figure, panels = style.new_panels(1 + int(rescued.any()), height=height)
    cloud.draw_values(panels[0], drawn["parameters"], label="parameters")
    panels[0].set_title(note, loc="left")
    for axes in panels[1:]:
        cloud.draw_marked(axes, rescued, hue=style.GREY)
        axes.set_title(f"undefined in float32: {rescued.sum():,} of {len(drawn):,}", loc="left")
    if has_legend:
        _write_legend(figure, _FLOAT32, hue=style.GREY)
    style.label_panels(panels)
    return figure


def statistics_note(statistics: Mapping[str, Any] | None, *, top: bool, num_points: int) -> str:
    """The statistics of protocol `connected` in up to three lines, only those that there are.

    Those of the top 10 % by accuracy are others. Without statistics there is the number of points.
    """
    found = (statistics or {}).get("connected", {})
    if top:
        size = f"10 % most accurate of protocol connected: n = {num_points:,}"
    else:
        size = f"protocol connected: n = {found.get('n', num_points):,}"
        if "coverage" in found:
            size += f", coverage {percent(found['coverage'], unit=' %')}"
    lines = [size]
    for symbol, name in (("ρ", "spearman_rho"), ("τ", "kendall_tau")):
        key = f"{name}_top10" if top else name
        if key in found:
            ends = interval(found.get(f"{key}_interval"))
            lines.append(f"{symbol} = {value(found[key])}{ends and f', 95 % CI {ends}'}")
    return "\n".join(lines)


def study_scatter(study: Study, *, folder: Path) -> Figure:
    """Scores over accuracies, a small panel for each case and metric; of several draws the first.

    Scores are read from the jobs' folders within that of the study.

    Raises:
        ValueError: No job has statistics, or a table of scores is not there.
    """
    metrics = metrics_of(study.cases)
    drawn = [
        (case, metric, points.ranked())
        for case in study.cases
        for metric, points in _read_case(case, folder=folder).items()
    ]
    if not drawn:
        raise ValueError(
            "figure=scatter must have at least one job with scores and accuracies, got none: "
            "choose a benchmark with accuracies, or figure=none"
        )
    # A column for each metric where they fit.
    columns = len(metrics) if 1 < len(metrics) < _MOST_COLUMNS else _MOST_COLUMNS
    height = 2 * _LEGEND_LINE - (-len(drawn) // columns) * (style.PANEL_HEIGHT - 0.3)
    figure, panels = style.new_panels(len(drawn), columns=columns, height=height)
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
    style.label_panels(panels)
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


def precision_panels(frame: pd.DataFrame, *, metrics: Sequence[str], exact: str) -> Figure:
    """Scores over exact scores, one panel for each metric, with the line of identity.

    All panels share one range of logarithmic axes. Points that a panel cannot show, undefined or
    not positive, are counted in its title. The frame has these columns, one row per architecture,
    and optionally `<metric>_resolved`.
    """
    rows = -(-len(metrics) // _MOST_COLUMNS)
    figure, panels = style.new_panels(
        len(metrics), columns=_MOST_COLUMNS, sharex=True, sharey=True,
        height=rows * style.PANEL_HEIGHT + _LEGEND_LINE + 2 * _NOTE_LINE,
    )  # fmt: skip
    pairs = {metric: frame[[exact, metric]].to_numpy(np.float64) for metric in metrics}
    shown = {metric: ((pair > 0) & (pair < np.inf)).all(axis=1) for metric, pair in pairs.items()}
    everything = np.concatenate([pair[shown[metric]].ravel() for metric, pair in pairs.items()])
    for axes, (metric, pair) in zip(panels, pairs.items(), strict=True):
        x, y = pair[shown[metric]].T
        cloud = Cloud(
            x=x, y=y, x_scale=LOG, y_scale=LOG, x_label="exact epsilon", y_label="epsilon"
        )
        marked = unresolved(frame, metric)[shown[metric]]
        cloud.draw_marked(axes, marked, label="not resolved\n(%)")
        for axis in (axes.xaxis, axes.yaxis):
            apply_scale(axis, LOG, everything)
        axes.axline((0, 0), slope=1, color=style.FAINT, linewidth=0.6, zorder=0)
        hidden = len(frame) - len(x)
        words = f"n = {len(x):,}" + (f", {hidden:,} not shown" if hidden else "")
        axes.set_title(f"{metric.replace('_', ' ')}\n{words}", loc="left")
        axes.label_outer()
    _write_legend(figure, ("resolved", "not resolved"))
    style.label_panels(panels)
    return figure


def _write_legend(figure: Figure, words: tuple[str, str], *, hue: str = style.BLUE) -> None:
    """What the hue of most dots and that of the marked ones mean."""
    handles = [
        style.dot_handle(words[0], color=hue),
        style.dot_handle(words[1], color=style.VERMILION),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
