"""Protocols of a search experiment: what counts as trained, and what a curve shows."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


class Protocol(ABC):
    """The rules by which searches are run and reported."""

    name: str
    counts_repeats: bool
    """True if a repeated architecture counts as trained again."""
    draws_with_replacement: bool
    """True if an architecture may be twice in one pool of a warm-up."""
    undefined_score: float
    """The rank of an architecture without a score, as a number."""
    float32_only: bool
    """True if an architecture has a score only where the published float32 code has one."""
    mutates_as_published: bool
    """True if children are drawn by `SearchSpace.mutate_as_published`."""

    @abstractmethod
    def judged(
        self, fitness: Float[np.ndarray, " trained"], reported: Float[np.ndarray, " trained"]
    ) -> Float[np.ndarray, " trained"]:
        """Return what the best of the trained architectures is chosen by, higher is better.

        Args:
            fitness: What the search saw, higher is better; NaN where undefined.
            reported: What a reader wants to know of each architecture, higher is better.
        """

    def curve(
        self, fitness: Float[np.ndarray, " trained"], reported: Float[np.ndarray, " trained"]
    ) -> Float[np.ndarray, " trained"]:
        """Return what is reported of the best after each trained architecture; of equal, the first.

        Args:
            fitness: See `judged`.
            reported: Likewise.

        Returns:
            NaN as long as nothing is defined that could be judged.
        """
        judged = self.judged(fitness, reported)
        best = np.fmax.accumulate(judged)
        before = np.concatenate([[np.nan], best[:-1]])
        improves = (judged > before) | (np.isnan(before) & ~np.isnan(judged))
        # The position of the incumbent after each step; -1 before the first.
        incumbents = np.maximum.accumulate(np.where(improves, np.arange(judged.size), -1))
        return np.where(incumbents >= 0, reported[incumbents], np.nan)

    def rank(self, scores: Float[np.ndarray, " architectures"]) -> Float[np.ndarray, " n"]:
        """Scores with a number also where there is none: `undefined_score`."""
        return np.where(np.isnan(scores), self.undefined_score, scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound(Protocol):
    """Selection by fitness, report of something else: no look at the test set.

    A curve shows the test accuracy of the incumbent, the best architecture so far by fitness
    (validation accuracy); of equal ones the first. Repeated architectures are answered from memory
    and cost nothing. Undefined scores rank last.
    """

    name: str = "sound"
    counts_repeats: bool = False
    draws_with_replacement: bool = False
    undefined_score: float = -math.inf
    float32_only: bool = False
    mutates_as_published: bool = False

    def judged(
        self, fitness: Float[np.ndarray, " trained"], reported: Float[np.ndarray, " trained"]
    ) -> Float[np.ndarray, " trained"]:
        """See `Protocol`; the fitness."""
        return fitness


@dataclass(frozen=True, slots=True, kw_only=True)
class Published(Protocol):
    """The rules of the epsilon paper's public code, to reproduce its figures.

    A curve is the running maximum of the test accuracy, whatever the search would have chosen;
    architectures are drawn with replacement, and repeats count as trained; scores that float32
    leaves undefined are 0. That helps on NAS-Bench-201, where the best-scored of these are worse
    than the best-scored that it defines. A NAS-Bench-201 mutation draws a node before it draws one
    of the node's edges.

    References:
        arXiv 2302.04406; the notebook Integration of its public code.
    """

    name: str = "published"
    counts_repeats: bool = True
    draws_with_replacement: bool = True
    undefined_score: float = 0.0
    float32_only: bool = True
    mutates_as_published: bool = True

    def judged(
        self, fitness: Float[np.ndarray, " trained"], reported: Float[np.ndarray, " trained"]
    ) -> Float[np.ndarray, " trained"]:
        """See `Protocol`; what is reported."""
        return reported


PROTOCOLS: dict[str, Protocol] = {"sound": Sound(), "published": Published()}
"""Protocols by their name in a configuration."""
