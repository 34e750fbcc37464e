"""One search space of the board to a table of scores and trained results, by `er.score`."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

import epsilon_research as er
from epsilon_research.analysis import oriented
from epsilon_research.catalogue import build_option
from epsilon_research.stages.base import random_stream
from experiments.leaderboard.board import Arena, Board
from experiments.leaderboard.cells import mean_seconds

SEED = 21
"""Of the sample of architectures and of the first minibatch."""

_TIMED = 3
"""Architectures that are scored to measure the time of one."""


def sample(arena: Arena) -> list[str]:
    """Return the ids of a seeded sample of the architectures that the tables of all tasks know."""
    tables = [table.rows["architecture_id"] for table in arena.tables.values()]
    known = tables[0].loc[np.logical_and.reduce([tables[0].isin(ids) for ids in tables])]
    selection = build_option("search_space", arena.name)
    drawn = replace(selection, num_architectures=min(arena.count, len(known)))
    return drawn.choose(random_stream(SEED, "sample"), auto=None, known=list(known))


def scored(
    arena: Arena, board: Board, ids: Sequence[str], *, repeat: int = 0, **where: Any
) -> pd.DataFrame:
    """Return the scores of all metrics on some architectures, in the columns of `er.score`.

    Metrics of constant weights are computed on a minibatch of their own. Repeat 0 has the first
    minibatch, and the seeds that the metrics have; others have others. `where` is `store` and
    `processes`, as `er.score` takes them.
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
                minibatch_seed=SEED + repeat, **where,
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


def estimated_seconds(board: Board, **where: Any) -> float:
    """Return how long the scores of a board take on this machine where none is stored.

    The few scores that it measures are kept in the store, where the board finds them.
    """
    total = 0.0
    for arena in board.arenas:
        ids = sample(arena)
        frame = scored(arena, board, ids[:: -(-len(ids) // _TIMED)], **where)
        each = float(np.nansum([mean_seconds(frame, name) for name in board.contestants]))
        total += each * (len(ids) + (board.repeats - 1) * min(board.repeated, len(ids)))
    return total / (where.get("processes") or os.cpu_count() or 1)
