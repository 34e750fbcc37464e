"""Who proposes the next network of a search: Optuna's samplers, or the project's algorithms.

An asker's `ask` returns the next network, and its `tell` takes what that has: `values` of the
objectives in their own direction, None where one is undefined, and `excess`, how far each
constrained cost lies above its limit; above 0 is infeasible.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import optuna
from optuna.samplers import BaseSampler, NSGAIIISampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import Trial, TrialState

from epsilon_research.search_methods import (
    AgeingEvolution,
    Domain,
    LocalSearch,
    RandomSearch,
    SearchMethod,
    Start,
)
from epsilon_research.spaces import BuiltSpace
from epsilon_research.spaces.trials import Built, quiet

_SAMPLERS: Mapping[str, Callable[..., BaseSampler]] = {
    "random": RandomSampler,
    "tpe": TPESampler,
    "nsga2": NSGAIISampler,
    "nsga3": NSGAIIISampler,
}
_METHODS: Mapping[str, Callable[[], SearchMethod]] = {
    "random_search": RandomSearch,
    "ageing_evolution": AgeingEvolution,
    "local_search": LocalSearch,
}

Direction = Literal["maximize", "minimize"]

Sampler = str | BaseSampler | SearchMethod | None
"""A sampler by name, an object of Optuna's or of the project's, or None for the usual one."""


class OptunaAsker:
    """A study of Optuna's under way; samplers leave out what failed, as an undefined value does."""

    def __init__(
        self, space: BuiltSpace, sampler: BaseSampler, directions: Sequence[Direction]
    ) -> None:
        self._space = space
        with quiet():
            self._study = optuna.create_study(sampler=sampler, directions=directions)
        self._trial: Trial | None = None

    def ask(self) -> Built:
        """Return the next network."""
        with quiet():
            self._trial = self._study.ask()
        return self._space.built_by(self._trial)

    def tell(self, values: Sequence[float] | None, excess: Mapping[str, float]) -> None:
        """Take what the network asked for last has."""
        assert self._trial is not None
        for name, value in excess.items():
            self._trial.set_constraint(name, value)
        if values is None:
            self._study.tell(self._trial, state=TrialState.FAIL)
        else:
            self._study.tell(self._trial, list(values))


class MethodAsker:
    """An algorithm of the project under way; what is infeasible, or undefined, has no fitness."""

    def __init__(
        self, space: BuiltSpace, method: SearchMethod, *, sign: float, rng: np.random.Generator
    ) -> None:
        self._space = space
        self._algorithm = method.start(Start(domain=Domain(space=space)))
        self._sign = sign
        self._rng = rng
        self._id = ""

    def ask(self) -> Built:
        """Return the next network."""
        self._id = self._algorithm.ask(self._rng)
        return self._space.built(self._id)

    def tell(self, values: Sequence[float] | None, excess: Mapping[str, float]) -> None:
        """Take what the network asked for last has."""
        feasible = values is not None and all(value <= 0 for value in excess.values())
        fitness = self._sign * values[0] if values is not None and feasible else np.nan
        self._algorithm.tell(self._id, fitness)


def asker_of(
    sampler: object, *, space: BuiltSpace, directions: Sequence[Direction], seed: int
) -> OptunaAsker | MethodAsker:
    """Return a search that has not asked yet; by None TPE, or NSGA-II of several objectives."""
    chosen: Any = sampler
    if sampler is None:
        chosen = "tpe" if len(directions) == 1 else "nsga2"
    if isinstance(chosen, str) and chosen in _SAMPLERS:
        chosen = _SAMPLERS[chosen](seed=seed)
    elif isinstance(chosen, str) and chosen in _METHODS:
        chosen = _METHODS[chosen]()
    if isinstance(chosen, BaseSampler):
        return OptunaAsker(space, chosen, directions)
    if not isinstance(chosen, SearchMethod) or chosen.needs_score:
        raise ValueError(
            f"sampler must be one of {', '.join([*_SAMPLERS, *_METHODS])}, a sampler of Optuna's "
            f"or a SearchMethod without moves by score, got {sampler!r}: choose one of them"
        )
    if len(directions) > 1 and not isinstance(chosen, RandomSearch):
        raise ValueError(
            f"sampler {chosen.name} must have one objective, got {len(directions)}: pass "
            "sampler='nsga2'"
        )
    sign = 1.0 if directions[0] == "maximize" else -1.0
    return MethodAsker(space, chosen, sign=sign, rng=np.random.default_rng(seed))
