"""Moves of an evolution: from a tournament to the child that is evaluated next."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from epsilon_research.checks import check_choice, check_integer
from epsilon_research.search_methods.base import ScoreFunction, Start


class Member(NamedTuple):
    """One architecture of a population."""

    architecture_id: str
    fitness: float


class Move(ABC):
    """A rule by which the next child is found."""

    needs_score: bool

    @abstractmethod
    def propose(
        self,
        contestants: Sequence[Member],
        *,
        start: Start,
        told: Set[str],
        rng: np.random.Generator,
    ) -> str:
        """The architecture to evaluate next.

        Args:
            contestants: The members drawn for the tournament, in random order.
            start: Where mutations and scores come from.
            told: All architectures whose fitness the search knows.
            rng: For the mutations.
        """


@dataclass(frozen=True, slots=True)
class FitnessTournament(Move):
    """One mutation of the fittest contestant, as published by Real et al."""

    needs_score: bool = False

    def propose(
        self,
        contestants: Sequence[Member],
        *,
        start: Start,
        told: Set[str],
        rng: np.random.Generator,
    ) -> str:
        """See `Move`."""
        return start.domain.mutate(_fittest(contestants), rng)


@dataclass(frozen=True, slots=True)
class ScoreTournament(Move):
    """One mutation of the best-scored contestant; the epsilon paper's "move"."""

    needs_score: bool = True

    def propose(
        self,
        contestants: Sequence[Member],
        *,
        start: Start,
        told: Set[str],
        rng: np.random.Generator,
    ) -> str:
        """See `Move`."""
        ids = [member.architecture_id for member in contestants]
        return start.domain.mutate(_best_scored(ids, start.score), rng)


@dataclass(frozen=True, slots=True)
class BestChild(Move):
    """Several mutations of the fittest contestant, of which the best-scored is evaluated.

    Children that the search knows already come last: with a fixed score the best child of a
    parent would else be the same again and again, and nothing new would be learned.

    References:
        Abdelfattah et al., "Zero-Cost Proxies for Lightweight NAS", ICLR 2021, section 4.2, "move
        proposal".
    """

    num_children: int
    needs_score: bool = True

    def propose(
        self,
        contestants: Sequence[Member],
        *,
        start: Start,
        told: Set[str],
        rng: np.random.Generator,
    ) -> str:
        """See `Move`."""
        parent = _fittest(contestants)
        children = [start.domain.mutate(parent, rng) for _ in range(self.num_children)]
        unknown = [child for child in children if child not in told]
        return _best_scored(unknown or children, start.score)


def _fittest(contestants: Sequence[Member]) -> str:
    return max(contestants, key=_rank).architecture_id


def _rank(member: Member) -> float:
    # An undefined fitness loses against every other.
    return -math.inf if math.isnan(member.fitness) else member.fitness


def _best_scored(ids: Sequence[str], score: ScoreFunction | None) -> str:
    assert score is not None  # whoever starts a search has checked it
    return ids[int(np.argmax(score(ids)))]


MOVES = ("fitness", "score", "children")
"""Names of the moves in a configuration."""


def move_named(name: str, *, num_children: int) -> Move:
    """The move of a name in `MOVES`.

    Raises:
        ValueError: There is no such move, or `num_children` is below 1.
    """
    check_integer("num_children", num_children, at_least=1, example=10)
    moves = {
        "fitness": FitnessTournament(),
        "score": ScoreTournament(),
        "children": BestChild(num_children),
    }
    check_choice("move", name, moves)
    return moves[name]
