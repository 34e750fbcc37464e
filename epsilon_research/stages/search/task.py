"""What a search is given, and what its variants share: fitness, pools, budget and seeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd

from epsilon_research.benchmarks.accuracy_table import ACCURACIES, SECOND, AccuracyTable
from epsilon_research.search_methods import Domain, Protocol, ScoreCache, draw_pool
from epsilon_research.spaces import SearchSpace
from epsilon_research.stages.search.on_demand import Constraints, Costs

POOL, SEARCH = 0, 1
"""The two streams of random numbers of each repeat."""

Objective = Callable[[str], float]
"""A user's own fitness of an architecture id, higher is better, NaN where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchInputs:
    """The parts of a run that its search is given.

    Args:
        space: The search space.
        table: All that the benchmark knows of this space, not only what the run has scored.
        scores: {metric: scores on demand}: the run's metrics and `num_parameters`.
        metrics: The metrics among them that the run is about.
        scored: Architectures that have scores already, from which warm-up pools are drawn.
        costs: {cost: values on demand}, for constraints and fronts.
    """

    space: SearchSpace
    table: AccuracyTable | None
    scores: Mapping[str, ScoreCache]
    metrics: Sequence[str]
    scored: Sequence[str]
    costs: Costs = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a search selects by, and what is reported of the architectures that it trains.

    Args:
        evaluate: Fitness of an architecture, higher is better.
        report: What a curve shows of it, in its own unit.
        selected_on: What selects, for the record: "validation", "test" or "objective".
        reported, label: What the curves show: a column of accuracies, and the same in words.
        higher_is_better: Direction of what is reported.
        rows: The accuracy columns by architecture id, where what is needed is known.
    """

    evaluate: Objective
    report: Objective
    selected_on: str = "objective"
    reported: str = "objective"
    label: str = "objective"
    higher_is_better: bool = True
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def sign(self) -> float:
        """Factor that makes higher better in what is reported."""
        return 1.0 if self.higher_is_better else -1.0


def objective_goal(objective: Objective) -> Goal:
    """Return the goal of a user's objective, which is asked once for each architecture."""
    kept = cache(lambda id_: float(objective(id_)))
    return Goal(evaluate=kept, report=kept)


def table_goal(table: AccuracyTable) -> Goal:
    """Return the goal of a table of accuracies.

    Where both accuracies are known, validation selects and test is reported. Test accuracies alone
    select, too, and a second column of them is reported; else the one that is there does both.
    """
    rows = table.rows.set_index("architecture_id")
    names = [name for name in (*ACCURACIES, SECOND) if name in rows]
    rows = pd.DataFrame({name: rows[name].astype("float64") for name in names})
    known = [name for name in names if not np.isnan(rows[name].to_numpy()).all()][:2]
    selected_by, reported = known[0], known[-1]
    rows = rows.dropna(subset=known)
    sign = 1.0 if table.higher_is_better else -1.0
    return Goal(
        evaluate=(sign * rows[selected_by]).to_dict().__getitem__,
        report=rows[reported].to_dict().__getitem__,
        selected_on=selected_by.removesuffix("_accuracy"),
        reported=reported,
        label=table.second_label if reported == SECOND else table.label,
        higher_is_better=table.higher_is_better,
        rows=rows,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The part that all variants of a run share, so that their repeats are pairs.

    Args:
        space: Gives draws and mutations.
        goal: What selects, and what is reported.
        known: Architectures that a search may visit, all feasible; None: any feasible one.
        constraints: What is feasible.
        cost: A second objective on demand, lower is better; None: fitness alone.
        protocol: What counts and what is shown.
        universe: Architectures that warm-up pools are drawn from, all feasible.
        pool_size, budget, repeats: Architectures per pool, trained models per search, searches.
        seed: Repeat i of every variant has the same pool and the same stream of random numbers.
    """

    space: SearchSpace
    goal: Goal
    known: Sequence[str] | None
    constraints: Constraints
    cost: ScoreCache | None
    protocol: Protocol
    universe: Sequence[str]
    pool_size: int
    budget: int
    repeats: int
    seed: int

    def generator(self, repeat: int, stream: int) -> np.random.Generator:
        """Return a fresh generator for one purpose in one repeat."""
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
        """Return the warm-up pool of a repeat."""
        return draw_pool(
            self.universe,
            size=self.pool_size,
            with_replacement=self.protocol.draws_with_replacement,
            rng=self.generator(repeat, POOL),
        )
