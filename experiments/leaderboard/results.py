"""What a leaderboard found across its columns, and all of it as `results.json`.

The mean rank of each metric, what differs for certain, and wins over the number of parameters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import inf, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import studentized_range

from epsilon_research.analysis.bootstrap import percentile_interval
from epsilon_research.analysis.rank_aggregation import rank_columns
from epsilon_research.analysis.rank_correlations import rho_matrix
from epsilon_research.pipeline.columns import with_aggregates
from epsilon_research.tracking import write_json
from experiments.leaderboard.board import Arena, Board
from experiments.leaderboard.cells import Cell, cells, ranks_of
from experiments.leaderboard.scores import with_results

LEVEL = 0.05
"""Of the critical difference and of significant wins."""

REFERENCE = "epsilon"
"""The metric whose time is 1."""

_SEED = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A metric across all columns.

    Args:
        mean_rank: Mean over search spaces of its mean rank over their tasks; 1 is the best.
        interval: 95 % of `mean_rank` over architectures; the search spaces stay the same.
        wins: Number of `columns` in which its ρ is above that of the number of parameters.
        certain_wins: Those in which that is significant, by Holm's p-value over the column.
        certain_losses: Those in which its ρ is significantly below.
        mean_rho: Mean over search spaces of the mean ρ over their tasks.
        mean_ndcg: The same of nDCG, which says more of what a search gains from a warm-up.
    """

    metric: str
    mean_rank: float
    interval: tuple[float, float]
    columns: int
    wins: int
    certain_wins: int
    certain_losses: int
    lowest_rho: float
    mean_rho: float
    mean_ndcg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredArena:
    """A search space, its scores, and those of some rows with other minibatches and seeds."""

    arena: Arena
    frame: pd.DataFrame
    repeats: Sequence[pd.DataFrame] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A leaderboard, finished or not: every metric on every column, and across them, best first.

    Args:
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
    baselines: Sequence[str] = ()
    missing: Sequence[str] = ()
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
    """Return the results of the search spaces of a board that are scored."""
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
    spaces = {one.arena.name: one for one in scored}
    return Results(
        cells=found,
        standings=standings(found, ranks),
        titles={name: one.arena.title for name, one in spaces.items()},
        sources={
            name: {task: table.source for task, table in one.arena.tables.items()}
            for name, one in spaces.items()
        },
        baselines=[name for name, one in board.contestants.items() if one.baseline],
        missing=[arena.name for arena in board.arenas if arena.name not in spaces],
        repeated={name: len(one.repeats[0]) if one.repeats else 0 for name, one in spaces.items()},
    )


def standings(
    cells: Sequence[Cell], ranks: Mapping[str, tuple[float, tuple[float, float]]]
) -> list[Standing]:
    """Return the standing of each metric, the best first, by its mean rank with its interval."""
    found = []
    for metric, (rank, interval) in ranks.items():
        own = [cell for cell in cells if cell.metric == metric]
        certain = [cell for cell in own if cell.p_parameters < LEVEL]
        by_space: dict[str, list[tuple[float, float]]] = {}
        for cell in own:
            by_space.setdefault(cell.search_space, []).append((cell.rho, cell.ndcg))
        mean_rho, mean_ndcg = np.mean([np.mean(both, axis=0) for both in by_space.values()], axis=0)
        standing = Standing(
            metric=metric,
            mean_rank=rank,
            interval=interval,
            columns=len(own),
            wins=sum(cell.minus_parameters > 0 for cell in own),
            certain_wins=sum(cell.minus_parameters > 0 for cell in certain),
            certain_losses=sum(cell.minus_parameters < 0 for cell in certain),
            lowest_rho=float(np.min([cell.rho for cell in own])),
            mean_rho=float(mean_rho),
            mean_ndcg=float(mean_ndcg),
        )
        found.append(standing)
    return sorted(found, key=lambda one: one.mean_rank)


def mean_ranks(rhos: Sequence[np.ndarray]) -> Float[np.ndarray, " metrics"]:
    """Return the mean over spaces of mean ranks over tasks; 1 is the best, NaN ranks last.

    Tasks of one space share their scores, so a space counts once, however many tasks it has. For
    each space there are ρ of the same metrics on its tasks, `[metrics, tasks]`.
    """
    ranks = [len(one) + 1 - rank_columns(np.nan_to_num(one, nan=-2)).mean(axis=1) for one in rhos]
    return np.mean(ranks, axis=0)


def mean_rank_intervals(
    spaces: Sequence[tuple[np.ndarray, np.ndarray]], *, rng: np.random.Generator, num_resamples: int
) -> Float[np.ndarray, "metrics 2"]:
    """95 % bootstrap intervals of the mean ranks over architectures.

    Each resample draws the architectures of a space once, for all its tasks and all metrics. For
    each space there are scores `[rows, metrics]` and trained results `[rows, tasks]`, higher is
    better in both; a result may be NaN, a score may not.
    """

    def resampled(scores: np.ndarray, results: np.ndarray) -> np.ndarray:
        drawn = rng.integers(len(scores), size=len(scores))
        return rhos_of(scores[drawn], results[drawn])

    found = [mean_ranks([resampled(*space) for space in spaces]) for _ in range(num_resamples)]
    return np.array([percentile_interval(column) for column in np.array(found).T])


def critical_difference(*, num_metrics: int, num_spaces: int) -> float:
    """Nemenyi's critical difference of mean ranks at a level of 5 %.

    q √(k (k + 1) / (6 N)), q the 95 % quantile of the studentised range of k values over √2: two
    of k metrics whose mean ranks over N independent spaces lie this far apart differ for certain.

    References:
        Demšar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 2006.
    """
    quantile = float(studentized_range.ppf(1 - LEVEL, num_metrics, inf)) / sqrt(2)
    return quantile * sqrt(num_metrics * (num_metrics + 1) / (6 * num_spaces))


def rhos_of(
    scores: Float[np.ndarray, "rows metrics"], results: Float[np.ndarray, "rows tasks"]
) -> Float[np.ndarray, "metrics tasks"]:
    """Return ρ of each metric with each task, over the rows that have a result."""
    num_tasks = results.shape[1]
    if np.isfinite(results).all():
        # Ranks are made once for all tasks: a bootstrap does this thousands of times.
        return rho_matrix(np.column_stack([results, scores]))[:num_tasks, num_tasks:].T
    columns = []
    for result in results.T:
        rated = np.isfinite(result)
        columns.append(rho_matrix(np.column_stack([result[rated], scores[rated]]))[0, 1:])
    return np.stack(columns, axis=1)
