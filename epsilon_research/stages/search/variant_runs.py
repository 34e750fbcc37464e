"""The searches of one variant: warm-up pools, trials, curves, and what the record says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from epsilon_research.search_methods import (
    Domain,
    ScoreCache,
    Start,
    Trajectory,
    best_first,
    run_search,
)
from epsilon_research.stages.search.task import SEARCH, Task
from epsilon_research.stages.search.variants import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantRuns:
    """All searches of one variant.

    Args:
        variant: The variant.
        trajectories: One per repeat.
        curves: What each shows after each trained model, `[repeats, budget]`, in its own unit. A
            search that ran dry keeps its last value.
        domain: The domain with its counts of mutations.
    """

    variant: Variant
    trajectories: Sequence[Trajectory]
    curves: Float[np.ndarray, "repeats budget"]
    domain: Domain

    def trials(self) -> pd.DataFrame:
        """One row per trial: `variant`, `repeat`, `ask`, `architecture_id`, `fitness`, `repeated`.

        `fitness` is what the search selects by, higher is better; repeats and asks count from 0.
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
        """Return the record of the runs: share of repeats, curves, spread of the last value."""
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


def run_variant(
    variant: Variant,
    task: Task,
    *,
    scores: Mapping[str, ScoreCache],
    advance: Callable[[int], None],
) -> VariantRuns:
    """Run all repeats of a variant, calling `advance` after each."""
    domain = task.domain()
    trajectories, curves = [], []
    for repeat in range(task.repeats):
        start = Start(
            domain=domain,
            first=_first(variant, task, scores=scores, repeat=repeat),
            score=_ranks(variant.move_metric, task, scores),
            cost=task.cost,
            proxies=_proxies(variant.proxies, scores),
        )
        trajectory = run_search(
            variant.method.start(start),
            task.evaluate,
            budget=task.budget,
            counts_repeats=task.protocol.counts_repeats,
            rng=task.generator(repeat, SEARCH),
        )
        trajectories.append(trajectory)
        curves.append(_curve(trajectory, task))
        advance(1)
    return VariantRuns(
        variant=variant, trajectories=trajectories, curves=np.stack(curves), domain=domain
    )


def _ranks(
    metric: str | None, task: Task, scores: Mapping[str, ScoreCache]
) -> Callable[[Sequence[str]], np.ndarray] | None:
    if metric is None:
        return None
    return lambda ids: task.protocol.rank(scores[metric](ids))


def _proxies(
    names: Sequence[str], scores: Mapping[str, ScoreCache]
) -> Callable[[Sequence[str]], np.ndarray] | None:
    if not names:
        return None
    return lambda ids: np.stack([scores[name](ids) for name in names], axis=1)


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
