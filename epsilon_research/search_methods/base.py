"""The contract of a search: settings that start an algorithm, which asks and is told."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from epsilon_research.search_methods.domain import Domain

ScoreFunction = Callable[[Sequence[str]], np.ndarray]
"""Scores of architectures as float64, in their order, higher is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The start of one search.

    Args:
        domain: Draws and mutates architectures.
        first: Architectures to try first, best first: what a warm-up found. Empty without one.
        score: For moves that use scores; no value is NaN, undefined ones already have their rank
            (`Protocol.undefined_score`). None without scores.
        cost: A second objective, which is known without training: costs of architectures, lower is
            better, NaN where unknown. None: fitness alone. Methods without `uses_cost` ignore it.
        proxies: Scores of architectures by several metrics, a column each, NaN where undefined, for
            methods that predict fitness. None without scores.
    """

    domain: Domain
    first: tuple[str, ...] = ()
    score: ScoreFunction | None = None
    cost: ScoreFunction | None = None
    proxies: ScoreFunction | None = None


class SearchAlgorithm(ABC):
    """One search under way; owns its own state and nothing else."""

    @abstractmethod
    def ask(self, rng: np.random.Generator) -> str:
        """The architecture to evaluate next."""

    @abstractmethod
    def tell(self, architecture_id: str, fitness: float) -> None:
        """Takes the fitness of the architecture asked for last; NaN where it has none."""


class SearchMethod(ABC):
    """The settings of an algorithm, which start as many searches as a run repeats."""

    name: str
    uses_cost: ClassVar[bool] = False
    """True if it searches by `Start.cost`, too, where that is given."""
    uses_proxies: bool = False
    """True if it searches by `Start.proxies`, which it then must have."""

    @property
    @abstractmethod
    def needs_score(self) -> bool:
        """Return whether `Start.score` must be given, beside any warm-up."""

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """What a run's record should say of it: at least `move`, None where there is no choice."""

    @abstractmethod
    def start(self, start: Start) -> SearchAlgorithm:
        """A search that has not asked yet.

        Raises:
            ValueError: `needs_score`, but `start` has no scores.
        """
