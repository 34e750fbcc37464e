"""The figure of a study, written as PNG and PDF."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from epsilon_research.plotting.study_curve import setting_curve
from epsilon_research.plotting.study_dots import settings_dots
from epsilon_research.plotting.study_scatter import score_scatters
from epsilon_research.plotting.study_searches import search_panels
from epsilon_research.plotting.style import paper_style, save_figure
from epsilon_research.plotting.weight_grid import weight_grid

FIGURES = ("weight_grid", "settings", "curve", "scatter", "search", "none")
"""What can be drawn of a study."""


def save_study_figures(study: Mapping[str, Any], *, figure: str, folder: Path) -> list[Path]:
    """Write the figure of a study under its own name.

    Args:
        study: The record of the study, as `study.json` has it.
        figure: One of `FIGURES`: `weight_grid` (heat maps over both weights), `settings` (a row for
            each setting), `curve` (along a numeric setting, or along one of two weights),
            `scatter` (score against accuracy of each job), `search` (what searches found against
            trained models), `none`.
        folder: Where to write; made if need be. Its parent is the folder of the study, in which the
            jobs' tables of scores are.

    Returns:
        The paths written, PNG first; none for `none`.

    Raises:
        ValueError: The figure is unknown, or cannot be drawn of this study.
    """
    if figure not in FIGURES:
        raise ValueError(
            f"figure must be one of {', '.join(FIGURES)}, got {figure!r}: choose one of them"
        )
    if figure == "none":
        return []
    with paper_style():
        drawn = _draw(study, figure=figure, folder=folder.parent)
        folder.mkdir(parents=True, exist_ok=True)
        return save_figure(drawn, folder=folder, name=figure)


def _draw(study: Mapping[str, Any], *, figure: str, folder: Path) -> Figure:
    if figure == "scatter":
        return score_scatters(study, folder=folder)
    draw = {
        "weight_grid": weight_grid,
        "settings": settings_dots,
        "curve": setting_curve,
        "search": search_panels,
    }
    return draw[figure](study)
