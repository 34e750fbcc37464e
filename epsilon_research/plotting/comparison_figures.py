"""All figures that show several metrics of one run together, written as PNG and PDF."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from epsilon_research.plotting.metric_comparison import metric_dots
from epsilon_research.plotting.scatter_matrix import rank_scatter_matrix
from epsilon_research.plotting.style import paper_style, save_figure

DOTS = {"metrics_rho": "spearman_rho", "metrics_ndcg": "ndcg"}
"""{name of the file: statistic} of the dot plots."""


def save_comparison_figures(
    frame: pd.DataFrame,
    *,
    metrics: Sequence[str],
    statistics: Mapping[str, Any],
    comparison: Mapping[str, Any],
    target: str,
    target_label: str,
    folder: Path,
    title: str,
    higher_is_better: bool = True,
) -> list[Path]:
    """Write the figures of a run with several metrics and a table of accuracies.

    Args:
        frame: One row per architecture: the metrics and the target.
        metrics: Columns of scores; the first is the one that the others are compared with.
        statistics: {metric: {protocol: {statistic: value}}}, as in `summary.json`.
        comparison: What `analysis.compare_metrics` returned.
        target: Column of accuracies (fractions in [0, 1]) or losses.
        target_label: What the target is, without a unit, e.g. `CIFAR-10 test accuracy`.
        folder: Where to write; made if need be.
        title: One line over each figure; may be empty.
        higher_is_better: False for losses.

    Returns:
        The paths written, PNG and PDF each: `metrics_rho`, `metrics_ndcg`, `rank_matrix`.

    Raises:
        KeyError: A column is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    with paper_style():
        for name, statistic in DOTS.items():
            figure = metric_dots(
                {metric: statistics[metric] for metric in metrics},
                statistic=statistic,
                target_label=target_label,
                title=title,
                highlighted=metrics[:1],
            )
            written += save_figure(figure, folder=folder, name=name)
        figure = rank_scatter_matrix(
            frame,
            metrics=metrics,
            target=target,
            comparison=comparison["common"],
            target_label=target_label,
            title=title,
            higher_is_better=higher_is_better,
        )
        written += save_figure(figure, folder=folder, name="rank_matrix")
    return written
