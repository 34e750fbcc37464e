"""What all variants of a search share: fitness, pools, budget and seeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from epsilon_research.search_methods import Domain, Protocol, ScoreCache, draw_pool
from epsilon_research.spaces import SearchSpace
from epsilon_research.stages.search.costs import Constraints

POOL, SEARCH = 0, 1
"""The two streams of random numbers of each repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The part that all variants of a run share, so that their repeats are pairs.

    Args:
        space: Gives draws and mutations.
        known: Architectures that a search may visit, all feasible; None: any feasible one of the
            space.
        constraints: What is feasible.
        cost: A second objective on demand, lower is better; None: fitness alone.
        evaluate: Fitness of an architecture, higher is better.
        report: What a curve shows of an architecture, in its own unit.
        higher_is_better: Direction of what is reported.
        protocol: What counts and what is shown.
        universe: Architectures that warm-up pools are drawn from, all feasible.
        pool_size: Size of each pool.
        budget: Trained models per search.
        repeats: Searches per variant.
        selected_on: What selects, for the record: "validation", "test" or "objective".
        reported: What the curves show, for the record.
        seed: Repeat i of every variant has the same pool and the same stream of random numbers.
    """

    space: SearchSpace
    known: Sequence[str] | None
    constraints: Constraints
    cost: ScoreCache | None
    evaluate: Callable[[str], float]
    report: Callable[[str], float]
    higher_is_better: bool
    protocol: Protocol
    universe: Sequence[str]
    pool_size: int
    budget: int
    repeats: int
    selected_on: str
    reported: str
    seed: int

    def generator(self, repeat: int, stream: int) -> np.random.Generator:
        """A fresh generator for one purpose in one repeat."""
        return np.random.default_rng([self.seed, repeat, stream])

    def domain(self) -> Domain:
        """Return what the searches of a variant may visit, with its counts of mutations at 0."""
        return Domain(
            space=self.space,
            known=self.known,
            admits=self.constraints.admits() if self.known is None else None,
            mutates_as_published=self.protocol.mutates_as_published,
        )

    def pool(self, repeat: int) -> list[str]:
        """The warm-up pool of a repeat."""
        return draw_pool(
            self.universe,
            size=self.pool_size,
            with_replacement=self.protocol.draws_with_replacement,
            rng=self.generator(repeat, POOL),
        )
