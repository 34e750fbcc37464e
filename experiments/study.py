"""Gathers the jobs of a study: one table, one record, figures, beside the published numbers."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from epsilon_research.plotting import STUDY_FIGURES, FigureSettings, save_study_figure
from epsilon_research.tracking import write_json, write_table
from experiments.published import compare_with_published, published_tables

logger = logging.getLogger(__name__)

_OPTIONAL_PARTS = (
    "metrics", "diagnosis", "search", "selection", "stability", "comparison", "agreement",
    "weight_rule", "incomplete",
)  # fmt: skip
"""Parts of a summary that some runs have and others do not."""

_NOT_SETTINGS = ("hydra.", "hydra/", "study", "gather", "store", "executor", "tracker")
"""Beginnings of what is typed but does not change a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a study asks, and what its results are put beside.

    Args:
        title: One line over tables and figures.
        question: What the study asks, one sentence.
        published: Tables of `paper.json`, in the order of their telling.
        needs: Files without which it cannot run, by the kinds of `experiments.paper`.
        uses: Files that it takes instead of what needs no download, likewise.
        figure: One of `plotting.STUDY_FIGURES`.
        remark: Why results are not the published ones, or what else a reader has to know.
        order: Place among the studies of the paper; those without one come last.
    """

    title: str
    question: str
    published: Sequence[str] = ()
    needs: Sequence[str] = ()
    uses: Sequence[str] = ()
    figure: str = "settings"
    remark: str = ""
    order: int | None = None

    def __post_init__(self) -> None:
        if self.figure not in STUDY_FIGURES:
            raise ValueError(
                f"report.figure must be one of {', '.join(STUDY_FIGURES)}, got {self.figure!r}: "
                "choose one of them"
            )
        for table in self.published:
            published_tables(table)


def gather(
    folder: Path,
    *,
    name: str,
    report: Report,
    overrides: Sequence[str],
    plotting: FigureSettings | None = None,
) -> dict[str, Any]:
    """Reads what the jobs of a study left, writes table, record and figures beside them.

    Args:
        folder: Of the study: a sweep's folder with one numbered folder for each job, or a run's.
        name: Of the study.
        report: What it asks.
        overrides: What was typed to start it, without the program.
        plotting: Size, formats and style of its figure; None: the defaults.

    Returns:
        The record, as `study.json` has it.

    Raises:
        FileNotFoundError: No job of the folder has ended.
        ValueError: The figure cannot be drawn of these jobs; table and record are written.
        OSError: A file cannot be written.
    """
    folders = job_folders(folder)
    summaries = {path: _summary(path) for path in folders}
    done = {path: found for path, found in summaries.items() if found is not None}
    if not done:
        raise FileNotFoundError(
            f"{folder} must hold at least one finished job (a summary.json), got none: run the "
            "study first"
        )
    settings = varied_settings([found["run"].get("overrides", []) for found in done.values()])
    jobs = [_job(path, found, folder=folder, settings=settings) for path, found in done.items()]
    study: dict[str, Any] = {
        "name": name,
        "title": report.title,
        "question": report.question,
        "remark": report.remark,
        "command": " ".join(["python run.py", *map(_quoted, overrides)]),
        "settings": settings,
        "run": _common([job["run"] for job in jobs]),
        "jobs": jobs,
        "missing_jobs": [path.name for path, found in summaries.items() if found is None],
        "published": compare_with_published(jobs, report.published),
    }
    write_table(study_table_frame(jobs), folder / "study.parquet")
    study["figures"] = []
    # Before anything is drawn: a figure that cannot be must not cost the record.
    write_json(study, folder / "study.json")
    # Without accuracies there are scores, and no statistics to draw; but a search may have had an
    # objective.
    drawn_of = "search" if report.figure == "search" else "metrics"
    figure = report.figure if any(drawn_of in job for job in jobs) else "none"
    paths = save_study_figure(study, figure=figure, folder=folder / "figures", settings=plotting)
    study["figures"] = [str(path.relative_to(folder)) for path in paths if path.suffix == ".png"]
    write_json(study, folder / "study.json")
    return study


def job_folders(folder: Path) -> list[Path]:
    """The folders of a sweep's jobs in their order; the folder itself where it is one run's."""
    numbered = [path for path in folder.glob("[0-9]*") if path.name.isdigit() and path.is_dir()]
    return sorted(numbered, key=lambda path: int(path.name)) or [folder]


def varied_settings(overrides: Sequence[Sequence[str]]) -> list[str]:
    """The names of the settings that differ between jobs, in the order of their typing.

    Args:
        overrides: For each job what was typed or swept, e.g. `["weights=[1e-7,1]", "seed=1"]`.
    """
    typed = [_typed(words) for words in overrides]
    names = list(dict.fromkeys(name for words in typed for name in words))
    return [
        name
        for name in names
        if not name.startswith(_NOT_SETTINGS) and len({words.get(name) for words in typed}) > 1
    ]


def study_table_frame(jobs: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row for each job, metric and protocol; a job without statistics has one row."""
    return pd.DataFrame([row for job in jobs for row in _rows(job)])


def _rows(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    counts = job["counts"]
    facts = {"job": job["job"], **job["settings"]}
    work = {
        "architectures": counts["architectures"],
        "connected": counts["connected"],
        "failed": counts["failed"],
        "scoring_seconds": float(job["timing"]["scoring_seconds"]),
    }
    metrics = job.get("metrics", {})
    if not metrics:
        return [facts | {"metric": metric, "protocol": None} | work for metric in _metrics(job)]
    return [
        facts | {"metric": metric, "protocol": protocol} | _columns(found) | work
        for metric, protocols in metrics.items()
        for protocol, found in protocols.items()
    ]


def _metrics(job: Mapping[str, Any]) -> Sequence[str]:
    return job["run"]["metrics"]


def _columns(found: Mapping[str, Any]) -> dict[str, float | int]:
    columns: dict[str, float | int] = {}
    for name, value in found.items():
        if name.endswith("_interval"):
            ends = (float("nan"),) * 2 if value is None else value
            stem = name.removesuffix("_interval")
            columns[f"{stem}_low"], columns[f"{stem}_high"] = (_number(end) for end in ends)
        else:
            columns[name] = value if isinstance(value, int) else _number(value)
    return columns


def _number(value: float | int | None) -> float:
    """A number of a summary, in which what is undefined is null."""
    return float("nan") if value is None else float(value)


def _summary(folder: Path) -> dict[str, Any] | None:
    path = folder / "summary.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _job(
    path: Path, summary: Mapping[str, Any], *, folder: Path, settings: Sequence[str]
) -> dict[str, Any]:
    typed = _typed(summary["run"].get("overrides", []))
    number = int(path.name) if path != folder else 0
    return {
        "job": number,
        "folder": "." if path == folder else path.name,
        "settings": {name: typed.get(name, "") for name in settings},
        "run": summary["run"],
        "counts": summary["counts"],
        "timing": summary["timing"],
        **{part: summary[part] for part in _OPTIONAL_PARTS if part in summary},
    }


def _typed(overrides: Sequence[str]) -> dict[str, str]:
    """`["weights=[1e-7,1]"]` as `{"weights": "[1e-7,1]"}`; the last word on a setting counts."""
    pairs = (word.partition("=") for word in overrides)
    return {name.lstrip("+~"): value for name, _, value in pairs}


def _common(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all jobs' records say alike."""
    first = {key: value for key, value in runs[0].items() if key != "overrides"}
    return {
        key: value
        for key, value in first.items()
        if all(key in run and run[key] == value for run in runs)
    }


def _quoted(word: str) -> str:
    """As a shell takes it."""
    return f"'{word}'" if any(letter in word for letter in "[]{}*?() ") else word
