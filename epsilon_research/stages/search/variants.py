"""The variants of a search that one run compares, and the searches of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from epsilon_research.search_methods import (
    Domain,
    ScoreCache,
    SearchMethod,
    Start,
    Trajectory,
    best_first,
    run_search,
)
from epsilon_research.stages.search.task import SEARCH, Task


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
    fitness = np.array([trial.fitness for trial in trajectory.trained])
    reported = np.array([goal.report(trial.architecture_id) for trial in trajectory.trained])
    curve = goal.sign * task.protocol.curve(fitness, goal.sign * reported)
    return np.pad(curve, (0, task.budget - curve.size), mode="edge")
