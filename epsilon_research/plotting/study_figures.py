"""The figure of a study, drawn from its record."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from epsilon_research.plotting.notes import decimals
from epsilon_research.plotting.points import Target, read_points
from epsilon_research.plotting.scatter import ScorePanel, score_panels
from epsilon_research.plotting.search_curves import SearchPanel, search_curves
from epsilon_research.plotting.setting_curves import setting_curves
from epsilon_research.plotting.setting_dots import setting_dots
from epsilon_research.plotting.settings import FigureSettings
from epsilon_research.plotting.study import case_label
from epsilon_research.plotting.study_record import Case, metrics_of, read_cases, short_name
from epsilon_research.plotting.weight_grid import weight_grid

_MOST_COLUMNS = 3


def study_figure(
    study: Mapping[str, Any], *, figure: str, folder: Path, settings: FigureSettings
) -> Figure:
    """Draw one of `figures.STUDY_FIGURES` but `none`.

    Args:
        study: The record of the study.
        figure: Its name.
        folder: The study's; each job's scores are in a folder of it.
        settings: Widths of the figure.

    Raises:
        ValueError: The figure cannot be drawn of this study.
    """
    if figure == "scatter":
        return _scatter(study, folder=folder, settings=settings)
    draw = {
        "weight_grid": weight_grid,
        "settings": setting_dots,
        "curve": setting_curves,
        "search": _search,
    }
    return draw[figure](study, settings=settings)


def _search(study: Mapping[str, Any], *, settings: FigureSettings) -> Figure:
    """The searches of each case; of several draws the first that has searched."""
    panels = []
    for case in read_cases(study):
        entries = next((job["search"] for job in case.jobs if job.get("search")), None)
        if entries:
            reported = next(iter(entries.values()))["reported"].replace("_", " ")
            panels.append(SearchPanel(entries=entries, label=reported, title=_search_title(case)))
    drawn = search_curves(panels, title=study["title"], settings=settings)
    if drawn is None:
        raise ValueError(
            "figure=search must have at least one job with a search that found something, got "
            "none: choose a search, or figure=none"
        )
    return drawn


def _search_title(case: Case) -> str:
    names = " ".join(short_name(name).replace("_", " ") for name in case.settings)
    words = f"{names} {case.label()}" if len(case.settings) == 1 else case.label()
    return _with_draws(words, case)


def _with_draws(words: str, case: Case) -> str:
    draws = f"first of {len(case.jobs)} draws" if case.is_drawn_again else ""
    return ", ".join(part for part in (words, draws) if part)


def _scatter(study: Mapping[str, Any], *, folder: Path, settings: FigureSettings) -> Figure:
    """A panel for each metric of each case; of several draws the first."""
    cases = read_cases(study)
    metrics = metrics_of(cases)
    panels = [panel for case in cases for panel in _case_panels(case, metrics, folder=folder)]
    if not panels:
        raise ValueError(
            "figure=scatter must have at least one job with scores and accuracies, got none: "
            "choose a benchmark with accuracies, or figure=none"
        )
    # A column for each metric where they fit.
    columns = len(metrics) if 1 < len(metrics) < _MOST_COLUMNS else _MOST_COLUMNS
    return score_panels(panels, columns=columns, title=study["title"], settings=settings)


def _case_panels(case: Case, metrics: Sequence[str], *, folder: Path) -> list[ScorePanel]:
    job = case.jobs[0]
    names, column = list(job.get("metrics") or {}), job["run"].get("target")
    if not names or column is None:
        return []
    path = folder / job["folder"] / "scores.parquet"
    if not path.is_file():
        raise ValueError(
            f"figure=scatter must have the scores of each job, {path} is not there: run the study "
            "again, or choose figure=settings"
        )
    frame = pd.read_parquet(path)
    target = Target(
        column=column,
        label=column.replace("_", " "),
        higher_is_better=job["run"].get("higher_is_better") is not False,
    )
    return [
        ScorePanel(
            title=_with_draws(case_label(case, name, metrics=metrics), case),
            note=_note(job["metrics"].get(name) or {}),
            points=read_points(frame, metric=name, target=target),
        )
        for name in names
    ]


def _note(protocols: Mapping[str, Any]) -> str:
    found = protocols.get("connected") or {}
    rho = f"ρ = {decimals(found['spearman_rho'])}, " if "spearman_rho" in found else ""
    return f"connected: {rho}"
