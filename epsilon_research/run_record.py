"""What a run's table and summary say beside its statistics."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from epsilon_research.analysis.rank_aggregation import aggregate_ranks
from epsilon_research.benchmarks import AccuracyTable
from epsilon_research.benchmarks.accuracy_table import ACCURACIES
from epsilon_research.data import Minibatch
from epsilon_research.data.minibatch import MIN_BATCH_SIZE
from epsilon_research.metrics import Metric
from epsilon_research.scoring import ScoringResult
from epsilon_research.store import Store
from epsilon_research.weights.base import epsilon_weights

_WHOLE_NUMBERS = (
    ("batch_size", MIN_BATCH_SIZE, 256),
    ("seed", 0, 21),
    ("minibatch_seed", 0, 21),
    ("bootstrap_resamples", 1, 1000),
)
"""Settings with their smallest value and an example."""


def with_accuracies(frame: pd.DataFrame, accuracies: pd.DataFrame | None) -> pd.DataFrame:
    """The table of scores with the trained results of each row, NaN where unknown."""
    columns = {
        name: np.full(len(frame), np.nan) if accuracies is None else accuracies[name].to_numpy()
        for name in ACCURACIES
    }
    seconds = list(frame.columns).index("seconds")
    for offset, (name, values) in enumerate(columns.items()):
        frame.insert(seconds + offset, name, values)
    return frame


def about_minibatch(minibatch: Minibatch) -> dict[str, Any]:
    """What the networks saw."""
    return {"dataset": minibatch.dataset, "minibatch_hash": minibatch.content_hash}


def about_table(table: AccuracyTable | None) -> dict[str, Any]:
    """What the accuracies are, None without a table."""
    return {
        "benchmark": None if table is None else table.name,
        "benchmark_source": None if table is None else table.source,
        "target": None if table is None else table.target,
        "higher_is_better": None if table is None else table.higher_is_better,
    }


def about_metrics(metrics: Mapping[str, Metric]) -> dict[str, Any]:
    """What was computed, and the pair of weights that the run is about."""
    return {
        "metrics": list(metrics),
        "metric_settings": {name: dict(metric.settings) for name, metric in metrics.items()},
        "weights": epsilon_weights(metrics),
    }


UNDEFINED_PART = "undefined_part"
"""Failure of an aggregate: one of its metrics has no score."""


def check_plain_settings(settings: Any) -> None:
    """Refuses counts and seeds that are none, and a switch that is neither on nor off.

    Args:
        settings: Has an attribute for each of them.

    Raises:
        ValueError: One is no whole number, or too small, or no truth value.
    """
    figures = settings.figures
    if not isinstance(figures, bool):
        raise ValueError(f"figures must be true or false, got {figures!r}: pass e.g. figures=false")
    for name, least, example in _WHOLE_NUMBERS:
        value = getattr(settings, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(
                f"{name} must be a whole number of {least} or more, got {value!r}: "
                f"pass e.g. {name}={example}"
            )


def check_aggregates(aggregates: Mapping[str, Sequence[str]], *, metrics: Sequence[str]) -> None:
    """Refuses aggregates of what the run does not score.

    Raises:
        ValueError: A part is no metric of the run, or an aggregate has the name of one.
    """
    for name, parts in aggregates.items():
        missing = [part for part in parts if part not in metrics]
        if missing or not parts or name in metrics:
            raise ValueError(
                f"aggregates must name metrics of the run ({', '.join(metrics)}) under a name of "
                f"their own, got {name}: {list(parts)}: pass metric=[...] with all of them"
            )


def with_aggregates(frame: pd.DataFrame, aggregates: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The table of scores with a column for each aggregate, NaN where a part is undefined."""
    for name, parts in aggregates.items():
        scores = frame[list(parts)].to_numpy(dtype=np.float64)
        values = aggregate_ranks(scores, aggregate="log_rank")
        failures = [UNDEFINED_PART if undefined else None for undefined in np.isnan(values)]
        start = list(frame.columns).index("seconds")
        frame.insert(start, name, values)
        frame.insert(start + 1, f"{name}_failure", np.array(failures, dtype=object))
    return frame


def counts(result: ScoringResult, *, metrics: Sequence[str]) -> dict[str, int]:
    """The `counts` part of a summary."""
    frame = result.frame
    return {
        "architectures": len(frame),
        "connected": int(frame["connected"].to_numpy().sum()),
        "distinct": result.num_distinct,
        "computed": result.num_computed,
        "from_store": result.num_from_store,
        "failed": int(frame[list(metrics)].isna().to_numpy().any(axis=1).sum()),
    }


def remarks(result: ScoringResult, store: Store) -> dict[str, Any]:
    """What a summary says only where something went wrong."""
    found: dict[str, Any] = {}
    if store.damaged:
        found["damaged_parts"] = list(store.damaged)
    if result.lost:
        found["incomplete"] = (
            "worker processes must survive their work, but died twice or ran out of memory over "
            f"{len(result.lost)} architectures, e.g. {result.lost[0]}: the rest is done, and the "
            "same command tries them again; pass executor.processes=1 or a smaller batch_size"
        )
    if result.interrupted:
        found["interrupted"] = True
    return found


def flatten(value: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """The numbers of nested mappings under names joined by slashes; intervals as low and high."""
    found: dict[str, float] = {}
    for key, part in value.items():
        name = f"{prefix}{key}"
        if isinstance(part, Mapping):
            found |= flatten(part, f"{name}/")
        elif name.endswith("_interval"):
            found[f"{name}/low"], found[f"{name}/high"] = part
        elif isinstance(part, int | float) and not isinstance(part, bool):
            found[name] = part
    return found
