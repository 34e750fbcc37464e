"""Which architectures a search may visit: a whole space, or those with a known result."""

from collections.abc import Callable, Sequence

import numpy as np

from epsilon_research.spaces import SearchSpace

MOST_DRAWS = 100
"""Mutations drawn for one child until one is known. In a table that holds one neighbour in 30 of an
architecture (15,000 of NAS-Bench-101), 97 % of the children are found within so many."""

MOST_UNIFORM_DRAWS = 10_000
"""Uniform draws for one architecture until one is admitted; a share of 1 in 1,000 is missed by all
of them with a probability of 5e-5."""


class Domain:
    """Uniform draws and mutations that stay among the architectures a search may visit.

    What a mutation is, the space alone says. Where only some architectures are known, a child that
    is not is drawn again from the same parent, at most `MOST_DRAWS` times; then a uniform draw
    takes its place. Both are counted, since they make another search of it.

    Args:
        space: Gives draws and mutations.
        known: The architectures with a result, distinct; None: any of the space.
        admits: Which of these a search may visit; None: all of them.
        mutates_as_published: Whether children are drawn by `SearchSpace.mutate_as_published`
            instead of `SearchSpace.mutate`.
    """

    def __init__(
        self,
        *,
        space: SearchSpace,
        known: Sequence[str] | None = None,
        admits: Callable[[str], bool] | None = None,
        mutates_as_published: bool = False,
    ) -> None:
        if known is not None and not len(known):
            raise ValueError(
                f"a search on {space.name} must have some architecture with a known accuracy, got "
                "none: pass another benchmark"
            )
        self._space = space
        self._mutate = space.mutate_as_published if mutates_as_published else space.mutate
        self._known = None if known is None else tuple(known)
        self._members = frozenset(self._known or ())
        self._admits = admits
        self.num_mutations = 0
        self.num_redraws = 0
        self.num_fallbacks = 0

    @property
    def space(self) -> SearchSpace:
        """The search space, from which draws and mutations come."""
        return self._space

    def knows(self, architecture_id: str) -> bool:
        """Return whether a search may visit an architecture of the space."""
        known = self._known is None or architecture_id in self._members
        return known and (self._admits is None or self._admits(architecture_id))

    @property
    def size(self) -> int | None:
        """Number of architectures that a search may visit; None if the space alone says."""
        return None if self._known is None else len(self._known)

    def draw(self, rng: np.random.Generator) -> str:
        """One architecture, uniformly.

        Raises:
            ValueError: None is admitted, or next to none.
        """
        for _ in range(MOST_UNIFORM_DRAWS):
            if self._known is None:
                drawn = self._space.sample(1, rng)[0]
            else:
                drawn = self._known[int(rng.integers(len(self._known)))]
            if self._admits is None or self._admits(drawn):
                return drawn
        raise ValueError(
            f"constraints must leave some architecture of {self._space.name}, got none among "
            f"{MOST_UNIFORM_DRAWS:,} draws: raise the limits"
        )

    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """A child of `architecture_id`: one mutation away, save for the last resort above."""
        self.num_mutations += 1
        for _ in range(MOST_DRAWS):
            child = self._mutate(architecture_id, rng)
            if self.knows(child):
                return child
            self.num_redraws += 1
        self.num_fallbacks += 1
        return self.draw(rng)
