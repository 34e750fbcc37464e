"""Local search: the neighbours of the best architecture, again and again."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from epsilon_research.search_methods.base import SearchAlgorithm, SearchMethod, Start


class HillClimb(SearchAlgorithm):
    """One local search under way: a centre, and how many of its neighbours were no better."""

    def __init__(self, *, start: Start, num_initial: int, patience: int) -> None:
        self._start = start
        self._first = deque(start.first[:num_initial])
        self._num_initial = num_initial
        self._patience = patience
        self._initial: list[tuple[float, str]] = []
        self._centre: tuple[float, str] | None = None
        self._misses = 0

    @property
    def centre(self) -> str | None:
        """The architecture whose neighbours are tried; None before there is one."""
        return None if self._centre is None else self._centre[1]

    def ask(self, rng: np.random.Generator) -> str:
        """See `SearchAlgorithm`; first random architectures, then neighbours of the centre."""
        if self._centre is not None:
            return self._start.domain.mutate(self._centre[1], rng)
        return self._first.popleft() if self._first else self._start.domain.draw(rng)

    def tell(self, architecture_id: str, fitness: float) -> None:
        """See `SearchAlgorithm`; a better neighbour is the new centre."""
        found = (-math.inf if math.isnan(fitness) else fitness, architecture_id)
        if self._centre is None:
            self._initial.append(found)
            if len(self._initial) == self._num_initial:
                self._centre = max(self._initial, key=lambda one: one[0])
                self._initial.clear()
        elif found[0] > self._centre[0]:
            self._centre, self._misses = found, 0
        else:
            self._misses += 1
            if self._misses >= self._patience:
                self._centre, self._misses = None, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSearch(SearchMethod):
    """Local search with restarts.

    The best of some random architectures (the first ones of a warm-up, where there is one) is the
    centre. Its random neighbours, one mutation away, are evaluated; the first that is better takes
    its place. After `patience` neighbours in a row that are not, the search starts anew.

    Args:
        num_initial: Architectures among which the first centre, and each later one, is chosen.
        patience: Neighbours without success before a new start.

    References:
        White et al., "Exploring the Loss Landscape in Neural Architecture Search", UAI 2021, which
        evaluates all neighbours of a centre before it moves; here it moves at once, as their
        `query_until_lower`.
    """

    num_initial: int = 10
    patience: int = 30
    name: str = "local_search"

    def __post_init__(self) -> None:
        for setting in ("num_initial", "patience"):
            value = getattr(self, setting)
            if value < 1:
                raise ValueError(f"{setting} must be at least 1, got {value}: pass e.g. 10")

    @property
    def needs_score(self) -> bool:
        """See `SearchMethod`; only a warm-up uses scores."""
        return False

    @property
    def settings(self) -> Mapping[str, Any]:
        """See `SearchMethod`."""
        return {"move": None, "num_initial": self.num_initial, "patience": self.patience}

    def start(self, start: Start) -> HillClimb:
        """See `SearchMethod`."""
        return HillClimb(start=start, num_initial=self.num_initial, patience=self.patience)
