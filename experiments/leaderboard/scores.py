"""One search space of the board to a table of scores and trained results, by `er.score`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

import epsilon_research as er
from epsilon_research.analysis import oriented
from epsilon_research.catalogue import build_option
from epsilon_research.stages.base import random_stream
from experiments.leaderboard.board import Arena, Board

SEED = 21
"""Of the sample of architectures and of the first minibatch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What a scoring runs with, whatever it scores.

    Args:
        store: Folder of computed values, "auto" for the user's cache, or None.
        processes: Worker processes; None: one for each core.
        progress: Whether progress is shown on standard error.
    """

    store: str | None = "auto"
    processes: int | None = None
    progress: bool = True


def sample(arena: Arena) -> list[str]:
    """Return the ids of a seeded sample of the architectures that the tables of all tasks know."""
    selection = build_option("search_space", arena.name)
    tables = [table.rows["architecture_id"] for table in arena.tables.values()]
    known = tables[0].loc[np.logical_and.reduce([tables[0].isin(ids) for ids in tables])]
    count = arena.count if isinstance(arena.count, str) else min(arena.count, len(known))
    drawn = replace(selection, num_architectures=count)
    return drawn.choose(random_stream(SEED, "sample"), auto=None, known=list(known))


def scored(
    arena: Arena, board: Board, ids: Sequence[str], *, where: Where, repeat: int = 0
) -> pd.DataFrame:
    """Return the scores of all metrics on some architectures of a search space.

    Metrics of constant weights are computed on a minibatch of their own.

    Args:
        arena: The search space.
        board: The metrics and their settings.
        ids: The architectures.
        where: What it runs with.
        repeat: 0: the first minibatch, and the seeds that the metrics have; else others.

    Returns:
        The columns of `er.score` with several metrics.
    """
    selection, frames = build_option("search_space", arena.name), []
    for constant in (True, False):
        metrics = {
            name: one.of(selection, repeat=repeat)
            for name, one in board.contestants.items()
            if one.constant == constant
        }
        if metrics:
            frame = er.score(
                selection, ids=ids, metrics=metrics, benchmark=None, seed=SEED,
                batch_size=board.constant_batch_size if constant else board.batch_size,
                minibatch_seed=SEED + repeat, store=where.store, processes=where.processes,
                progress=where.progress,
            )  # fmt: skip
            one_only = {"seconds": f"{next(iter(metrics))}_seconds"} if len(metrics) == 1 else {}
            frames.append(frame.rename(columns=one_only))
    joined = pd.concat(frames, axis=1)
    return joined.loc[:, ~joined.columns.duplicated()]


def with_results(frame: pd.DataFrame, arena: Arena) -> pd.DataFrame:
    """Return the table with the trained results of each task as a column, higher is better.

    An architecture without a result has NaN.
    """
    found = frame.copy()
    for task, table in arena.tables.items():
        results = table.rows.set_index("architecture_id")[table.target]
        values = results.reindex(found["architecture_id"]).to_numpy(dtype=np.float64)
        found[task] = oriented(values, higher_is_better=table.higher_is_better)
    return found
