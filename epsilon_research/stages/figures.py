"""The figures of a run's scores: each metric's own, and those of several beside each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from epsilon_research.benchmarks import AccuracyTable


def draw(
    frame: pd.DataFrame,
    *,
    metrics: Sequence[str],
    table: AccuracyTable | None,
    summary: Mapping[str, Any],
    folder: Path,
    title: str,
) -> list[Path]:
    """The paths of all figures, drawn into `folder`; with several metrics into folders below it.

    Args:
        frame: The table of scores.
        metrics: Columns of it.
        table: What the accuracies are, or None.
        summary: The run's summary, as far as it is known.
        folder: Made if it does not exist.
        title: Of every figure.
    """
    # Matplotlib takes half a second to import: only when there is something to draw.
    from epsilon_research.plotting import save_comparison_figures, save_figures

    folder.mkdir(exist_ok=True)
    paths: list[Path] = []
    for name in metrics:
        paths += save_figures(
            frame,
            metric=name,
            statistics=summary.get("metrics", {}).get(name),
            target=None if table is None else table.target,
            target_label="" if table is None else table.label,
            higher_is_better=True if table is None else table.higher_is_better,
            folder=folder if len(metrics) == 1 else folder / name,
            title=title,
        )
    if table is not None and "comparison" in summary:
        paths += save_comparison_figures(
            frame,
            metrics=list(metrics),
            statistics=summary["metrics"],
            comparison=summary["comparison"],
            target=table.target,
            target_label=table.label,
            higher_is_better=table.higher_is_better,
            folder=folder / "comparison",
            title=title,
        )
    return paths
