"""What a run hands to its search, and by what the search selects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from epsilon_research.benchmarks.accuracy_table import ACCURACIES, SECOND, AccuracyTable
from epsilon_research.search_methods import ScoreCache
from epsilon_research.spaces import SearchSpace
from epsilon_research.stages.search.costs import Costs


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchInputs:
    """The parts of a run that its search is given.

    Args:
        space: The search space.
        table: All that the benchmark knows of this space, not only what the run has scored; None
            without a benchmark.
        scores: {metric: scores on demand}: the run's metrics and `num_parameters`.
        metrics: The metrics among them that the run is about.
        scored: Architectures that have scores already: warm-up pools are drawn from them, so that
            no pool costs anything.
        costs: {cost: values on demand}, for constraints and fronts.
    """

    space: SearchSpace
    table: AccuracyTable | None
    scores: Mapping[str, ScoreCache]
    metrics: Sequence[str]
    scored: Sequence[str]
    costs: Costs = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A table of accuracies as a search sees it: fitness to select by, and what is reported.

    Args:
        rows: The accuracy columns by architecture id; only rows in which what is needed is known.
        selected_by: Column of the fitness.
        reported: Column of the curves.
        higher_is_better: Direction of both.
    """

    rows: pd.DataFrame
    selected_by: str
    reported: str
    higher_is_better: bool

    @property
    def selected_on(self) -> str:
        """The accuracies that select, in one word: validation or test."""
        return self.selected_by.removesuffix("_accuracy")

    def fitness(self) -> dict[str, float]:
        """Fitness by architecture id; a loss with its sign changed, since higher is better here."""
        sign = 1.0 if self.higher_is_better else -1.0
        return (sign * self.rows[self.selected_by]).to_dict()

    def report(self) -> dict[str, float]:
        """The reported value of each architecture, in its own unit."""
        return self.rows[self.reported].to_dict()


def read_results(table: AccuracyTable) -> Results:
    """Return a table of accuracies as a search sees it.

    Where both accuracies are known, validation selects and test is reported. Test accuracies alone
    select, too, and a second column of them is reported; else the one that is there does both.
    """
    rows = table.rows.set_index("architecture_id")
    names = [name for name in (*ACCURACIES, SECOND) if name in rows]
    rows = pd.DataFrame({name: rows[name].astype("float64") for name in names})
    known = [name for name in names if not np.isnan(rows[name].to_numpy()).all()][:2]
    return Results(
        rows=rows.dropna(subset=known),
        selected_by=known[0],
        reported=known[-1],
        higher_is_better=table.higher_is_better,
    )
