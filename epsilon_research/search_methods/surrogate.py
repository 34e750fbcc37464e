"""Search by a predictor: train what a model of fitness, refitted again and again, thinks best."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from epsilon_research.checks import check_choice, check_integer
from epsilon_research.search_methods.base import SearchAlgorithm, SearchMethod, Start
from epsilon_research.search_methods.predictors import MODELS, predict

_NUM_PARENTS = 10
"""Fittest architectures whose children are candidates."""


class Predictions(SearchAlgorithm):
    """One search by a predictor under way: results known so far, and candidates to train next."""

    def __init__(self, *, start: Start, settings: "Surrogate") -> None:
        self._start = start
        self._settings = settings
        self._queue = deque(start.first[: settings.num_initial])
        self._told: dict[str, float] = {}

    def ask(self, rng: np.random.Generator) -> str:
        """See `SearchAlgorithm`; first random architectures, then what is predicted best."""
        if not self._queue and len(self._told) >= self._settings.num_initial:
            self._queue.extend(self._predicted_best(rng))
        return self._queue.popleft() if self._queue else self._start.domain.draw(rng)

    def tell(self, architecture_id: str, fitness: float) -> None:
        """See `SearchAlgorithm`; what has no fitness teaches the predictor nothing."""
        self._told[architecture_id] = fitness

    def _predicted_best(self, rng: np.random.Generator) -> list[str]:
        known = {id_: fitness for id_, fitness in self._told.items() if not np.isnan(fitness)}
        candidates = self._candidates(known, rng)
        if len(known) < 2 or not candidates:
            return []
        # Ranks, since some architectures fail in training and are far below all others.
        order = np.argsort(np.argsort(list(known.values())))
        ranks = (1.0 + order) / len(known)
        predicted = predict(
            self._features(candidates),
            model=self._settings.model,
            known=self._features(list(known)),
            target=ranks,
            seed=int(rng.integers(2**31)),
        )
        places = best_steps(
            predicted,
            self._costs(candidates),
            known=ranks,
            known_costs=self._costs(list(known)),
            count=self._settings.refit_every,
        )
        return [candidates[place] for place in places]

    def _candidates(self, known: Mapping[str, float], rng: np.random.Generator) -> list[str]:
        """Distinct architectures that have not been tried: uniform draws, children of the best."""
        domain, half = self._start.domain, self._settings.num_candidates // 2
        found = [domain.draw(rng) for _ in range(self._settings.num_candidates - half)]
        parents = sorted(known, key=lambda id_: known[id_], reverse=True)[:_NUM_PARENTS]
        if parents:
            found += [domain.mutate(parents[child % len(parents)], rng) for child in range(half)]
        return [id_ for id_ in dict.fromkeys(found) if id_ not in self._told]

    def _features(self, ids: Sequence[str]) -> Float[np.ndarray, "architectures features"]:
        encoded = self._start.domain.space.encode(ids)
        proxies = self._start.proxies if self._settings.uses_proxies else None
        parts = [encoded, None if proxies is None else proxies(ids)]
        return np.concatenate([part for part in parts if part is not None], axis=1)

    def _costs(self, ids: Sequence[str]) -> Float[np.ndarray, " architectures"]:
        return np.zeros(len(ids)) if self._start.cost is None else self._start.cost(ids)


def best_steps(
    predicted: Float[np.ndarray, " candidates"],
    costs: Float[np.ndarray, " candidates"],
    *,
    known: Float[np.ndarray, " known"],
    known_costs: Float[np.ndarray, " known"],
    count: int,
) -> list[int]:
    """Return the candidates that rise furthest above the front of what is known, one by one.

    The rise of a candidate is its predicted value minus the best one at no more than its cost,
    chosen candidates included. At equal costs these are the candidates of the largest predictions.

    Args:
        predicted: Values, higher is better.
        costs: Lower is better; NaN is never chosen.
        known: Values of architectures that are trained.
        known_costs: Their costs, NaN where unknown.
        count: How many to choose, fewer if there are no more.
    """
    order = np.argsort(-predicted, kind="stable")
    order = order[~np.isnan(costs[order])]
    below = known_costs[None] <= costs[order, None]
    reached = np.where(below, known[None], -np.inf).max(axis=1, initial=0.0)
    chosen: list[int] = []
    open_ = np.ones(order.size, dtype=bool)
    for _ in range(min(count, order.size)):
        place = int(np.argmax(np.where(open_, predicted[order] - reached, -np.inf)))
        open_[place] = False
        chosen.append(int(order[place]))
        dearer = costs[order] >= costs[order[place]]
        reached[dearer] = np.maximum(reached[dearer], predicted[order[place]])
    return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Surrogate(SearchMethod):
    """Search by a predictor of fitness from an architecture's encoding and its proxies' scores.

    Some random architectures (the first ones of a warm-up, where there is one) are trained. Then,
    again and again: a model of the rank of their fitness is fitted, candidates are predicted, and
    the best of them are trained. Candidates are uniform draws and children of the fittest, half
    and half. With a cost, those are best that rise furthest above the front found so far.

    Args:
        model: One of `MODELS`.
        uses_proxies: Whether `Start.proxies` are features, beside the space's own encoding.
        num_initial: Architectures trained before the first fit, at least 2.
        refit_every: Architectures trained between two fits, at least 1.
        num_candidates: Architectures predicted after each fit, at least 2.

    References:
        White et al., "How Powerful are Performance Predictors in Neural Architecture Search?",
        NeurIPS 2021, on predictors with proxies among their features; Wu et al., "Stronger NAS with
        Weaker Predictors", NeurIPS 2021, on refitting them.
    """

    uses_cost: ClassVar[bool] = True
    model: str = "boosting"
    uses_proxies: bool = True
    num_initial: int = 20
    refit_every: int = 10
    num_candidates: int = 1000

    def __post_init__(self) -> None:
        check_choice("search.model", self.model, MODELS)
        for name, least, example in (
            ("num_initial", 2, 20),
            ("refit_every", 1, 10),
            ("num_candidates", 2, 1000),
        ):
            check_integer(f"search.{name}", getattr(self, name), at_least=least, example=example)

    @property
    def name(self) -> str:  # type: ignore[override]  # of settings, where others have a field
        """See `SearchMethod`."""
        return "surrogate_with_proxies" if self.uses_proxies else "surrogate"

    @property
    def needs_score(self) -> bool:
        """See `SearchMethod`; proxies are features, not scores to go by."""
        return False

    @property
    def settings(self) -> Mapping[str, Any]:
        """See `SearchMethod`."""
        return {
            "move": None,
            "model": self.model,
            "num_initial": self.num_initial,
            "refit_every": self.refit_every,
            "num_candidates": self.num_candidates,
        }

    def start(self, start: Start) -> Predictions:
        """See `SearchMethod`.

        Raises:
            ValueError: There is nothing to predict from.
        """
        space = start.domain.space
        if space.encode(()) is None and not (self.uses_proxies and start.proxies):
            raise ValueError(
                f"search=surrogate must have features to predict from, got {space.name}, which has "
                "no encoding, without proxies: pass search.proxies and search.without_proxies=false"
            )
        return Predictions(start=start, settings=self)
