"""The record of a run, `summary.json`, as typed values: the one place that knows its keys."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import Any

from epsilon_research.reporting.table import Table
from epsilon_research.reporting.typed_json import (
    Interval,
    Json,
    as_float,
    as_interval,
    read_record,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One number of a case: a single job's with its interval, or the mean of several draws.

    Args:
        value: The number, or the mean over the draws that have one; NaN if none has.
        std: Standard deviation over draws (n − 1 in the denominator); NaN below two.
        low: Lower end of the single job's 95 % interval, or the smallest draw; NaN if unknown.
        high: Upper end, or the largest draw.
    """

    value: float = nan
    std: float = nan
    low: float = nan
    high: float = nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The statistics of one metric under one protocol.

    Args:
        values: Statistics by name, among them `n` and `coverage`; NaN where undefined.
        intervals: 95 % intervals of those that have one; None where undefined.
    """

    values: Mapping[str, float]
    intervals: Mapping[str, Interval | None] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        return self.values.get(name, nan)

    def spread(self, name: str) -> Spread:
        """Return a statistic with the ends of its interval."""
        low, high = self.intervals.get(name) or (nan, nan)
        return Spread(value=self[name], low=low, high=high)

    @classmethod
    def from_json(cls, record: Json) -> "Statistics":
        """Read numbers and, under `<name>_interval`, their intervals."""
        names = [name for name in record if not name.endswith("_interval")]
        ends = {name: record[key] for name in names if (key := f"{name}_interval") in record}
        return cls(
            values={name: as_float(record[name]) for name in names},
            intervals={name: as_interval(pair) for name, pair in ends.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Trained models until a search reaches an accuracy, in the unit of its curves.

    The median over repeats is NaN where half of them never reach it.
    """

    accuracy: float
    median_models: float
    reached_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchVariant:
    """The record of one variant of a search.

    Args:
        protocol: Name of the rules of the search.
        budget: Trained models of one search.
        selected_on: What the search sees.
        reported: What the curves show.
        repeat_share: Share of queries that met a model again.
        median_curve: Median over repeats after each trained model; the others are its quartiles.
        targets: Cost of each target, the main one first.
    """

    algorithm: str
    warmup_metric: str | None
    move: str | None
    move_metric: str | None
    protocol: str
    budget: int
    repeats: int
    selected_on: str
    reported: str
    higher_is_better: bool
    repeat_share: float
    median_curve: Sequence[float]
    low_curve: Sequence[float]
    high_curve: Sequence[float]
    targets: Mapping[str, Target]

    @property
    def are_fractions(self) -> bool:
        """Return whether the curves show accuracies, not a loss or a user's own objective."""
        return self.higher_is_better and self.reported != "objective"

    @property
    def start(self) -> tuple[str, ...]:
        """The variant's addition to its algorithm, in words."""
        warm = () if self.warmup_metric is None else (f"{self.warmup_metric} warm-up",)
        if self.move_metric is None:
            return warm
        move = "move" if self.move == "score" else "children"
        if self.warmup_metric == self.move_metric:
            return (f"{self.move_metric} warm-up and {move}",)
        return (*warm, f"{self.move_metric} {move}")

    @property
    def label(self) -> str:
        """The variant in words, e.g. `ageing evolution, epsilon warm-up`."""
        return ", ".join([self.algorithm.replace("_", " "), *self.start])


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Mean and standard deviation over samples."""

    mean: float
    std: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The architectures that were chosen, one from each sample."""

    test_accuracy: Moments
    validation_accuracy: Moments
    mean_rank: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection(Choice):
    """One architecture of each sample, chosen without training by `metric`.

    Args:
        metric: The run's first metric; `others` has the choices by further ones.
        optimum: The best of each sample.
        runs: Number of samples.
        best_known: Best accuracy of all architectures; NaN where unknown.
    """

    metric: str
    others: Mapping[str, Choice]
    random: Choice
    optimum: Choice
    runs: int
    higher_is_better: bool = True
    best_known: float

    @property
    def by_metric(self) -> Mapping[str, Choice]:
        """The choices of every metric."""
        return {self.metric: self, **self.others}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """Likeness of the rankings of one metric when its minibatch, or its seed, is drawn again."""

    repeats: float
    n: float
    coverage: float
    mean_rho: float
    min_rho: float
    mean_top10_overlap: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightRule:
    """The record of a rule that chooses the weights.

    Args:
        weights: Chosen pair.
        limits: The pair beyond which nothing changes, where the rule looks for it.
        picks: Pairs that were found on the way, by what they are; None: no pair.
    """

    rule: str
    weights: Sequence[float]
    limits: Sequence[float]
    picks: Mapping[str, Sequence[float] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Difference of two metrics' ρ on the same rows, with Steiger's test and Holm's correction."""

    first: str
    second: str
    difference: float
    difference_interval: Interval | None
    z: float
    p_holm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """Metrics whose ranks are averaged, and ρ of the mean with accuracy."""

    metrics: Sequence[str]
    spearman_rho: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregates:
    """Mean ranks of all metrics, and of their pairs and triples from the best down."""

    all: Aggregate
    pairs: Sequence[Aggregate]
    triples: Sequence[Aggregate]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricComparison:
    """Several metrics on the same rows: ρ with accuracy, its differences, mean ranks.

    `within_equal_num_convolutions` has the ρ of each metric among architectures with equal numbers
    of convolutions; it is empty where the space has none.
    """

    spearman_rho: Mapping[str, float]
    differences: Sequence[Difference]
    within_equal_num_convolutions: Mapping[str, Statistics]
    aggregates: Aggregates


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The record of a run.

    Args:
        facts: The part `run`: space, data, metrics, weights, seeds, versions.
        metrics: Statistics by metric and protocol.
        selection: Choices of one architecture, by size of the sample.
        stability: Repeats with other draws, by metric and by what is drawn again.
        weight_rule: What chose the weights; None: they were given.
        comparisons: Metrics beside each other, by protocol.
        incomplete: Why the run is incomplete; empty: it is complete.
        record: All of it, as JSON has it.
    """

    facts: Json
    counts: Mapping[str, int]
    timing: Mapping[str, float]
    metrics: Mapping[str, Mapping[str, Statistics]]
    diagnosis: Mapping[str, Sequence[str]]
    search: Mapping[str, SearchVariant]
    selection: Mapping[str, Selection]
    stability: Mapping[str, Mapping[str, Stability]]
    weight_rule: WeightRule | None
    comparisons: Mapping[str, MetricComparison]
    seconds_per_architecture: Mapping[str, float]
    tables: Sequence[Table]
    incomplete: str = ""
    record: Json = field(repr=False)

    def fact(self, name: str) -> Any:
        """Return a fact of the run, or None where it is null or not recorded."""
        return self.facts.get(name)

    @property
    def higher_is_better(self) -> bool:
        """Return whether trained results are accuracies, not losses."""
        return self.fact("higher_is_better") is not False

    @property
    def command(self) -> str:
        """The command that started it."""
        return command_line(self.fact("overrides") or ())

    @classmethod
    def from_json(cls, record: Json) -> "Run":
        """Read the value of `summary.json`."""
        comparisons = dict(record.get("comparison") or {})
        seconds = comparisons.pop("seconds_per_architecture", {})
        own = {"facts": record.get("run"), "comparisons": comparisons, "record": record}
        return read_record(cls, {**record, **own, "seconds_per_architecture": seconds})

    @classmethod
    def read(cls, folder: Path) -> "Run | None":
        """Read the record in a run's folder; None if the run did not finish."""
        path = folder / "summary.json"
        if not path.is_file():
            return None
        return cls.from_json(json.loads(path.read_text(encoding="utf-8")))


def command_line(overrides: Sequence[str]) -> str:
    """Return the command with these settings, as a shell takes it."""
    return shlex.join(["python", "run.py", *overrides])
