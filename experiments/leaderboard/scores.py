"""One search space of the board to a table of scores and trained results, by `er.score`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

import epsilon_research as er
from epsilon_research.analysis import oriented
from epsilon_research.metrics import Metric
from experiments.leaderboard.board import Arena, Board, with_seeds

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


def scored(arena: Arena, board: Board, *, where: Where) -> pd.DataFrame:
    """Return the scores of all metrics on one sample of a search space.

    Returns:
        As `er.score`; metrics of constant weights are computed on a minibatch of their own.
    """
    metrics = {name: one.metric for name, one in board.contestants.items()}
    constant = {name for name, one in board.contestants.items() if one.constant}
    parts = [
        ({name: metrics[name] for name in metrics if name in constant}, board.constant_batch_size),
        ({name: metrics[name] for name in metrics if name not in constant}, board.batch_size),
    ]
    frame: pd.DataFrame | None = None
    for chosen, batch_size in parts:
        if chosen:
            ids = None if frame is None else list(frame["architecture_id"])
            found = _score(arena, chosen, batch_size=batch_size, ids=ids, where=where)
            frame = found if frame is None else _joined(frame, found)
    assert frame is not None
    return frame


def repeats(
    arena: Arena, board: Board, ids: Sequence[str], *, where: Where
) -> Iterator[pd.DataFrame]:
    """Return scores of some architectures with other minibatches and other initialisations.

    Args:
        arena: The search space.
        board: Says how often, and of how many of `ids` (the first ones).
        ids: Architectures of the space.
        where: What it runs with.

    Yields:
        One table for each repeat after the first scoring; metrics without chance are not in it.
    """
    some = list(ids[: board.repeated])
    constant = {name: one.metric for name, one in board.contestants.items() if one.constant}
    for repeat in range(1, board.repeats):
        seeded = with_seeds(board, repeat)
        found = _score(
            arena, seeded, batch_size=board.batch_size, ids=some, where=where,
            minibatch_seed=SEED + repeat,
        )  # fmt: skip
        if constant:
            size = board.constant_batch_size
            others = _score(
                arena, constant, batch_size=size, ids=some, where=where,
                minibatch_seed=SEED + repeat,
            )  # fmt: skip
            found = _joined(found, others)
        yield found


def with_results(frame: pd.DataFrame, arena: Arena) -> pd.DataFrame:
    """Return the table with the trained results of each task as a column, higher is better.

    An architecture without a result has NaN. Those of the first task are in the table already,
    where the space's own names of architectures were translated into the benchmark's.
    """
    found = frame.copy()
    for place, (task, table) in enumerate(arena.tables.items()):
        results = frame[table.target]
        if place:
            by_id = table.rows.set_index("architecture_id")[table.target]
            results = by_id.reindex(found["architecture_id"])
        values = results.to_numpy(dtype=np.float64)
        found[task] = oriented(values, higher_is_better=table.higher_is_better)
    return found


def _score(
    arena: Arena,
    metrics: Mapping[str, Metric],
    *,
    batch_size: int,
    ids: Sequence[str] | None,
    where: Where,
    minibatch_seed: int = SEED,
) -> pd.DataFrame:
    return er.score(
        arena.space,
        n=arena.count if ids is None else None,
        ids=ids,
        metrics=dict(metrics),
        benchmark=next(iter(arena.tasks.values())),
        seed=SEED,
        batch_size=batch_size,
        minibatch_seed=minibatch_seed,
        store=where.store,
        processes=where.processes,
        progress=where.progress,
    )


def _joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Both tables of the same rows as one; what both have is the first's."""
    new = [name for name in second.columns if name not in first.columns]
    return pd.concat([first, second[new]], axis=1)
