"""What a leaderboard found, as a value that becomes `results.json`, the page and the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from epsilon_research.pipeline.columns import with_aggregates
from epsilon_research.tracking import write_json
from experiments.leaderboard.board import Arena, Board
from experiments.leaderboard.cells import Cell, cells, ranks_of
from experiments.leaderboard.ranks import (
    Standing,
    mean_rank_intervals,
    mean_ranks,
    rhos_of,
    standings,
)
from experiments.leaderboard.scores import with_results

REFERENCE = "epsilon"
"""The metric whose time is 1."""

_SEED = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredArena:
    """A search space whose architectures are scored.

    Args:
        arena: The space.
        frame: Its scores, as `scores.scored`.
        repeats: The same of some of its rows, with other minibatches and initialisations.
    """

    arena: Arena
    frame: pd.DataFrame
    repeats: Sequence[pd.DataFrame] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A leaderboard, finished or not.

    Args:
        cells: Every metric on every column.
        standings: The metrics across columns, the best first.
        titles: Of the search spaces, by their name on the board.
        sources: What the trained results are, by the space's name on the board and the task's.
        baselines: Metrics that measure the size of a network alone.
        missing: Search spaces that are not scored yet.
        repeated: Architectures of each space that were scored with other minibatches, too.
    """

    cells: Sequence[Cell]
    standings: Sequence[Standing]
    titles: Mapping[str, str]
    sources: Mapping[str, Mapping[str, str]]
    baselines: Sequence[str] = field(default=())
    missing: Sequence[str] = field(default=())
    repeated: Mapping[str, int] = field(default_factory=dict)

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Search space and task of each column."""
        return list(dict.fromkeys((cell.search_space, cell.task) for cell in self.cells))

    def write(self, path: Path) -> None:
        """Write the record; NaN becomes null."""
        write_json(asdict(self) | {"columns": self.columns}, path)


def results_of(
    scored: Sequence[ScoredArena], board: Board, *, num_resamples: int = 1000
) -> Results:
    """Return the board of the search spaces that are scored.

    Args:
        scored: Those spaces.
        board: Says which others there are.
        num_resamples: Bootstrap resamples behind each interval.
    """
    metrics = [*board.contestants, *board.aggregates]
    found: list[Cell] = []
    pairs: list[tuple[np.ndarray, np.ndarray]] = []
    for one in scored:
        tasks = list(one.arena.tasks)
        frame = with_aggregates(with_results(one.frame, one.arena), board.aggregates)
        # A generator of its own, so that no space changes the intervals of another.
        rng = np.random.default_rng([_SEED, *one.arena.name.encode()])
        found += cells(
            frame, search_space=one.arena.name, tasks=tasks, metrics=metrics,
            reference=REFERENCE, rng=rng, num_resamples=num_resamples,
            repeats=[with_aggregates(repeat, board.aggregates) for repeat in one.repeats],
        )  # fmt: skip
        scores = np.column_stack([ranks_of(frame, metric) for metric in metrics])
        pairs.append((scores, frame[tasks].to_numpy(dtype=np.float64)))
    means = mean_ranks([rhos_of(*pair) for pair in pairs]).tolist()
    ends = mean_rank_intervals(
        pairs, rng=np.random.default_rng(_SEED), num_resamples=num_resamples
    ).tolist()
    ranks = {
        name: (mean, (low, high))
        for name, mean, (low, high) in zip(metrics, means, ends, strict=True)
    }
    names = {one.arena.name for one in scored}
    return Results(
        cells=found,
        standings=standings(found, ranks),
        titles={one.arena.name: one.arena.title for one in scored},
        sources={one.arena.name: one.arena.sources for one in scored},
        baselines=[name for name, one in board.contestants.items() if one.baseline],
        missing=[arena.name for arena in board.arenas if arena.name not in names],
        repeated={one.arena.name: len(one.repeats[0]) if one.repeats else 0 for one in scored},
    )
