"""What the record says of the variants of a search, and the table of their curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from epsilon_research.search_methods import compare_pairs, describe_target
from epsilon_research.stages.search.task import Task
from epsilon_research.stages.search.variant_runs import VariantRuns


def describe_variants(
    found: Sequence[VariantRuns],
    task: Task,
    *,
    targets: Sequence[float],
    rng: np.random.Generator,
) -> dict[str, dict[str, Any]]:
    """Return {variant: entry}, in the order of `found`.

    Beside settings and curves an entry holds, by target, what it costs to reach it (the first
    target is the final median of the first variant), and, by other variant, paired tests on the
    last value of the curves (`final`) and on their mean (`anytime`); differences are this variant's
    minus the other's.
    """
    reference = float(np.median(found[0].curves[:, -1]))
    wanted = dict.fromkeys([reference, *(float(target) for target in targets)])
    entries = {}
    for runs in found:
        entries[runs.variant.name] = {
            **_settings(runs, task),
            **runs.describe(),
            "targets": {
                f"{target:.6g}": describe_target(
                    runs.curves, target, higher_is_better=task.higher_is_better
                )
                for target in wanted
            },
            "compared_with": {
                other.variant.name: _compare(runs, other, rng=rng)
                for other in found
                if other is not runs
            },
        }
    return entries


def _settings(runs: VariantRuns, task: Task) -> dict[str, Any]:
    variant = runs.variant
    warm = variant.warmup_metric is not None
    return {
        "algorithm": variant.method.name,
        "protocol": task.protocol.name,
        "budget": task.budget,
        "repeats": task.repeats,
        "warmup_pool": task.pool_size if warm else 0,
        "warmup_universe": len(task.universe) if warm else 0,
        "warmup_metric": variant.warmup_metric,
        **variant.method.settings,
        "move_metric": variant.move_metric,
        "proxies": list(variant.proxies),
        "constraints": dict(task.constraints.limits),
        "feasible": None if task.known is None else len(task.known),
        "selected_on": task.selected_on,
        "reported": task.reported,
        "higher_is_better": task.higher_is_better,
    }


def _compare(runs: VariantRuns, other: VariantRuns, *, rng: np.random.Generator) -> dict[str, Any]:
    return {
        "final": compare_pairs(runs.curves[:, -1], other.curves[:, -1], rng=rng),
        "anytime": compare_pairs(runs.curves.mean(axis=1), other.curves.mean(axis=1), rng=rng),
    }


def curves_table(found: Sequence[VariantRuns]) -> pd.DataFrame:
    """One row per variant, repeat and trained model: `variant`, `repeat`, `trained`, `accuracy`.

    Repeats count from 0, trained models from 1; accuracies (or losses) are in their own unit.
    """
    return pd.concat([_curves(runs) for runs in found], ignore_index=True)


def _curves(runs: VariantRuns) -> pd.DataFrame:
    num_repeats, budget = runs.curves.shape
    columns: Mapping[str, Any] = {
        "variant": runs.variant.name,
        "repeat": np.repeat(np.arange(num_repeats), budget),
        "trained": np.tile(np.arange(1, budget + 1), num_repeats),
        "accuracy": runs.curves.ravel(),
    }
    return pd.DataFrame(columns)
