"""Scores and costs of architectures on demand, and which of them a search may train."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from epsilon_research.analysis import float32_defined
from epsilon_research.benchmarks.hardware_costs import COSTS, SPACE, hardware_costs
from epsilon_research.executors import SerialExecutor
from epsilon_research.metrics import Candidate, Metric, scorer_of
from epsilon_research.metrics.activation_memory import ActivationMemory
from epsilon_research.metrics.flops import Flops
from epsilon_research.metrics.num_parameters import NumParameters
from epsilon_research.programs import count_parameters
from epsilon_research.scoring import Scoring
from epsilon_research.search_methods import ScoreCache
from epsilon_research.spaces import SearchSpace

NUM_PARAMETERS = "num_parameters"

_COUNTED: Mapping[str, Metric] = {
    metric.name: metric for metric in (NumParameters(), Flops(), ActivationMemory())
}

Costs = Mapping[str, ScoreCache]
"""Costs on demand by name, NaN where unknown; less is better."""


def scores_of_run(
    frame: pd.DataFrame, *, scoring: Scoring, float32_only: bool = False
) -> dict[str, ScoreCache]:
    """Return the scores on demand of a run's metrics and `num_parameters`, by name.

    Architectures outside the run's `frame` are scored when a search first asks for them, with all
    metrics at once, and through the run's store. That happens to the few children of a move by
    score only, since pools are drawn from `frame`; so it is done in this process. With
    `float32_only`, scores that float32 leaves undefined are taken for undefined.
    """
    serial = replace(scoring, executor=SerialExecutor())
    caches: dict[str, ScoreCache] = {}

    def compute(wanted: str, ids: Sequence[str]) -> Float[np.ndarray, " architectures"]:
        found = serial.score_table(ids)
        for name, cache in caches.items():
            cache.add(ids, _column(found, name, float32_only=float32_only))
        return _column(found, wanted, float32_only=float32_only)

    ids = list(frame["architecture_id"])
    for name in dict.fromkeys([*scoring.metrics, NUM_PARAMETERS]):
        cache = ScoreCache(partial(compute, name))
        cache.add(ids, _column(frame, name, float32_only=float32_only))
        caches[name] = cache
    return caches


def _column(
    frame: pd.DataFrame, name: str, *, float32_only: bool
) -> Float[np.ndarray, " architectures"]:
    scores = frame[name].to_numpy(dtype=np.float64)
    return np.where(float32_defined(frame, name), scores, np.nan) if float32_only else scores


def cost_names(space: SearchSpace) -> list[str]:
    """Return what is known to cost something on a space: counts, and HW-NAS-Bench's devices."""
    devices = [name for name, cost in COSTS.items() if not cost.higher_is_better]
    return [*_COUNTED, *(devices if space.name == SPACE else ())]


def cost_label(name: str) -> str:
    """Return a cost in words, with its unit if it has one."""
    unit = COSTS[name].unit if name in COSTS else ""
    return name.replace("_", " ") + (f" ({unit})" if unit else "")


def costs_of_run(frame: pd.DataFrame, *, scoring: Scoring, dataset: str) -> dict[str, ScoreCache]:
    """Return the costs of `cost_names`, each looked up or counted when a search first asks.

    Args:
        frame: The run's scores; counts among its metrics are taken from there.
        scoring: How they were made: its space, and its minibatch for the size of images.
        dataset: Whose images and classes the networks on devices are for, see `hardware_costs`.
    """
    found = {
        name: ScoreCache(partial(_count, metric, scoring)) for name, metric in _COUNTED.items()
    }
    for name in cost_names(scoring.space):
        found.setdefault(name, ScoreCache(partial(_look_up, name, dataset)))
    for name, metric in _COUNTED.items():
        # Every table of scores counts parameters; another metric may have the name of a count.
        if isinstance(metric, NumParameters) or type(scoring.metrics.get(name)) is type(metric):
            found[name].add(list(frame["architecture_id"]), frame[name].to_numpy(np.float64))
    return found


def _look_up(name: str, dataset: str, ids: Sequence[str]) -> Float[np.ndarray, " architectures"]:
    return hardware_costs(name, dataset=dataset).reindex(list(ids)).to_numpy(np.float64)


def _count(
    metric: Metric, scoring: Scoring, ids: Sequence[str]
) -> Float[np.ndarray, " architectures"]:
    space = scoring.space
    known = space.count_parameters(ids) if isinstance(metric, NumParameters) else None
    if known is not None:
        return known.astype(np.float64)
    score = scorer_of(metric, scoring.minibatch)
    return np.array([score(_candidate(space, id_)).value for id_ in ids], dtype=np.float64)


def _candidate(space: SearchSpace, architecture_id: str) -> Candidate:
    network = space.program(architecture_id, num_outputs=space.num_classes)
    return Candidate(
        build=lambda outputs: network,
        num_classes=space.num_classes,
        num_parameters=count_parameters(network),
        connected=True,
        architecture_id=architecture_id,
    )


def check_costs(setting: str, names: Sequence[str], space: SearchSpace) -> None:
    """Refuse costs that are not known on a space."""
    known = cost_names(space)
    for name in names:
        if name not in known:
            place = "" if space.name == SPACE else f" (latencies and energies: {SPACE} alone)"
            raise ValueError(
                f"{setting} must name costs that are known on {space.name}, "
                f"{', '.join(known)}{place}, got {name}: choose one of them"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """Limits of costs, {cost: the most that it may be}: what exceeds one is infeasible.

    So is what has no known cost; `costs` are at least those that are limited.
    """

    limits: Mapping[str, float]
    costs: Costs

    def admit(self, ids: Sequence[str]) -> Bool[np.ndarray, " architectures"]:
        """Return whether each architecture is feasible."""
        feasible = np.ones(len(ids), dtype=bool)
        for name, limit in self.limits.items():
            feasible &= self.costs[name](ids) <= limit
        return feasible

    def among(self, ids: Sequence[str], *, what: str) -> list[str]:
        """Return the feasible ones of `ids`; `what` says what they are, for the error.

        Raises:
            ValueError: None is feasible.
        """
        found = [id_ for id_, inside in zip(ids, self.admit(ids), strict=True) if inside]
        if not found:
            least = {name: np.nanmin([math.inf, *self.costs[name](ids)]) for name in self.limits}
            raise ValueError(
                f"search.constraints must leave some of {len(ids):,} {what}, got none, whose least "
                f"are {', '.join(f'{name} {cost:g}' for name, cost in least.items())}: raise them"
            )
        return found

    def admits(self) -> Callable[[str], bool] | None:
        """Return the check of a single architecture; None without limits."""
        return (lambda id_: bool(self.admit([id_])[0])) if self.limits else None
