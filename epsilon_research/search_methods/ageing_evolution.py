"""Ageing evolution: a population in which the oldest leaves, whatever its fitness."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from epsilon_research.checks import check_integer
from epsilon_research.search_methods.base import SearchAlgorithm, SearchMethod, Start
from epsilon_research.search_methods.moves import Member, Move, move_named


class Population(SearchAlgorithm):
    """One evolution under way: a queue of members, from the oldest to the youngest."""

    def __init__(self, *, start: Start, size: int, tournament_size: int, move: Move) -> None:
        self._start = start
        self._first = deque(start.first[:size])
        self._size = size
        self._tournament_size = tournament_size
        self._move = move
        self._members: deque[Member] = deque()
        self._told: set[str] = set()

    @property
    def members(self) -> tuple[Member, ...]:
        """The population, oldest first."""
        return tuple(self._members)

    def ask(self, rng: np.random.Generator) -> str:
        """See `SearchAlgorithm`; first the initial population, then children."""
        if self._first:
            return self._first.popleft()
        if len(self._members) < self._size:
            return self._start.domain.draw(rng)
        places = rng.choice(self._size, size=self._tournament_size, replace=False)
        contestants = [self._members[place] for place in places.tolist()]
        return self._move.propose(contestants, start=self._start, told=self._told, rng=rng)

    def tell(self, architecture_id: str, fitness: float) -> None:
        """See `SearchAlgorithm`; the oldest member leaves as soon as there is one too many."""
        self._told.add(architecture_id)
        self._members.append(Member(architecture_id, fitness))
        if len(self._members) > self._size:
            self._members.popleft()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeingEvolution(SearchMethod):
    """Ageing (regularised) evolution.

    The initial population is random, or the best of a warm-up's pool; its members are evaluated
    and count in the budget. Then, again and again: draw a tournament from the population without
    replacement, mutate its winner, evaluate the child; the oldest member leaves.

    Args:
        population_size: Members, at least 1.
        tournament_size: Members that compete for being the parent, at most `population_size`.
        move: "fitness" (the fittest contestant is mutated), "score" (the best-scored one), or
            "children" (the fittest has several children, the best-scored of them is evaluated).
        num_children: For "children": how many.

    References:
        Real et al., "Regularized Evolution for Image Classifier Architecture Search", AAAI 2019.
    """

    population_size: int = 64
    tournament_size: int = 10
    move: str = "fitness"
    num_children: int = 10
    name: str = "ageing_evolution"

    def __post_init__(self) -> None:
        check_integer("population_size", self.population_size, at_least=1, example=64)
        check_integer("tournament_size", self.tournament_size, at_least=1, example=10)
        if self.tournament_size > self.population_size:
            raise ValueError(
                "tournament_size must lie between 1 and population_size "
                f"({self.population_size}), got {self.tournament_size}: choose one in between"
            )
        move_named(self.move, num_children=self.num_children)

    @property
    def needs_score(self) -> bool:
        """See `SearchMethod`."""
        return move_named(self.move, num_children=self.num_children).needs_score

    @property
    def settings(self) -> Mapping[str, Any]:
        """See `SearchMethod`."""
        found = {
            "move": self.move,
            "population_size": self.population_size,
            "tournament_size": self.tournament_size,
        }
        return found | ({"num_children": self.num_children} if self.move == "children" else {})

    def start(self, start: Start) -> Population:
        """See `SearchMethod`."""
        if self.needs_score and start.score is None:
            raise ValueError(
                f"move={self.move} must have scores to go by, got none: pass a metric, or "
                "move=fitness"
            )
        return Population(
            start=start,
            size=self.population_size,
            tournament_size=self.tournament_size,
            move=move_named(self.move, num_children=self.num_children),
        )
