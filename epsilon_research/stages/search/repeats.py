"""Repeats of one variant of a search: seeds, warm-up pools, curves, and what the record says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from epsilon_research.search import (
    Domain,
    Protocol,
    ScoreCache,
    Start,
    Trajectory,
    best_first,
    draw_pool,
    run_search,
)
from epsilon_research.spaces import SearchSpace
from epsilon_research.stages.search.variants import Variant

_POOL, _SEARCH = 0, 1
"""The two streams of random numbers of each repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What all variants of a run share, so that their repeats are pairs.

    Args:
        space: Gives draws and mutations.
        known: Architectures that a search may visit; None: any of the space.
        evaluate: Fitness of an architecture, higher is better.
        report: What a curve shows of an architecture, in its own unit.
        higher_is_better: Direction of what is reported.
        protocol: What counts and what is shown.
        universe: Architectures that warm-up pools are drawn from.
        pool_size: Of each pool.
        budget: Trained models per search.
        repeats: Searches per variant.
        seed: Repeat i of every variant has the same pool and the same stream of random numbers.
    """

    space: SearchSpace
    known: Sequence[str] | None
    evaluate: Callable[[str], float]
    report: Callable[[str], float]
    higher_is_better: bool
    protocol: Protocol
    universe: Sequence[str]
    pool_size: int
    budget: int
    repeats: int
    seed: int

    def generator(self, repeat: int, stream: int) -> np.random.Generator:
        """A fresh generator for one purpose in one repeat."""
        return np.random.default_rng([self.seed, repeat, stream])

    def pool(self, repeat: int) -> list[str]:
        """The warm-up pool of a repeat."""
        return draw_pool(
            self.universe,
            size=self.pool_size,
            with_replacement=self.protocol.draws_with_replacement,
            rng=self.generator(repeat, _POOL),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """All searches of one variant.

    Args:
        variant: Which.
        trajectories: One per repeat.
        curves: What each shows after each trained model, `[repeats, budget]`, in its own unit. A
            search that ran dry keeps its last value.
        domain: With its counts of mutations.
    """

    variant: Variant
    trajectories: Sequence[Trajectory]
    curves: Float[np.ndarray, "repeats budget"]
    domain: Domain

    def trials(self) -> pd.DataFrame:
        """One row per trial: `variant`, `repeat`, `ask`, `architecture_id`, `fitness`, `repeated`.

        `fitness` is what the search was told, higher is better; repeats and asks count from 0.
        """
        rows = [
            (repeat, ask, *trial)
            for repeat, trajectory in enumerate(self.trajectories)
            for ask, trial in enumerate(trajectory.trials)
        ]
        columns = ["repeat", "ask", "architecture_id", "fitness", "repeated"]
        frame = pd.DataFrame(rows, columns=columns)
        frame.insert(0, "variant", self.variant.name)
        return frame

    def describe(self) -> dict[str, Any]:
        """What happened, for the record: share of repeats, curves, spread of the last value."""
        asks = sum(len(trajectory.trials) for trajectory in self.trajectories)
        repeated = sum(trajectory.num_repeated for trajectory in self.trajectories)
        low, median, high = np.quantile(self.curves, [0.25, 0.5, 0.75], axis=0)
        last = self.curves[:, -1]
        return {
            "repeat_share": repeated / asks,
            "fewest_trained": min(len(t.trained) for t in self.trajectories),
            "redrawn_mutations": self.domain.num_redraws,
            "replaced_mutations": self.domain.num_fallbacks,
            "final": {
                "median": float(median[-1]), "mean": float(last.mean()), "std": float(last.std())
            },
            "median_curve": median.tolist(),
            "low_curve": low.tolist(),
            "high_curve": high.tolist(),
        }  # fmt: skip


def run_repeats(
    variant: Variant,
    task: Task,
    *,
    scores: Mapping[str, ScoreCache],
    advance: Callable[[int], None],
) -> Repeats:
    """Runs all repeats of a variant; `advance` hears of each."""
    domain = Domain(
        space=task.space,
        known=task.known,
        mutates_as_published=task.protocol.mutates_as_published,
    )
    trajectories, curves = [], []
    for repeat in range(task.repeats):
        start = Start(
            domain=domain,
            first=_first(variant, task, scores=scores, repeat=repeat),
            score=_ranks(variant.move_metric, task, scores),
        )
        trajectory = run_search(
            variant.method.start(start),
            task.evaluate,
            budget=task.budget,
            counts_repeats=task.protocol.counts_repeats,
            rng=task.generator(repeat, _SEARCH),
        )
        trajectories.append(trajectory)
        curves.append(_curve(trajectory, task))
        advance(1)
    return Repeats(
        variant=variant, trajectories=trajectories, curves=np.stack(curves), domain=domain
    )


def _ranks(
    metric: str | None, task: Task, scores: Mapping[str, ScoreCache]
) -> Callable[[Sequence[str]], np.ndarray] | None:
    if metric is None:
        return None
    return lambda ids: task.protocol.rank(scores[metric](ids))


def _first(
    variant: Variant, task: Task, *, scores: Mapping[str, ScoreCache], repeat: int
) -> tuple[str, ...]:
    ranks = _ranks(variant.warmup_metric, task, scores)
    if ranks is None:
        return ()
    pool = task.pool(repeat)
    return best_first(pool, ranks(pool))


def _curve(trajectory: Trajectory, task: Task) -> Float[np.ndarray, " budget"]:
    trained = trajectory.trained
    fitness = np.array([trial.fitness for trial in trained])
    reported = np.array([task.report(trial.architecture_id) for trial in trained])
    sign = 1.0 if task.higher_is_better else -1.0
    curve = sign * task.protocol.curve(fitness, sign * reported)
    return np.pad(curve, (0, task.budget - curve.size), mode="edge")
