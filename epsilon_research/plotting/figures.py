"""What can be drawn, as functions that write files and import matplotlib only when called."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from epsilon_research.analysis import spearman_rho
from epsilon_research.plotting.notes import weights_in_words
from epsilon_research.plotting.points import AgreementPanel, Target, read_points
from epsilon_research.plotting.settings import FigureSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STUDY_FIGURES = ("weight_grid", "settings", "curve", "scatter", "search", "none")
"""What can be drawn of a study."""

DOT_STATISTICS = {"metrics_rho": "spearman_rho", "metrics_ndcg": "ndcg"}
"""{name of the file: statistic} of the figures that compare the metrics of a run."""


def save_run_figures(
    frame: pd.DataFrame,
    *,
    metrics: Sequence[str],
    target: Target | None,
    statistics: Mapping[str, Any],
    comparison: Mapping[str, Any] | None = None,
    weights: Mapping[str, Sequence[float]],
    folder: Path,
    title: str,
    settings: FigureSettings | None = None,
) -> list[Path]:
    """Write the figures of each metric of a run and, of several metrics, their comparison.

    Args:
        frame: One row per architecture, with the columns of `read_points` for each metric.
        metrics: Columns of scores; others are compared with the first.
        target: What the trained results are; None without a table of accuracies.
        statistics: {metric: {protocol: {statistic: value}}}, as in `summary.json`; may be empty.
        comparison: What `analysis.compare_metrics` returned; None without accuracies.
        weights: {metric: constants that its networks are initialised with}, where it has any.
        folder: Where to write; made if need be. Several metrics have a folder each below it.
        title: One line over each figure, to which the weights are added; may be empty.
        settings: Size, formats and style.

    Returns:
        The paths written: of each metric `score_vs_accuracy` (with scores and accuracies),
        `score_vs_accuracy_top10` (where ρ of these is defined), `score_vs_parameters` and
        `score_histogram`; of the comparison `metrics_rho`, `metrics_ndcg` and `rank_matrix`.

    Raises:
        KeyError: A column is missing.
    """
    written: list[Path] = []
    for metric in metrics:
        written += _save_metric(
            frame, metric=metric, target=target, statistics=statistics.get(metric),
            folder=folder if len(metrics) == 1 else folder / metric,
            title=_title(title, [metric], weights),
            settings=settings or FigureSettings(),
        )  # fmt: skip
    if target is not None and comparison is not None:
        written += _save_comparison(
            frame, metrics=metrics, target=target, statistics=statistics, comparison=comparison,
            folder=folder / "comparison",
            title=_title(title, metrics, weights),
            settings=settings or FigureSettings(),
        )  # fmt: skip
    return written


def save_search_curves(
    entries: Mapping[str, Mapping[str, Any]],
    *,
    label: str,
    weights: Mapping[str, Sequence[float]],
    folder: Path,
    title: str,
    settings: FigureSettings | None = None,
) -> list[Path]:
    """Write `search_curves`: what each variant of a search found against trained models.

    Args:
        entries: The `search` part of a summary, also as read back from a file.
        label: What the curves show, without a unit, e.g. `CIFAR-10 test accuracy`.
        weights: {metric: constants that its networks are initialised with}, where it has any.
        folder: Where to write; made if need be.
        title: One line over the figure, to which the weights are added; may be empty.
        settings: Size, formats and style.

    Returns:
        The paths written, one per format; none if no variant has a value to show.
    """
    from epsilon_research.plotting.search_curves import SearchPanel, search_curves

    settings = settings or FigureSettings()
    with _saving(folder, settings) as save:
        panel = SearchPanel(entries=entries, label=label)
        figure = search_curves([panel], title=_title(title, weights, weights), settings=settings)
        return [] if figure is None else save("search_curves", figure)


def save_study_figure(
    study: Mapping[str, Any],
    *,
    figure: str,
    folder: Path,
    settings: FigureSettings | None = None,
) -> list[Path]:
    """Write the figure of a study under its own name.

    Args:
        study: The record of the study, as `study.json` has it.
        figure: One of `STUDY_FIGURES`: `weight_grid` (heat maps over both weights), `settings` (a
            row for each setting), `curve` (along a numeric setting, or along one of two weights),
            `scatter` (score against accuracy of each job), `search` (what searches found against
            trained models), `none`.
        folder: Where to write; made if need be. Its parent is the folder of the study, in which the
            jobs' tables of scores are.
        settings: Size, formats and style.

    Returns:
        The paths written, one per format; none for `none`.

    Raises:
        ValueError: The figure is unknown, or cannot be drawn of this study.
    """
    if figure not in STUDY_FIGURES:
        raise ValueError(
            f"figure must be one of {', '.join(STUDY_FIGURES)}, got {figure!r}: choose one of them"
        )
    if figure == "none":
        return []
    from epsilon_research.plotting.study_figures import study_figure

    settings = settings or FigureSettings()
    with _saving(folder, settings) as save:
        drawn = study_figure(study, figure=figure, folder=folder.parent, settings=settings)
        return save(figure, drawn)


def save_agreement_panels(
    reference: Float[np.ndarray, " points"],
    panels: Sequence[AgreementPanel],
    *,
    folder: Path,
    name: str,
    settings: FigureSettings | None = None,
    **words: Any,
) -> list[Path]:
    """Write values over a reference, one panel for each set of values, with the identity line.

    Args:
        reference: Horizontal values; NaN where undefined.
        panels: Vertical values, at least one set, each of the reference's length.
        folder: Where to write; made if need be.
        name: File name without its suffix.
        settings: Size, formats and style.
        **words: Labels, title and scale, as `scatter.agreement_panels` takes them.

    Returns:
        The paths written, one per format.
    """
    from epsilon_research.plotting.scatter import agreement_panels

    settings = settings or FigureSettings()
    with _saving(folder, settings) as save:
        return save(name, agreement_panels(reference, panels, settings=settings, **words))


def _save_metric(
    frame: pd.DataFrame,
    *,
    metric: str,
    target: Target | None,
    statistics: Mapping[str, Any] | None,
    folder: Path,
    title: str,
    settings: FigureSettings,
) -> list[Path]:
    from epsilon_research.plotting.histogram import score_histogram
    from epsilon_research.plotting.scatter import score_against_accuracy, score_against_parameters

    points = read_points(frame, metric=metric, target=target)
    ranked = points.ranked()
    best = ranked.top_tenth()
    look: dict[str, Any] = {"title": title, "settings": settings}
    with _saving(folder, settings) as save:
        written: list[Path] = []
        if len(ranked.scores):
            figure = score_against_accuracy(points, statistics=statistics, **look)
            written += save("score_vs_accuracy", figure)
        if np.isfinite(spearman_rho(best.scores, best.targets)):
            figure = score_against_accuracy(points, statistics=statistics, top=True, **look)
            written += save("score_vs_accuracy_top10", figure)
        written += save("score_vs_parameters", score_against_parameters(points, **look))
        written += save("score_histogram", score_histogram(points, **look))
    return written


def _save_comparison(
    frame: pd.DataFrame,
    *,
    metrics: Sequence[str],
    target: Target,
    statistics: Mapping[str, Any],
    comparison: Mapping[str, Any],
    folder: Path,
    title: str,
    settings: FigureSettings,
) -> list[Path]:
    from epsilon_research.plotting.dots import metric_dots
    from epsilon_research.plotting.scatter_matrix import rank_scatter_matrix

    with _saving(folder, settings) as save:
        written: list[Path] = []
        for name, statistic in DOT_STATISTICS.items():
            figure = metric_dots(
                {metric: statistics[metric] for metric in metrics}, statistic=statistic,
                target_label=target.label, title=title, highlighted=metrics[:1], settings=settings,
            )  # fmt: skip
            written += save(name, figure)
        figure = rank_scatter_matrix(
            frame, metrics=metrics, target=target, comparison=comparison["common"], title=title,
            settings=settings,
        )  # fmt: skip
        return written + save("rank_matrix", figure)


def _title(title: str, metrics: Iterable[str], weights: Mapping[str, Sequence[float]]) -> str:
    """A title with the weights of those metrics, if they have some and all have the same."""
    found = {tuple(weights[metric]) for metric in metrics if metric in weights}
    words = weights_in_words(found.pop()) if len(found) == 1 else ""
    return ", ".join(part for part in (title, words) if part)


@contextmanager
def _saving(
    folder: Path, settings: FigureSettings
) -> Iterator[Callable[[str, "Figure"], list[Path]]]:
    """Draw in the project's style; yields what writes a figure under a name into the folder."""
    from epsilon_research.plotting.style import figure_style, save_figure

    def save(name: str, figure: "Figure") -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        return save_figure(figure, folder=folder, name=name, settings=settings)

    with figure_style(settings):
        yield save
