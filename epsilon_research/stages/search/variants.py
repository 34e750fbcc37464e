"""The variants of a search that one run compares: their searches, and what is left of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from epsilon_research.reporting import Table
from epsilon_research.reporting.numbers import value
from epsilon_research.search_methods import (
    Domain,
    ScoreCache,
    SearchMethod,
    Start,
    Trajectory,
    Trial,
    best_first,
    compare_pairs,
    describe_target,
    run_search,
)
from epsilon_research.stages.base import best_rows
from epsilon_research.stages.search.task import SEARCH, Goal, Task

_NUM_BEST = 5
"""Architectures in the table of the best that searches have found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One curve of the figure.

    Args:
        method: The algorithm and its settings.
        warmup_metric: What ranks the pool; None: no warm-up.
        move_metric: What a move by score goes by; None where the move needs none.
        proxies: Metrics whose scores are features of a predictor; empty where there is none.
    """

    method: SearchMethod
    warmup_metric: str | None = None
    move_metric: str | None = None
    proxies: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Key in the summary, e.g. `ageing_evolution+warmup_epsilon+move_score_epsilon`."""
        parts = [self.method.name]
        if self.warmup_metric is not None:
            parts.append(f"warmup_{self.warmup_metric}")
        if self.move_metric is not None:
            parts.append(f"move_{self.method.settings['move']}_{self.move_metric}")
        return "+".join(parts)


def make_variants(
    methods: Sequence[SearchMethod],
    *,
    metrics: Sequence[str],
    has_warmup: bool,
    proxies: Sequence[str] = (),
) -> list[Variant]:
    """Return each method alone and, for each metric, with a warm-up and with moves by its scores.

    `proxies` are features of the methods that predict from scores.
    """
    variants = []
    for method in methods:
        alone = Variant(method=method, proxies=tuple(proxies) if method.uses_proxies else ())
        if not method.needs_score:
            variants.append(alone)
        for metric in metrics:
            moving = replace(alone, move_metric=metric) if method.needs_score else alone
            if method.needs_score:
                variants.append(moving)
            if has_warmup:
                variants.append(replace(moving, warmup_metric=metric))
    return variants


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantRuns:
    """All searches of one variant, a trajectory for each repeat.

    A curve shows what a search has found after each trained model, in its own unit; one that ran
    dry keeps its last value. The domain has the counts of mutations.
    """

    variant: Variant
    trajectories: Sequence[Trajectory]
    curves: Float[np.ndarray, "repeats budget"]
    domain: Domain


def run_variant(
    variant: Variant,
    task: Task,
    *,
    scores: Mapping[str, ScoreCache],
    advance: Callable[[int], None],
) -> VariantRuns:
    """Run all repeats of a variant, calling `advance` after each."""

    def ranks(metric: str, ids: Sequence[str]) -> np.ndarray:
        return task.protocol.rank(scores[metric](ids))

    def proxies(ids: Sequence[str]) -> np.ndarray:
        return np.stack([scores[name](ids) for name in variant.proxies], axis=1)

    domain, warmup, move = task.domain(), variant.warmup_metric, variant.move_metric
    trajectories = []
    for repeat in range(task.repeats):
        pool = [] if warmup is None else task.pool(repeat)
        start = Start(
            domain=domain,
            first=() if warmup is None else best_first(pool, ranks(warmup, pool)),
            score=None if move is None else lambda ids: ranks(move, ids),
            cost=task.cost,
            proxies=proxies if variant.proxies else None,
        )
        trajectories.append(
            run_search(
                variant.method.start(start),
                task.goal.evaluate,
                budget=task.budget,
                counts_repeats=task.protocol.counts_repeats,
                rng=task.generator(repeat, SEARCH),
            )
        )
        advance(1)
    curves = np.stack([_curve(trajectory, task) for trajectory in trajectories])
    return VariantRuns(variant=variant, trajectories=trajectories, curves=curves, domain=domain)


def _curve(trajectory: Trajectory, task: Task) -> Float[np.ndarray, " budget"]:
    goal = task.goal
    trained = trajectory.trained
    fitness = np.array([trial.fitness for trial in trained])
    reported = np.array([goal.report(trial.architecture_id) for trial in trained])
    curve = goal.sign * task.protocol.curve(fitness, goal.sign * reported)
    return np.pad(curve, (0, task.budget - curve.size), mode="edge")


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


def best_found(trials: pd.DataFrame, goal: Goal, *, scores: Mapping[str, ScoreCache]) -> Table:
    """Return the table of the fittest architectures of all trials.

    Each of the `scores` on demand is a column.
    """
    met = trials.drop_duplicates(["variant", "repeat", "architecture_id"])
    times = met["architecture_id"].value_counts()
    best = best_rows(met.drop_duplicates("architecture_id"), _NUM_BEST, by="fitness")
    best = list(best["architecture_id"])
    num_searches = trials.groupby(["variant", "repeat"]).ngroups
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
        note=f"selected on {goal.selected_on}, of {num_searches:,} searches",
    )
