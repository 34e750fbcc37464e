"""The record of a run, `summary.json`, as typed values: the one place that knows its keys."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from math import isfinite, nan
from pathlib import Path
from typing import Any

from epsilon_research.reporting.table import Table

Json = Mapping[str, Any]
"""An object as JSON has it, in which null stands for what is undefined."""

Interval = tuple[float, float]

EARLY = 10
"""Trained models after which tables first look at the curve of a search."""


def as_float(value: Any) -> float:
    """A number of a record; NaN for null and for what is no finite number."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return float(value) if known else nan


def as_interval(value: Any) -> Interval | None:
    """Both ends of an interval; None where one of them is undefined."""
    low, high = map(as_float, value) if isinstance(value, list | tuple) else (nan, nan)
    return (low, high) if isfinite(low) and isfinite(high) else None


def _value(value: Any) -> Any:
    """A value of a record in which null, alone or in a list, is NaN."""
    if isinstance(value, list):
        return [_value(part) for part in value]
    return nan if value is None else value


def _read(cls: type, record: Json, **own: Any) -> Any:
    """Make `cls` of the values that have the names of its fields; those in `own` are given."""
    names = [one.name for one in fields(cls) if one.name not in own]
    return cls(**own, **{name: _value(record.get(name)) for name in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number, NaN where undefined, with its 95 % interval where that is known.

    Args:
        value: The number.
        interval: Both ends, or None.
        has_interval: Whether the statistic has one, be it undefined.
    """

    value: float
    interval: Interval | None = None
    has_interval: bool = False

    @classmethod
    def from_json(cls, record: Json, name: str) -> "Estimate":
        """Read `name` and `<name>_interval` of an object; what is not there is undefined."""
        return cls(
            value=as_float(record.get(name)),
            interval=as_interval(record.get(f"{name}_interval")),
            has_interval=f"{name}_interval" in record,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The statistics of one metric under one protocol.

    Args:
        estimates: By name, among them `n` and `coverage`.
    """

    estimates: Mapping[str, Estimate]

    def __getitem__(self, name: str) -> Estimate:
        return self.estimates.get(name, Estimate(value=nan))

    def __contains__(self, name: str) -> bool:
        return name in self.estimates

    @classmethod
    def from_json(cls, record: Json) -> "Statistics":
        """Read the statistics of a protocol."""
        names = [name for name in record if not name.endswith("_interval")]
        return cls(estimates={name: Estimate.from_json(record, name) for name in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What it costs a search to reach an accuracy.

    Args:
        accuracy: The accuracy, in the unit of the curves.
        median_models: Trained models, median over repeats; NaN where half of them never reach it.
        reached_share: Share of repeats that reach it.
    """

    accuracy: float
    median_models: float
    reached_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchVariant:
    """What one variant of a search found.

    Args:
        label: Algorithm, warm-up and moves in words.
        protocol: Name of the rules of the search.
        budget: Trained models of one search.
        repeats: Number of searches.
        selected_on: What the search sees.
        reported: What the curves show.
        are_fractions: Whether they show accuracies, no losses and no objective of a user.
        repeat_share: Share of queries that met a model again.
        median_curve: Median over repeats after each trained model.
        low_curve: Lower quartile likewise.
        high_curve: Upper quartile likewise.
        targets: Cost of each target, the main one first.
    """

    label: str
    protocol: str
    budget: int
    repeats: int
    selected_on: str
    reported: str
    are_fractions: bool
    repeat_share: float
    median_curve: Sequence[float]
    low_curve: Sequence[float]
    high_curve: Sequence[float]
    targets: Sequence[Target]

    @classmethod
    def from_json(cls, record: Json) -> "SearchVariant":
        """Read a variant."""
        return _read(
            cls,
            record,
            label=variant_label(record),
            are_fractions=record["higher_is_better"] and record["reported"] != "objective",
            targets=[_read(Target, part) for part in record["targets"].values()],
        )


def variant_label(record: Json) -> str:
    """A variant of a search in words, e.g. `ageing evolution, epsilon warm-up`."""
    algorithm = record["algorithm"].replace("_", " ")
    warmup, metric = record["warmup_metric"], record.get("move_metric")
    warm = [] if warmup is None else [f"{warmup} warm-up"]
    if metric is None:
        return ", ".join([algorithm, *warm])
    move = "move" if record["move"] == "score" else "children"
    if warmup in (None, metric):
        return f"{algorithm}, {metric} {'' if warmup is None else 'warm-up and '}{move}"
    return ", ".join([algorithm, *warm, f"{metric} {move}"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Architectures that were chosen from samples: mean and standard deviation over samples."""

    chosen_by: str
    test_accuracy: tuple[float, float]
    validation_accuracy: tuple[float, float]
    mean_rank: float

    @classmethod
    def from_json(cls, record: Json, chosen_by: str) -> "Choice":
        """Read the choices of one metric, of chance, or of the best."""
        pairs = {
            name: (as_float(part.get("mean")), as_float(part.get("std")))
            for name in ("test_accuracy", "validation_accuracy")
            for part in [record.get(name) or {}]
        }
        return cls(chosen_by=chosen_by, mean_rank=as_float(record.get("mean_rank")), **pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """One architecture of each sample, chosen without training.

    Args:
        size: Architectures in a sample.
        runs: Number of samples.
        are_fractions: Whether accuracies are fractions.
        by_metric: Choices of each metric.
        by_chance: Choices by chance.
        best: The best of each sample.
        best_known: Best accuracy of all architectures; NaN where unknown.
    """

    size: int
    runs: int
    are_fractions: bool
    by_metric: Mapping[str, Choice]
    by_chance: Choice
    best: Choice
    best_known: float

    @classmethod
    def from_json(cls, record: Json, size: str) -> "Selection":
        """Read the selection of one sample size."""
        metrics = {record["metric"]: record, **record.get("others", {})}
        return cls(
            size=int(size),
            runs=record["runs"],
            are_fractions=record.get("higher_is_better", True),
            by_metric={name: Choice.from_json(part, name) for name, part in metrics.items()},
            by_chance=Choice.from_json(record.get("random", {}), "chance"),
            best=Choice.from_json(record.get("optimum", {}), "the best there"),
            best_known=as_float(record.get("best_known")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """How alike the rankings of one metric are when its minibatch, or its seed, is drawn again."""

    metric: str
    drawn: str
    repeats: int | float
    n: int | float
    coverage: float
    mean_rho: float
    min_rho: float
    mean_top10_overlap: float

    @classmethod
    def from_json(cls, record: Json, metric: str, drawn: str) -> "Stability":
        """Read the repeats of one metric."""
        return _read(cls, record, metric=metric, drawn=drawn)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightRule:
    """What a rule that chooses the weights found.

    Args:
        rule: Name of the rule.
        weights: Chosen pair, NaN where undefined.
        found: Pairs that it found on the way, by what they are; None: no pair.
        tried: Pairs, or weights on both sides, that it tried.
    """

    rule: str
    weights: Sequence[float] | None
    found: Mapping[str, Sequence[float] | None]
    tried: int

    @classmethod
    def from_json(cls, record: Json) -> "WeightRule":
        """Read the record of a rule."""
        limits = {"limits": record["limits"]} if record.get("limits") else {}
        found = {**limits, **(record.get("picks") or {})}
        return cls(
            rule=record.get("rule", ""),
            weights=_pair(record.get("weights")),
            found={name: _pair(pair) for name, pair in found.items()},
            tried=sum(len(record.get(name) or ()) for name in ("tried", "low", "high")),
        )


def _pair(value: Any) -> Sequence[float] | None:
    return None if not value else [as_float(weight) for weight in value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Difference of two metrics' ρ on the same rows, with Steiger's test and Holm's correction."""

    first: str
    second: str
    difference: Estimate
    z: float
    p_holm: float
    significant: bool

    @classmethod
    def from_json(cls, record: Json) -> "Difference":
        """Read a difference, as first minus second."""
        return _read(cls, record, difference=Estimate.from_json(record, "difference"))

    def of(self, metric: str) -> "Difference":
        """The same difference as `metric` minus the other one."""
        if self.first == metric:
            return self
        ends = self.difference.interval
        turned = Estimate(
            value=-self.difference.value, interval=None if ends is None else (-ends[1], -ends[0])
        )
        return replace(self, first=metric, second=self.first, difference=turned, z=-self.z)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricComparison:
    """Several metrics on the same rows.

    Args:
        rhos: ρ with accuracy by metric.
        differences: Of each pair of metrics.
        within_convolutions: ρ among architectures with equal numbers of convolutions, by metric;
            empty where the space has no convolutions.
        aggregates: Metrics and ρ of the best pair, the best triple and all of them.
    """

    rhos: Mapping[str, float]
    differences: Sequence[Difference]
    within_convolutions: Mapping[str, Estimate]
    aggregates: Sequence[tuple[Sequence[str], float]]

    @classmethod
    def from_json(cls, record: Json) -> "MetricComparison":
        """Read the comparison under one protocol."""
        subsets = record["aggregates"]
        best = [part[0] for part in (subsets["pairs"], subsets["triples"]) if part]
        within = record.get("within_equal_num_convolutions", {})
        return cls(
            rhos={name: as_float(rho) for name, rho in record["spearman_rho"].items()},
            differences=[Difference.from_json(part) for part in record["differences"]],
            within_convolutions={
                name: Estimate.from_json(part, "spearman_rho") for name, part in within.items()
            },
            aggregates=[
                (part["metrics"], as_float(part["spearman_rho"]))
                for part in [*best, subsets["all"]]
            ],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run found.

    Args:
        facts: The part `run`: space, data, metrics, weights, seeds, versions.
        counts: Numbers of architectures by what became of them.
        timing: Seconds, rate and number of processes.
        metrics: Statistics by metric and protocol.
        diagnosis: Remarks on each metric.
        search: Variants of a search by name.
        selection: Choices of one architecture, by size of the sample.
        stability: Repeats with other draws.
        weight_rule: What chose the weights; None: they were given.
        comparisons: Metrics beside each other, by protocol.
        seconds_per_architecture: By metric, where known.
        tables: What stages show of what they found.
        incomplete: Why the run is incomplete; empty: it is complete.
        record: All of it, as JSON has it.
    """

    facts: Json
    counts: Mapping[str, int]
    timing: Mapping[str, float]
    metrics: Mapping[str, Mapping[str, Statistics]]
    diagnosis: Mapping[str, Sequence[str]]
    search: Mapping[str, SearchVariant]
    selection: Sequence[Selection]
    stability: Sequence[Stability]
    weight_rule: WeightRule | None
    comparisons: Mapping[str, MetricComparison]
    seconds_per_architecture: Mapping[str, float]
    tables: Sequence[Table]
    incomplete: str
    record: Json = field(repr=False)

    def fact(self, name: str) -> Any:
        """A fact of the run; None where it is null or not recorded."""
        return self.facts.get(name)

    @property
    def higher_is_better(self) -> bool:
        """Whether trained results are accuracies, and no losses."""
        return self.facts.get("higher_is_better") is not False

    @classmethod
    def from_json(cls, record: Json) -> "Run":
        """Read the value of `summary.json`."""
        comparison = dict(record.get("comparison") or {})
        seconds = comparison.pop("seconds_per_architecture", {})
        rule = record.get("weight_rule")
        return cls(
            facts=record.get("run", {}),
            counts=record.get("counts", {}),
            timing=record.get("timing", {}),
            metrics={
                metric: {name: Statistics.from_json(part) for name, part in protocols.items()}
                for metric, protocols in (record.get("metrics") or {}).items()
            },
            diagnosis=record.get("diagnosis") or {},
            search={
                name: SearchVariant.from_json(part)
                for name, part in (record.get("search") or {}).items()
            },
            selection=[
                Selection.from_json(part, size)
                for size, part in (record.get("selection") or {}).items()
            ],
            stability=[
                Stability.from_json(part, metric, drawn)
                for metric, kinds in (record.get("stability") or {}).items()
                for drawn, part in kinds.items()
            ],
            weight_rule=None if rule is None else WeightRule.from_json(rule),
            comparisons={
                protocol: MetricComparison.from_json(part)
                for protocol, part in comparison.items()
                if isinstance(part, Mapping) and "differences" in part
            },
            seconds_per_architecture={name: as_float(part) for name, part in seconds.items()},
            tables=[Table(**part) for part in record.get("tables") or ()],
            incomplete=record.get("incomplete") or "",
            record=record,
        )

    @classmethod
    def read(cls, folder: Path) -> "Run | None":
        """Read the record in a run's folder; None if the run did not finish."""
        path = folder / "summary.json"
        if not path.is_file():
            return None
        return cls.from_json(json.loads(path.read_text(encoding="utf-8")))
