"""The best architectures that searches have found, with what is known of them."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from epsilon_research.reporting import Table
from epsilon_research.reporting.numbers import value
from epsilon_research.search_methods import ScoreCache
from epsilon_research.stages.search.task import Task
from epsilon_research.stages.search.variant_runs import VariantRuns

_COUNT = 5


def best_found(
    found: Sequence[VariantRuns], task: Task, *, scores: Mapping[str, ScoreCache]
) -> Table:
    """Return the table of the fittest architectures that any search has trained.

    Args:
        found: The searches of all variants.
        task: Says what was searched by, and what is reported.
        scores: On demand, by metric; each is a column.
    """
    trajectories = [trajectory for runs in found for trajectory in runs.trajectories]
    trained = [trial for trajectory in trajectories for trial in trajectory.trained]
    fitness = {trial.architecture_id: trial.fitness for trial in trained}
    times = Counter(
        id_
        for trajectory in trajectories
        for id_ in {trial.architecture_id for trial in trajectory.trained}
    )
    known = [id_ for id_ in fitness if not np.isnan(fitness[id_])]
    best = sorted(known, key=lambda id_: fitness[id_], reverse=True)[:_COUNT]
    columns = {name: scores[name](best) for name in scores} if best else {}
    rows = [
        [
            id_,
            f"{times[id_]:,}",
            value(task.report(id_), "test_accuracy_mean"),
            *(f"{column[row]:.6g}" for column in columns.values()),
        ]
        for row, id_ in enumerate(best)
    ]
    return Table(
        title="best architectures found",
        head=["architecture", "searches", task.reported.replace("_", " "), *columns],
        rows=rows,
        align="l" + "r" * (2 + len(columns)),
        note=f"selected on {task.selected_on}, of {len(trajectories):,} searches",
    )
