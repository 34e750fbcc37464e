"""Random search: uniform draws, after the best of a pool where there was a warm-up."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from epsilon_research.search_methods.base import SearchAlgorithm, SearchMethod, Start
from epsilon_research.search_methods.domain import Domain


class RandomDraws(SearchAlgorithm):
    """Asks for `first` in its order, then for uniform draws; no fitness changes anything."""

    def __init__(self, *, domain: Domain, first: tuple[str, ...]) -> None:
        self._domain = domain
        self._first = deque(first)

    def ask(self, rng: np.random.Generator) -> str:
        """See `SearchAlgorithm`."""
        return self._first.popleft() if self._first else self._domain.draw(rng)

    def tell(self, architecture_id: str, fitness: float) -> None:
        """See `SearchAlgorithm`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomSearch(SearchMethod):
    """Random search; with a warm-up it goes through the pool from the best down.

    References:
        Abdelfattah et al., "Zero-Cost Proxies for Lightweight NAS", ICLR 2021, section 4.2.
    """

    name: str = "random_search"

    @property
    def needs_score(self) -> bool:
        """See `SearchMethod`; only a warm-up uses scores."""
        return False

    @property
    def settings(self) -> Mapping[str, Any]:
        """See `SearchMethod`."""
        return {"move": None}

    def start(self, start: Start) -> RandomDraws:
        """See `SearchMethod`."""
        return RandomDraws(domain=start.domain, first=start.first)
