"""All figures of one metric of one run, written as PNG and PDF."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from epsilon_research.plotting.histogram import score_histogram
from epsilon_research.plotting.points import Labels, ScorePoints, read_points
from epsilon_research.plotting.scatter import score_against_accuracy, score_against_parameters
from epsilon_research.plotting.style import paper_style, save_figure


def save_figures(
    frame: pd.DataFrame,
    *,
    metric: str,
    statistics: Mapping[str, Any] | None,
    target: str | None,
    target_label: str,
    folder: Path,
    title: str,
    higher_is_better: bool = True,
) -> list[Path]:
    """Write every figure that the frame allows: without accuracies, only those of the scores alone.

    Args:
        frame: One row per architecture: `connected`, `num_parameters`, `<metric>`, and where known
            `<metric>_failure`, `<metric>_float32_defined` and the target column.
        metric: Name of the score column.
        statistics: {protocol: {statistic: value}} with the names of `summary.json`, or None.
        target: Column of accuracies (fractions in [0, 1]) or losses; None where there are none.
        target_label: What the target is, without a unit, e.g. `CIFAR-10 test accuracy`.
        folder: Where to write; made if need be. One folder per metric, since the names are fixed.
        title: One line over each figure; may be empty.
        higher_is_better: False for losses.

    Returns:
        The paths written, PNG and PDF each: `score_vs_accuracy` and `score_vs_accuracy_top10` (only
        where some architecture has a score and an accuracy), `score_vs_parameters`,
        `score_histogram`.

    Raises:
        KeyError: A needed column is missing.
    """
    points = read_points(frame, metric=metric, target=target, higher_is_better=higher_is_better)
    labels = Labels(
        metric=metric, target=target_label, title=title, higher_is_better=higher_is_better
    )
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    with paper_style():
        for name, figure in _figures(points, labels=labels, statistics=statistics).items():
            written += save_figure(figure, folder=folder, name=name)
    return written


def _figures(
    points: ScorePoints, *, labels: Labels, statistics: Mapping[str, Any] | None
) -> dict[str, Figure]:
    figures = {}
    if len(points.ranked().scores):
        figures["score_vs_accuracy"] = score_against_accuracy(
            points, labels=labels, statistics=statistics
        )
        figures["score_vs_accuracy_top10"] = score_against_accuracy(
            points, labels=labels, statistics=statistics, top=True
        )
    figures["score_vs_parameters"] = score_against_parameters(points, labels=labels)
    figures["score_histogram"] = score_histogram(points, labels=labels)
    return figures
