"""The record of a study, `study.json`, as typed values: its jobs, and what stands beside them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from math import isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np

from epsilon_research.reporting.numbers import setting
from epsilon_research.reporting.published import Comparison
from epsilon_research.reporting.run import Run, Spread
from epsilon_research.reporting.typed_json import Json, read_record

SEED_SETTINGS = ("minibatch_seed", "seed")
"""Settings that only draw again: jobs that differ in nothing else are replicates of one case."""

_RUN_PARTS = (
    "run", "counts", "timing", "metrics", "diagnosis", "search", "selection", "stability",
    "comparison", "agreement", "weight_rule", "tables", "incomplete",
)  # fmt: skip
"""Parts of a run's record that the study's record repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run of a study: its place in the sweep, its folder there, the settings that vary.

    By default it is a run by itself.
    """

    number: int = 0
    folder: str = "."
    settings: Mapping[str, Any] = field(default_factory=dict)
    run: Run

    @property
    def case(self) -> "Case":
        """The job as a case of its own."""
        return Case(settings=self.settings, jobs=(self,))

    @classmethod
    def from_json(cls, record: Json) -> "Job":
        """Read an entry of `jobs`."""
        return cls(
            number=record["job"],
            folder=record["folder"],
            settings=record["settings"],
            run=Run.from_json(record),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the entry of `jobs`."""
        parts = {name: self.run.record[name] for name in _RUN_PARTS if name in self.run.record}
        return {"job": self.number, "folder": self.folder, "settings": self.settings, **parts}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPart:
    """A published table beside the jobs of a study.

    `published_rows` are its numbers beside ours, `unmatched` the labels of its rows that no job
    stands beside; `note` is what one has to know to compare.
    """

    table: str
    title: str
    source: str
    note: str = ""
    published_rows: Sequence[Comparison]
    unmatched: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """Return the entry of `published`."""
        return asdict(self) | {"published_rows": [row.to_json() for row in self.published_rows]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The jobs of one combination of settings; several where these were drawn again.

    `settings` has no `SEED_SETTINGS`.
    """

    settings: Mapping[str, Any]
    jobs: tuple[Job, ...]

    @property
    def has_replicates(self) -> bool:
        """Return whether there are several draws."""
        return len(self.jobs) > 1

    @property
    def metrics(self) -> list[str]:
        """Metrics with statistics, in their order."""
        return _in_order(job.run.metrics for job in self.jobs)

    def protocols(self, metric: str) -> list[str]:
        """Return the protocols under which `metric` has statistics, in their order."""
        return _in_order(job.run.metrics.get(metric, {}) for job in self.jobs)

    def spread(self, metric: str, protocol: str, statistic: str) -> Spread:
        """Return a statistic over the jobs; undefined ones are left out."""
        found = [
            part
            for job in self.jobs
            if (part := job.run.metrics.get(metric, {}).get(protocol)) is not None
        ]
        if self.has_replicates or not found:
            return spread_of([part[statistic] for part in found])
        return found[0].spread(statistic)

    def label(self, *, without: Sequence[str] = (), separator: str = ", ") -> str:
        """Return the settings in words: the value of a single one, else name=value of each."""
        shown = {name: value for name, value in self.settings.items() if name not in without}
        return separator.join(
            setting(value) if len(shown) == 1 else f"{short_name(name)}={setting(value)}"
            for name, value in shown.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The record of a study: what its jobs found.

    Args:
        title: One line over tables and figures.
        remark: What a reader has to know; empty for nothing.
        command: What was typed to start it.
        settings: Names of the settings in which jobs differ.
        jobs: The jobs that finished.
        missing_jobs: Folders of the others.
        figures: Paths of its pictures within its folder.
    """

    name: str
    title: str
    question: str
    remark: str = ""
    command: str
    settings: Sequence[str]
    jobs: Sequence[Job]
    missing_jobs: Sequence[str]
    published: Sequence[PublishedPart]
    figures: Sequence[str] = ()

    @property
    def cases(self) -> list[Case]:
        """The jobs by settings, in their order; draws of one combination together."""
        grouped: dict[tuple[str, ...], list[Job]] = {}
        names = [name for name in self.settings if not is_seed(name)]
        for job in self.jobs:
            # As text, in which 1 and 1.0 are one number.
            values = tuple(setting(job.settings[name]) for name in names)
            grouped.setdefault(values, []).append(job)
        return [
            Case(settings={name: jobs[0].settings[name] for name in names}, jobs=tuple(jobs))
            for jobs in grouped.values()
        ]

    @property
    def comparisons(self) -> list[Comparison]:
        """All numbers that stand beside published ones."""
        return [row for part in self.published for row in part.published_rows]

    def published_values(self, statistic: str) -> dict[tuple[int, str], tuple[float, str]]:
        """Return {(job, metric): (published value, protocol)}; the first table with it counts."""
        found: dict[tuple[int, str], tuple[float, str]] = {}
        for row in self.comparisons:
            if row.statistic == statistic and isfinite(row.published):
                found.setdefault((row.job, row.metric), (row.published, row.protocol))
        return found

    @classmethod
    def read(cls, path: Path) -> "Study":
        """Read `study.json`.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is not the record of a study.
        """
        try:
            return read_record(cls, json.loads(path.read_text(encoding="utf-8")))
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(
                f"{path.name} must be the record of a study, got another content ({error}): run "
                "the study again"
            ) from error

    def to_json(self) -> dict[str, Any]:
        """Return the value of `study.json`."""
        return {one.name: getattr(self, one.name) for one in fields(self)} | {
            "jobs": [job.to_json() for job in self.jobs],
            "published": [part.to_json() for part in self.published],
        }


def is_seed(name: str) -> bool:
    """Return whether a setting only draws again, in whatever part of the configuration."""
    return short_name(name) in SEED_SETTINGS


def short_name(name: str) -> str:
    """Return the last part of a dotted name."""
    return name.rpartition(".")[2]


def protocols_of(cases: Sequence[Case]) -> list[str]:
    """Return all protocols of all metrics, in the order of their first mention."""
    return _in_order(case.protocols(metric) for case in cases for metric in case.metrics)


def metrics_of(cases: Sequence[Case]) -> list[str]:
    """Return all metrics, in the order of their first mention."""
    return _in_order(case.metrics for case in cases)


def spread_of(values: Sequence[float]) -> Spread:
    """Return mean, standard deviation and range of the finite ones of several draws."""
    kept = np.array([value for value in values if isfinite(value)], np.float64)
    if not kept.size:
        return Spread()
    std = float(kept.std(ddof=1)) if kept.size > 1 else nan
    return Spread(value=float(kept.mean()), std=std, low=float(kept.min()), high=float(kept.max()))


def _in_order(parts: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(name for part in parts for name in part))
