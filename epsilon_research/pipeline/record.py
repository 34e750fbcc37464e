"""What the summary of a run says beside the parts of its stages."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from epsilon_research.analysis.resolution import unresolved
from epsilon_research.scoring import ScoringResult
from epsilon_research.stages.base import Prepared
from epsilon_research.store import Store
from epsilon_research.weights.base import epsilon_weights


def about_run(prepared: Prepared, *, engine: str) -> dict[str, Any]:
    """Return the facts of a run that its settings decide, for the part `run` of a summary."""
    scoring, table = prepared.scoring, prepared.table
    metrics, minibatch = scoring.metrics, scoring.minibatch
    return {
        "search_space": scoring.space.name,
        "first": prepared.selection.first,
        "paper_filter": prepared.selection.paper_filter,
        "dataset": minibatch.dataset,
        "minibatch_hash": minibatch.content_hash,
        "benchmark": None if table is None else table.name,
        "benchmark_source": None if table is None else table.source,
        "second_source": None if table is None or not table.second_source else table.second_source,
        "target": None if table is None else table.target,
        "higher_is_better": None if table is None else table.higher_is_better,
        "metrics": list(metrics),
        "metric_settings": {name: dict(metric.settings) for name, metric in metrics.items()},
        "weights": epsilon_weights(metrics),
        "batch_size": prepared.batch_size,
        "seed": prepared.seed,
        "minibatch_seed": prepared.minibatch_seed,
        "engine": engine,
    }


def counts(result: ScoringResult, *, metrics: Sequence[str]) -> dict[str, int]:
    """Return the part `counts` of a summary."""
    frame = result.frame
    return {
        "architectures": len(frame),
        "connected": int(frame["connected"].to_numpy().sum()),
        "distinct": result.num_distinct,
        "computed": result.num_computed,
        "from_store": result.num_from_store,
        "failed": int(frame[list(metrics)].isna().to_numpy().any(axis=1).sum()),
        "unresolved": int(np.any([unresolved(frame, name) for name in metrics], axis=0).sum()),
    }


def problems(result: ScoringResult, store: Store) -> dict[str, Any]:
    """Return the parts that a summary has only where something went wrong."""
    found: dict[str, Any] = {}
    if store.remarks:
        found["store_remarks"] = list(store.remarks)
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
    """Return the numbers of nested mappings under names joined by slashes, intervals as two."""
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
