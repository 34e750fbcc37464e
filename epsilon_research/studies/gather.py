"""Gathers the jobs of a study: one table, one record, figures, beside the published numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from epsilon_research.bounded_yaml import read_settings
from epsilon_research.checks import is_number
from epsilon_research.plotting import FigureSettings, save_study_figure
from epsilon_research.reporting.numbers import setting
from epsilon_research.reporting.run import Run, Statistics, command_line
from epsilon_research.reporting.study import Job, Study
from epsilon_research.studies.published import compare_with_published
from epsilon_research.studies.report import Report
from epsilon_research.tracking import write_json, write_table

RECORD = "study.json"

_NO_SETTINGS = (
    "hydra", "study", "gather", "store", "executor", "tracker", "figures", "name", "report",
    "pipeline", "files",
)  # fmt: skip
"""Sections of a configuration that change no number, or only repeat others."""


def gather(
    folder: Path,
    *,
    name: str,
    report: Report,
    overrides: Sequence[str],
    plotting: FigureSettings | None = None,
) -> Study:
    """Read what the jobs of a study left, and write table, record and figures beside them.

    The folder is a sweep's, with one numbered folder for each job, or that of a single run;
    `overrides` is what was typed to start it, without the program.

    Raises:
        FileNotFoundError: No job of the folder has finished.
        ValueError: The figure cannot be drawn of these jobs; table and record are written.
        OSError: A file cannot be written.
    """
    runs = {path: Run.read(path) for path in job_folders(folder)}
    done = {path: run for path, run in runs.items() if run is not None}
    if not done:
        raise FileNotFoundError(
            f"{folder} must hold at least one finished job (a summary.json), got none: run the "
            "study first"
        )
    configurations = {path: read_configuration(path) for path in done}
    typed = [word for run in done.values() for word in run.fact("overrides") or ()]
    names = [word.partition("=")[0].lstrip("+~") for word in typed]
    settings = varied_settings(list(configurations.values()), first=names)
    jobs = [
        Job(
            number=0 if path == folder else int(path.name),
            folder="." if path == folder else path.name,
            settings={name: configurations[path].get(name) for name in settings},
            run=run,
        )
        for path, run in done.items()
    ]
    beside = list(zip(jobs, configurations.values(), strict=True))
    study = Study(
        name=name,
        title=report.title,
        question=report.question,
        remark=report.remark,
        command=command_line(overrides),
        settings=settings,
        jobs=jobs,
        missing_jobs=[path.name for path, run in runs.items() if run is None],
        published=compare_with_published(beside, report.published),
    )
    write_table(pd.DataFrame(_rows(jobs)), folder / "study.parquet")
    try:
        study = replace(study, figures=_draw(study, report.figure, folder, plotting))
    finally:
        # A figure that cannot be drawn must not cost the record.
        write_json(study.to_json(), folder / RECORD)
    return study


def job_folders(folder: Path) -> list[Path]:
    """The folders of a sweep's jobs in their order; the folder itself where it is one run's."""
    numbered = [path for path in folder.glob("[0-9]*") if path.name.isdigit() and path.is_dir()]
    return sorted(numbered, key=lambda path: int(path.name)) or [folder]


def read_configuration(folder: Path) -> dict[str, Any]:
    """Read what the job in a folder ran with.

    It is the option of each group, then every resolved setting by its dotted name, from the top of
    the configuration down; lists are values.

    Raises:
        FileNotFoundError: The folder holds no configuration.
    """
    resolved = folder / "config.yaml"
    if not resolved.is_file():
        raise FileNotFoundError(
            f"{folder} must hold the configuration of its run, config.yaml, got none: run the "
            "study again"
        )
    composed = folder / ".hydra" / "hydra.yaml"
    hydra = read_settings(composed)["hydra"] if composed.is_file() else {"runtime": {"choices": {}}}
    chosen = {
        name: option
        for name, option in hydra["runtime"]["choices"].items()
        if not name.startswith("hydra/") and name not in _NO_SETTINGS
    }
    values = sorted(_flatten(read_settings(resolved)), key=lambda item: item[0].count("."))
    return chosen | {name: value for name, value in values if name not in chosen}


def _flatten(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        name = f"{prefix}{key}"
        if prefix or key not in _NO_SETTINGS:
            if isinstance(value, Mapping):
                yield from _flatten(value, f"{name}.")
            else:
                yield name, value


def varied_settings(
    configurations: Sequence[Mapping[str, Any]], *, first: Sequence[str] = ()
) -> list[str]:
    """Return the names of settings that distinguish all different jobs, and no others explain.

    A setting whose value follows from those before it is left out: what a task chooses for its
    jobs, or a copy by interpolation. Names in `first`, such as those that were typed, come first.
    """
    names = dict.fromkeys([*first, *(name for one in configurations for name in one)])
    kept: list[str] = []
    known: list[tuple[str, ...]] = [() for _ in configurations]
    for name in names:
        values = [_key(one.get(name)) for one in configurations]
        finer = [(*before, value) for before, value in zip(known, values, strict=True)]
        if len(set(finer)) > len(set(known)):
            kept.append(name)
            known = finer
    return kept


def _key(value: Any) -> str:
    """Equal for equal values: 1 and 1.0 are one number."""
    if isinstance(value, list):
        return f"[{','.join(map(_key, value))}]"
    return repr(float(value) if is_number(value) else value)


def _rows(jobs: Sequence[Job]) -> Iterator[dict[str, Any]]:
    """One row for each job, metric and protocol; a job without statistics has one per metric."""
    for job in jobs:
        run = job.run
        facts = {name: setting(value) for name, value in job.settings.items()}
        work = {name: run.counts[name] for name in ("architectures", "connected", "failed")}
        work |= {"scoring_seconds": float(run.timing["scoring_seconds"])}
        without = {metric: {None: Statistics(values={})} for metric in run.fact("metrics")}
        for metric, protocols in (run.metrics or without).items():
            for protocol, found in protocols.items():
                place = {"job": job.number, **facts, "metric": metric, "protocol": protocol}
                ends = {}
                for name in found.intervals:
                    spread = found.spread(name)
                    ends |= {f"{name}_low": spread.low, f"{name}_high": spread.high}
                yield {**place, **found.values, **ends, **work}


def _draw(study: Study, figure: str, folder: Path, plotting: FigureSettings | None) -> list[str]:
    """The paths of the study's pictures within its folder."""
    # Without accuracies there are scores, and no statistics to draw; but a search may have had an
    # objective.
    drawn = [job.run.search if figure == "search" else job.run.metrics for job in study.jobs]
    paths = save_study_figure(
        study,
        figure=figure if any(drawn) else "none",
        folder=folder / "figures",
        settings=plotting,
    )
    return [str(path.relative_to(folder)) for path in paths if path.suffix == ".png"]
