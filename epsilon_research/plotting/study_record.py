"""Reads the record of a study: its jobs by settings, their statistics, what was published."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import numpy as np

from epsilon_research.reporting.numbers import setting

DRAW_SETTINGS = ("minibatch_seed", "seed")
"""Settings that only draw again: jobs that differ in nothing else are repeats of one case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One number of a case: a single job's with its interval, or the mean of several draws.

    Attributes:
        value: The number, or the mean over the draws that have one; NaN if none has.
        std: Standard deviation over draws (n − 1 in the denominator); NaN below two.
        low: Lower end of the single job's 95 % interval, or the smallest draw; NaN if unknown.
        high: Upper end, or the largest draw.
        count: Jobs that have the number.
    """

    value: float
    std: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The jobs of one combination of settings; several where these were drawn again.

    Attributes:
        settings: {name: value as typed}, without `DRAW_SETTINGS`.
        jobs: Entries of the record's `jobs`, at least one.
    """

    settings: Mapping[str, str]
    jobs: tuple[Mapping[str, Any], ...]

    @property
    def is_drawn_again(self) -> bool:
        """Whether there are several draws."""
        return len(self.jobs) > 1

    @property
    def metrics(self) -> list[str]:
        """Metrics with statistics, in their order."""
        return _in_order(job.get("metrics") or {} for job in self.jobs)

    def protocols(self, metric: str) -> list[str]:
        """Protocols under which `metric` has statistics, in their order."""
        return _in_order((job.get("metrics") or {}).get(metric) or {} for job in self.jobs)

    def spread(self, metric: str, protocol: str, statistic: str) -> Spread:
        """A statistic over the jobs; undefined ones are left out and `count` says so."""
        found = [_statistics(job, metric, protocol) for job in self.jobs]
        values = [number(part.get(statistic)) for part in found]
        if not self.is_drawn_again:
            low, high = interval_of(found[0].get(f"{statistic}_interval"))
            return Spread(
                value=values[0], std=nan, low=low, high=high, count=int(isfinite(values[0]))
            )
        return spread_of(values)

    def label(self, *, without: Sequence[str] = ()) -> str:
        """The settings in words: the value of a single one, else name=value of each."""
        shown = {
            name: value or "default" for name, value in self.settings.items() if name not in without
        }
        if len(shown) == 1:
            return next(iter(shown.values()))
        return ", ".join(f"{short_name(name)}={value}" for name, value in shown.items())


def read_cases(study: Mapping[str, Any]) -> list[Case]:
    """The jobs of a study by settings, in their order; draws of one combination together."""
    names = [name for name in study["settings"] if not is_draw(name)]
    grouped: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for job in study["jobs"]:
        values = tuple(setting(job["settings"].get(name)) for name in names)
        grouped.setdefault(values, []).append(job)
    return [
        Case(settings=dict(zip(names, values, strict=True)), jobs=tuple(jobs))
        for values, jobs in grouped.items()
    ]


def is_draw(setting: str) -> bool:
    """Whether a setting only draws again, whatever part of the configuration it stands in."""
    return short_name(setting) in DRAW_SETTINGS


def short_name(setting: str) -> str:
    """The last part of a dotted name."""
    return setting.rpartition(".")[2]


def protocols_of(cases: Sequence[Case]) -> list[str]:
    """All protocols of all metrics, in the order of their first mention."""
    return _in_order(case.protocols(metric) for case in cases for metric in case.metrics)


def metrics_of(cases: Sequence[Case]) -> list[str]:
    """All metrics, in the order of their first mention."""
    return _in_order(case.metrics for case in cases)


def published_values(
    study: Mapping[str, Any], statistic: str
) -> dict[tuple[int, str], tuple[float, str]]:
    """{(job, metric): (published value, protocol)}; the first table that has a value counts."""
    found: dict[tuple[int, str], tuple[float, str]] = {}
    for entry in comparisons(study):
        value = number(entry.get("published"))
        if entry["statistic"] == statistic and isfinite(value):
            found.setdefault((entry["job"], entry["metric"]), (value, entry["protocol"]))
    return found


def comparisons(study: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every number that stands beside a published one, of all tables."""
    for table in study.get("published") or []:
        yield from table["published_rows"]


def number(value: object) -> float:
    """A number of a record as a float; NaN for null and for what is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return nan
    return float(value)


def interval_of(value: object) -> tuple[float, float]:
    """Both ends of an interval, or two NaN where one of them is not known."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        return nan, nan
    low, high = number(value[0]), number(value[1])
    return (low, high) if isfinite(low) and isfinite(high) else (nan, nan)


def spread_of(values: Sequence[int | float]) -> Spread:
    """Mean, standard deviation and range of the finite ones of several draws."""
    kept = np.array([value for value in values if isfinite(value)], np.float64)
    if not kept.size:
        return Spread(value=nan, std=nan, low=nan, high=nan, count=0)
    return Spread(
        value=float(kept.mean()),
        std=float(kept.std(ddof=1)) if kept.size > 1 else nan,
        low=float(kept.min()),
        high=float(kept.max()),
        count=int(kept.size),
    )


def _statistics(job: Mapping[str, Any], metric: str, protocol: str) -> Mapping[str, Any]:
    protocols = (job.get("metrics") or {}).get(metric) or {}
    return protocols.get(protocol) or {}


def _in_order(names: Any) -> list[str]:
    return list(dict.fromkeys(name for part in names for name in part))
