"""What is left of the searches of all variants: the record, frames, the best of all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from epsilon_research.reporting import Table
from epsilon_research.reporting.numbers import value
from epsilon_research.search_methods import ScoreCache, Trial, compare_pairs, describe_target
from epsilon_research.stages.search.task import Task
from epsilon_research.stages.search.variants import VariantRuns

_NUM_BEST = 5


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
    better = task.goal.higher_is_better
    entries = {}
    for runs in found:
        entries[runs.variant.name] = {
            **_settings(runs, task),
            **_results(runs),
            "targets": {
                f"{target:.6g}": describe_target(runs.curves, target, higher_is_better=better)
                for target in wanted
            },
            "compared_with": {
                other.variant.name: _compare(runs.curves, other.curves, rng=rng)
                for other in found
                if other is not runs
            },
        }
    return entries


def _settings(runs: VariantRuns, task: Task) -> dict[str, Any]:
    variant, goal = runs.variant, task.goal
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
        "selected_on": goal.selected_on,
        "reported": goal.reported,
        "higher_is_better": goal.higher_is_better,
    }


def _results(runs: VariantRuns) -> dict[str, Any]:
    trajectories, last = runs.trajectories, runs.curves[:, -1]
    low, median, high = np.quantile(runs.curves, [0.25, 0.5, 0.75], axis=0).tolist()
    asks = sum(len(trajectory.trials) for trajectory in trajectories)
    return {
        "repeat_share": sum(trajectory.num_repeated for trajectory in trajectories) / asks,
        "fewest_trained": min(len(trajectory.trained) for trajectory in trajectories),
        "redrawn_mutations": runs.domain.num_redraws,
        "replaced_mutations": runs.domain.num_fallbacks,
        "final": {"median": median[-1], "mean": float(last.mean()), "std": float(last.std())},
        "median_curve": median,
        "low_curve": low,
        "high_curve": high,
    }


def _compare(one: np.ndarray, other: np.ndarray, *, rng: np.random.Generator) -> dict[str, Any]:
    return {
        "final": compare_pairs(one[:, -1], other[:, -1], rng=rng),
        "anytime": compare_pairs(one.mean(axis=1), other.mean(axis=1), rng=rng),
    }


def trials_frame(found: Sequence[VariantRuns]) -> pd.DataFrame:
    """Return a row per trial: variant, repeat, ask, architecture_id, fitness, repeated.

    The fitness is what the search selects by, higher is better; repeats and asks count from 0.
    """
    rows = [
        (runs.variant.name, repeat, ask, *trial)
        for runs in found
        for repeat, trajectory in enumerate(runs.trajectories)
        for ask, trial in enumerate(trajectory.trials)
    ]
    return pd.DataFrame(rows, columns=["variant", "repeat", "ask", *Trial._fields])


def curves_frame(found: Sequence[VariantRuns]) -> pd.DataFrame:
    """Return one row per trained model: `variant`, `repeat`, `trained`, `accuracy`.

    Repeats count from 0, trained models from 1; accuracies (or losses) are in their own unit.
    """
    rows = [
        (runs.variant.name, repeat, trained, accuracy)
        for runs in found
        for repeat, curve in enumerate(runs.curves.tolist())
        for trained, accuracy in enumerate(curve, start=1)
    ]
    return pd.DataFrame(rows, columns=["variant", "repeat", "trained", "accuracy"])


def best_found(
    found: Sequence[VariantRuns], task: Task, *, scores: Mapping[str, ScoreCache]
) -> Table:
    """Return the table of the fittest architectures that any search has trained.

    Each of the `scores` on demand is a column.
    """
    goal = task.goal
    searches = [
        {trial.architecture_id: trial.fitness for trial in trajectory.trained}
        for runs in found
        for trajectory in runs.trajectories
    ]
    times = Counter(id_ for search in searches for id_ in search)
    fitness = {id_: one for search in searches for id_, one in search.items() if not np.isnan(one)}
    best = sorted(fitness, key=lambda id_: fitness[id_], reverse=True)[:_NUM_BEST]
    columns = {name: scores[name](best) for name in scores} if best else {}
    rows = [
        [
            id_,
            f"{times[id_]:,}",
            value(goal.report(id_), "test_accuracy_mean"),
            *(f"{column[row]:.6g}" for column in columns.values()),
        ]
        for row, id_ in enumerate(best)
    ]
    return Table(
        title="best architectures found",
        head=["architecture", "searches", goal.reported.replace("_", " "), *columns],
        rows=rows,
        align="l" + "r" * (2 + len(columns)),
        note=f"selected on {goal.selected_on}, of {len(searches):,} searches",
    )
