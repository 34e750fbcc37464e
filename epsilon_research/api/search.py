"""A search for networks of one's own space, as one call."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from epsilon_research.analysis.pareto import non_dominated
from epsilon_research.api.chosen import chosen_console
from epsilon_research.checks import check_choice, check_integer
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.metrics.chosen import ChosenMetrics, chosen_metrics
from epsilon_research.metrics.epsilon import check_weights
from epsilon_research.network_score import (
    FEW_OUTPUTS,
    MetricScore,
    NetworkScore,
    score_network,
)
from epsilon_research.progress import progress as shown_progress
from epsilon_research.spaces import BuiltSpace

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure
    from torch import nn

    from epsilon_research.api.askers import Direction, Sampler


PARAMETER = "params_"
"""Prefix of the columns of parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The networks that a search scored, and the best of them.

    Args:
        trials: One row per trial, in order: `architecture_id` (the parameters in their canonical
            form), `feasible` (whether no constraint excludes it), each cost and objective by name
            with `<name>_failure` (why it is NaN, or None), and `params_<name>` of each parameter.
        objectives: {objective: "maximize" or "minimize"}.
        constraints: {cost: the most that it may be}.
    """

    trials: pd.DataFrame
    objectives: Mapping[str, str]
    constraints: Mapping[str, float]

    @property
    def ranked(self) -> pd.DataFrame:
        """Distinct feasible networks with all objectives, the best in the first objective first."""
        first, direction = next(iter(self.objectives.items()))
        scored = self.trials[list(self.objectives)].notna().to_numpy().all(axis=1)
        chosen = scored & self.trials["feasible"].to_numpy(dtype=bool)
        frame = self.trials.loc[chosen].drop_duplicates(subset=["architecture_id"])
        # Stable, so that of equal ones the first that was found comes first.
        ascending = direction == "minimize"
        return frame.sort_values(first, ascending=ascending, kind="stable", ignore_index=True)

    @property
    def pareto(self) -> pd.DataFrame:
        """The networks of `ranked` that none beats in every objective and constrained cost."""
        frame = self.ranked
        signs = {name: 1.0 if way == "minimize" else -1.0 for name, way in self.objectives.items()}
        signs = dict.fromkeys(self.constraints, 1.0) | signs
        criteria = frame[list(signs)].to_numpy(dtype=np.float64) * np.array(list(signs.values()))
        return frame.loc[non_dominated(criteria)].reset_index(drop=True)

    @property
    def best_params(self) -> dict[str, Any]:
        """The parameters of the first network of `ranked`, of which there must be one."""
        frame = self.ranked
        if frame.empty:
            feasible = np.count_nonzero(self.trials["feasible"])
            raise ValueError(
                "a search must find a feasible network with a score, got "
                f"{feasible} feasible ones of {len(self.trials)}: relax the constraints, or see "
                "the reasons in trials"
            )
        from epsilon_research.spaces.trials import read

        return read(str(frame.loc[0, "architecture_id"]))

    def plot(self) -> "Figure":
        """Return a figure: the first objective against each constrained cost, with the front."""
        from epsilon_research.plotting.searches import search_front

        name = next(iter(self.objectives))
        return search_front(
            self.trials, front=self.pareto, objective=name, limits=dict(self.constraints)
        )


def search(
    build: "Callable[[Any], nn.Module] | str",
    images: "torch.Tensor | np.ndarray",
    *,
    budget: int = 500,
    metrics: ChosenMetrics = "epsilon",
    minimise: Sequence[str] = (),
    constraints: Mapping[str, float] | None = None,
    sampler: "Sampler" = None,
    weights: Sequence[float] = (1e-7, 1.0),
    seed: int = 21,
    progress: bool = True,
) -> SearchResult:
    """Search the networks that a builder makes for the best scores within constraints.

    No network is trained. What a constraint excludes is infeasible: samplers learn of it, and it is
    never among the best, whatever its score.

    Args:
        build: A function of a trial (`optuna.trial.Trial`, which it asks by `suggest_int`,
            `suggest_float`, `suggest_categorical`) that returns a module; or where it is, as
            "package.module:function".
        images: One minibatch (batch, channels, height, width), at least three samples.
        budget: Networks to score, repeated ones included, at least 1.
        metrics: One objective or several, by name (`conf/metric`) or as objects; maximised.
        minimise: Names of objectives that are minimised instead.
        constraints: {cost: the most that it may be}; costs are metrics, too: `num_parameters`,
            `flops` (multiply-adds for one image), `activation_memory` (bytes).
        sampler: "random", "tpe", "nsga2", "nsga3" of Optuna's, "random_search",
            "ageing_evolution", "local_search" of the project's, or an object of either kind; None:
            TPE for one objective, NSGA-II for several.
        weights: The two constants of epsilon.
        seed: Seed of the sampler.
        progress: Whether progress is shown on standard error.

    Returns:
        What was scored, and what is best of it.

    Raises:
        ValueError: A setting is not what it must be, or the builder asks for nothing.
        ModuleNotFoundError: Optuna is not installed.
    """
    check_integer("budget", budget, at_least=1, example=500)
    check_integer("seed", seed, at_least=0, example=21)
    console = chosen_console(progress)
    if find_spec("optuna") is None:
        raise ModuleNotFoundError(
            "er.search must have the package optuna, got none: "
            "pip install 'epsilon_research[search]'"
        )
    limits = _checked(constraints or {})
    pair = check_weights(weights)
    objectives = chosen_metrics(metrics, weights=pair, engine=CollapsedEngine())
    for name in minimise:
        check_choice("minimise", name, objectives)
    costs = chosen_metrics(list(limits), weights=pair, engine=CollapsedEngine()) if limits else {}
    directions: list[Direction] = [
        "minimize" if name in minimise else "maximize" for name in objectives
    ]
    # Late, since Optuna is an extra.
    from epsilon_research.api.askers import asker_of

    space = BuiltSpace(build=build)
    asker = asker_of(sampler, space=space, directions=directions, seed=seed)
    known: dict[str, dict[str, MetricScore]] = {}
    rows = []
    with shown_progress(console, "searching", budget) as advance, warnings.catch_warnings():
        # Reported once, below.
        warnings.filterwarnings("ignore", message=FEW_OUTPUTS)
        for _ in range(budget):
            built = asker.ask()
            id_ = built.architecture_id
            if id_ not in known:
                known[id_] = score_network(
                    built.network, images, metrics={**costs, **objectives}, weights=pair
                )
            scores = known[id_]
            values = [scores[name].value for name in objectives]
            undefined = any(map(math.isnan, values))
            excess = {name: _excess(scores[name].value, limit) for name, limit in limits.items()}
            asker.tell(None if undefined else values, excess)
            row = {"architecture_id": id_, "feasible": all(part <= 0 for part in excess.values())}
            for name, score in scores.items():
                row |= {name: score.value, f"{name}_failure": score.reason}
            rows.append(row | {f"{PARAMETER}{name}": one for name, one in built.parameters.items()})
            advance(1, failed=int(undefined))
    _warn_of_few([score for scores in known.values() for score in scores.values()])
    return SearchResult(
        trials=pd.DataFrame(rows),
        objectives=dict(zip(objectives, directions, strict=True)),
        constraints=limits,
    )


def _warn_of_few(scores: Sequence[MetricScore]) -> None:
    found = [score for score in scores if isinstance(score, NetworkScore) and score.reason is None]
    few = sum(min(score.values_kept) < NetworkScore.FEW for score in found)
    if few:
        warnings.warn(
            f"{FEW_OUTPUTS} in {few} of {len(found)} networks (fewer than {NetworkScore.FEW} kept "
            "for one of the weights): score more images",
            stacklevel=3,
        )


def _checked(constraints: object) -> dict[str, float]:
    """Return the limits as numbers."""
    if not isinstance(constraints, Mapping):
        raise ValueError(
            f"constraints must be a mapping from costs to limits, got {constraints!r}: pass e.g. "
            '{"flops": 50e6}'
        )
    for name, limit in constraints.items():
        number = isinstance(limit, int | float) and not isinstance(limit, bool)
        if not number or math.isnan(limit):
            raise ValueError(
                f"constraints must be numbers, got {limit!r} for {name}: pass e.g. "
                f'{{"{name}": 50e6}}'
            )
    return {str(name): float(limit) for name, limit in constraints.items()}


def _excess(cost: float, limit: float) -> float:
    """How far a cost lies above its limit; an unknown one lies infinitely far."""
    return math.inf if math.isnan(cost) else cost - limit
