"""What can be drawn, as functions that write files and import matplotlib only when called."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from epsilon_research.analysis import spearman_rho
from epsilon_research.checks import check_choice
from epsilon_research.plotting.points import ScorePoints, Target, read_points
from epsilon_research.plotting.settings import FigureSettings
from epsilon_research.reporting.run import SearchVariant, Statistics
from epsilon_research.reporting.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STUDY_FIGURES = ("weight_grid", "settings", "curve", "scatter", "search", "none")
"""Figures that can be drawn of a study."""

Draw = Callable[[], "Figure | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """Draws what a run found. Each method returns the paths that it has written, one per format.

    Args:
        folder: Where to write; made if need be.
        title: One line over each figure, to which the weights are added; may be empty.
        weights: {metric: constants that its networks are initialised with}, where it has any.
        settings: Size, formats and style.
    """

    folder: Path
    title: str = ""
    weights: Mapping[str, Sequence[float]] = field(default_factory=dict)
    settings: FigureSettings = field(default_factory=FigureSettings)

    def save_scores(
        self,
        frame: pd.DataFrame,
        *,
        metrics: Sequence[str],
        labels: Mapping[str, str] | None = None,
        target: Target | None,
        statistics: Mapping[str, Any],
    ) -> list[Path]:
        """Write the figures of each metric and, of several metrics, their comparison.

        Those of each of several metrics are in a folder of its own.

        Args:
            frame: One row per architecture, with the columns of `read_points` for each metric.
            metrics: Columns of scores; others are compared with the first.
            labels: {metric: what its scores are, with their unit}, where a metric says it.
            target: What the trained results are; None without a table of accuracies.
            statistics: {metric: {protocol: {statistic: value}}}, as in `summary.json`; may be
                empty.

        Raises:
            KeyError: A column is missing.
        """
        written: list[Path] = []
        for metric in metrics:
            label = (labels or {}).get(metric, "")
            points = read_points(frame, metric=metric, target=target, label=label)
            within = metric if len(metrics) > 1 else ""
            draw = _of_metric(points, statistics.get(metric))
            written += self._save(draw, weighted=[metric], within=within)
        if target is not None and len(metrics) > 1 and statistics:
            draw = _of_comparison(frame, metrics=metrics, target=target, statistics=statistics)
            written += self._save(draw, weighted=metrics, within="comparison")
        return written

    def save_searches(self, variants: Sequence[SearchVariant], *, label: str) -> list[Path]:
        """Write `search_curves`, unless no variant has a value; the label has no unit."""
        from epsilon_research.plotting.searches import SearchPanel, search_curves

        panel = SearchPanel(variants=variants, label=label)
        draw = {"search_curves": partial(search_curves, [panel])}
        return self._save(draw, weighted=self.weights)

    def save_fronts(self, **found: Any) -> list[Path]:
        """Write `search_front`, the figure of `pareto_fronts`, which says what it takes."""
        from epsilon_research.plotting.searches import pareto_fronts

        return self._save({"search_front": partial(pareto_fronts, **found)})

    def save_precisions(
        self, frame: pd.DataFrame, *, metrics: Sequence[str], exact: str
    ) -> list[Path]:
        """Write `rounding`, the figure of `precision_panels`, which says what it takes."""
        from epsilon_research.plotting.scatter import precision_panels

        draw = partial(precision_panels, frame, metrics=metrics, exact=exact)
        return self._save({"rounding": draw}, weighted=[exact])

    def _save(
        self, draw: Mapping[str, Draw], *, weighted: Iterable[str] = (), within: str = ""
    ) -> list[Path]:
        """Draw and write figures, with the weights of those metrics if all have the same."""
        from epsilon_research.plotting.scales import value_labels

        words = {
            f"weights {' and '.join(value_labels(self.weights[metric]))}"
            for metric in weighted
            if self.weights.get(metric)
        }
        title = ", ".join(filter(None, (self.title, *(words if len(words) == 1 else ()))))
        return _save(draw, self.folder / within, title=title, settings=self.settings)


def save_study_figure(
    study: Study, *, figure: str, folder: Path, settings: FigureSettings | None = None
) -> list[Path]:
    """Write the figure of a study under its own name, and return its paths, one per format.

    Args:
        study: The study.
        figure: One of `STUDY_FIGURES`: `weight_grid` (heat maps over both weights), `settings` (a
            row for each setting), `curve` (along a numeric setting), `scatter` (score against
            accuracy of each job), `search` (what searches found against trained models), `none`.
        folder: Where to write; its parent is the folder of the study.
        settings: Size, formats and style.

    Raises:
        ValueError: The figure is unknown, or cannot be drawn of this study.
    """
    check_choice("figure", figure, STUDY_FIGURES)
    if figure == "none":
        return []
    from epsilon_research.plotting.scatter import study_scatter
    from epsilon_research.plotting.searches import study_searches
    from epsilon_research.plotting.study import setting_curves, setting_dots
    from epsilon_research.plotting.weight_grid import weight_grid

    draw: dict[str, Callable[..., Figure]] = {
        "weight_grid": weight_grid,
        "settings": setting_dots,
        "curve": setting_curves,
        "scatter": partial(study_scatter, folder=folder.parent),
        "search": study_searches,
    }
    drawn = {figure: partial(draw[figure], study)}
    return _save(drawn, folder, title=study.title, settings=settings)


def _of_metric(points: ScorePoints, statistics: Mapping[str, Any] | None) -> dict[str, Draw]:
    from epsilon_research.plotting.histogram import score_histogram
    from epsilon_research.plotting.scatter import score_against_accuracy, score_against_parameters

    ranked = points.ranked()
    best = ranked.top_tenth()
    over_accuracy = partial(score_against_accuracy, points, statistics=statistics)
    draw: dict[str, Draw] = {}
    if len(ranked):
        draw["score_vs_accuracy"] = over_accuracy
    if np.isfinite(spearman_rho(best["score"], best["target"])):
        draw["score_vs_accuracy_top10"] = partial(over_accuracy, top=True)
    draw["score_vs_parameters"] = partial(score_against_parameters, points)
    draw["score_histogram"] = partial(score_histogram, points)
    return draw


def _of_comparison(
    frame: pd.DataFrame, *, metrics: Sequence[str], target: Target, statistics: Mapping[str, Any]
) -> dict[str, Draw]:
    from epsilon_research.plotting.dots import metric_dots
    from epsilon_research.plotting.scatter_matrix import rank_scatter_matrix

    found = {
        metric: {name: Statistics.from_json(of) for name, of in statistics[metric].items()}
        for metric in metrics
    }
    dots = partial(metric_dots, found, target_label=target.label)
    return {
        "metrics_rho": partial(dots, statistic="spearman_rho"),
        "metrics_ndcg": partial(dots, statistic="ndcg"),
        "rank_matrix": partial(rank_scatter_matrix, frame, metrics=metrics, target=target),
    }


def _save(
    draw: Mapping[str, Draw], folder: Path, *, title: str, settings: FigureSettings | None
) -> list[Path]:
    """Draw figures one after the other in the project's style, and write those that there are."""
    from epsilon_research.plotting.style import figure_style, save_figure

    written: list[Path] = []
    with figure_style(settings):
        for name, one in draw.items():
            figure = one()
            if figure is not None:
                written += save_figure(figure, folder=folder, name=name, title=title)
    return written
