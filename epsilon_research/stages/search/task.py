"""What all variants of a search share: fitness, pools, budget and seeds."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from epsilon_research.search import Protocol, draw_pool
from epsilon_research.spaces import SearchSpace
from epsilon_research.stages.search.inputs import Results, SearchInputs

POOL, SEARCH = 0, 1
"""The two streams of random numbers of each repeat."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What all variants of a run share, so that their repeats are pairs.

    Args:
        space: Gives draws and mutations.
        known: Architectures that a search may visit; None: any of the space.
        evaluate: Fitness of an architecture, higher is better.
        report: What a curve shows of an architecture, in its own unit.
        higher_is_better: Direction of what is reported.
        protocol: What counts and what is shown.
        universe: Architectures that warm-up pools are drawn from.
        pool_size: Of each pool.
        budget: Trained models per search.
        repeats: Searches per variant.
        selected_on: What selects, for the record: "validation", "test" or "objective".
        reported: What the curves show, for the record.
        seed: Repeat i of every variant has the same pool and the same stream of random numbers.
    """

    space: SearchSpace
    known: Sequence[str] | None
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

    def pool(self, repeat: int) -> list[str]:
        """The warm-up pool of a repeat."""
        return draw_pool(
            self.universe,
            size=self.pool_size,
            with_replacement=self.protocol.draws_with_replacement,
            rng=self.generator(repeat, POOL),
        )


def make_task(
    inputs: SearchInputs,
    results: Results | None,
    *,
    objective: Callable[[str], float] | None,
    protocol: Protocol,
    warmup_pool: int,
    budget: int,
    repeats: int,
    rng: np.random.Generator,
) -> Task:
    """Return the task of a run: by its objective if there is one, else by the table.

    Args:
        inputs: What the run has scored.
        results: The table as a search sees it, or None.
        objective: Fitness of an architecture id, or None.
        protocol: What counts and what is shown.
        warmup_pool: Architectures that a warm-up wants to choose from.
        budget: Trained models per search.
        repeats: Searches per variant.
        rng: Gives the seed of the repeats.

    Raises:
        ValueError: The table knows none of the scored architectures.
    """
    if objective is not None:
        evaluate = report = _Memory(objective)
        known, universe = None, list(inputs.scored)
        selected_on = reported = "objective"
    else:
        assert results is not None  # `SearchStage.check` has refused the rest
        evaluate, report = results.fitness().__getitem__, results.report().__getitem__
        known = list(results.rows.index)
        universe = _scored_and_known(inputs.scored, set(known))
        selected_on, reported = results.selected_on, results.reported
    if 0 < len(universe) <= warmup_pool:
        logger.info(
            "search: warm-up pools are all %s scored architectures, the same in each repeat",
            f"{len(universe):,}",
        )
    return Task(
        space=inputs.space,
        known=known,
        evaluate=evaluate,
        report=report,
        higher_is_better=True if objective is not None else inputs.higher_is_better,
        protocol=protocol,
        universe=universe,
        pool_size=min(warmup_pool, len(universe)),
        budget=budget,
        repeats=repeats,
        selected_on=selected_on,
        reported=reported,
        seed=int(rng.integers(2**63)),
    )


def _scored_and_known(scored: Sequence[str], known: set[str]) -> list[str]:
    universe = [id_ for id_ in scored if id_ in known]
    if not universe:
        raise ValueError(
            "search must have some scored architecture with a known accuracy, got none among "
            f"{len(scored)}: score others, or pass another benchmark"
        )
    return universe


class _Memory:
    """An objective that evaluates each architecture once."""

    def __init__(self, objective: Callable[[str], float]) -> None:
        self._objective = objective
        self._known: dict[str, float] = {}

    def __call__(self, architecture_id: str) -> float:
        if architecture_id not in self._known:
            self._known[architecture_id] = float(self._objective(architecture_id))
        return self._known[architecture_id]
