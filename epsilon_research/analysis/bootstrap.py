"""Bootstrap intervals of all statistics: how far they depend on which architectures were taken.

A resample of the rows is a vector of multiplicities, so rows are sorted once and the compiled loops
behind `resamples.py` compute each resample from its counts, without sorting it.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float, Int

from epsilon_research.analysis.correlation import MIN_ROWS, check_rows
from epsilon_research.analysis.ranked_rows import RankedRows, rank_rows

NUM_STATISTICS = 7

MANY_ROWS = 100_000
"""Above this, an interval is narrow and a resample slow (about 10 ms for 423,624 rows), ..."""

FEW_RESAMPLES = 300
"""... so that this many resamples are enough and take seconds."""

BATCH_SIZE = 32
"""Resamples computed side by side: twice as fast as 16 at 423,624 rows, half the memory of 64."""

MOST_THREADS = 2
"""Unless asked for more: each thread holds about 0.25 GB at 423,624 rows."""


def bootstrap_intervals(
    scores: Float[np.ndarray, " rows"],
    accuracies: Float[np.ndarray, " rows"],
    *,
    rng: np.random.Generator,
    num_resamples: int = 1000,
    num_threads: int | None = None,
) -> Float[np.ndarray, "7 2"]:
    """95 % percentile intervals of the statistics, in the order of `statistics.STATISTICS`.

    They say how much the statistics would vary with other architectures drawn from the same
    population. They do not say how much they vary with the minibatch or with the training seeds
    of the table.

    Args:
        scores: Values of a metric, finite.
        accuracies: Accuracies of the same rows, finite, higher is better.
        rng: Source of the resamples; the interval does not depend on the order of rows.
        num_resamples: Resamples wanted; see `choose_num_resamples`.
        num_threads: Threads; two by default, or one on a single core. The result does not depend
            on it.

    Returns:
        Low and high end, `[7, 2]`. Resamples on which a statistic is undefined are left out of its
        interval; NaN where it is undefined on all of them.

    Raises:
        ValueError: The arrays differ in length or hold a value that is not finite, or
            `num_resamples` is below 1.

    References:
        Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.
    """
    values = resampled_statistics(
        scores, accuracies, rng=rng, num_resamples=num_resamples, num_threads=num_threads
    )
    intervals = np.full((NUM_STATISTICS, 2), np.nan)
    for statistic, column in enumerate(values.T):
        defined = column[np.isfinite(column)]
        if defined.size:
            intervals[statistic] = np.percentile(defined, [2.5, 97.5])
    return intervals


def resampled_statistics(
    scores: Float[np.ndarray, " rows"],
    accuracies: Float[np.ndarray, " rows"],
    *,
    rng: np.random.Generator,
    num_resamples: int,
    num_threads: int | None = None,
) -> Float[np.ndarray, "resamples 7"]:
    """The statistics on each bootstrap resample.

    Resample i draws row numbers from the i-th generator that `rng` spawns; row numbers count the
    rows sorted by score, then accuracy. So no result depends on the order of rows or on the
    number of threads.

    Args:
        scores: As in `bootstrap_intervals`.
        accuracies: As in `bootstrap_intervals`.
        rng: As in `bootstrap_intervals`.
        num_resamples: As in `bootstrap_intervals`.
        num_threads: As in `bootstrap_intervals`.

    Returns:
        One row per resample; NaN where a statistic is undefined.

    Raises:
        ValueError: As in `bootstrap_intervals`.
    """
    check_rows(scores, accuracies)
    num_resamples = choose_num_resamples(scores.size, num_resamples)
    if scores.size < MIN_ROWS:
        return np.full((num_resamples, NUM_STATISTICS), np.nan)
    rows = rank_rows(scores, accuracies)
    sources = rng.spawn(num_resamples)
    batches = [sources[i : i + BATCH_SIZE] for i in range(0, num_resamples, BATCH_SIZE)]
    with ThreadPoolExecutor(num_threads or min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        return np.concatenate(list(pool.map(lambda batch: _compute_batch(rows, batch), batches)))


def choose_num_resamples(num_rows: int, num_resamples: int) -> int:
    """The number of resamples that is drawn where `num_resamples` are wanted.

    Raises:
        ValueError: `num_resamples` is below 1.
    """
    if num_resamples < 1:
        raise ValueError(f"num_resamples must be at least 1, got {num_resamples}")
    return min(num_resamples, FEW_RESAMPLES) if num_rows > MANY_ROWS else num_resamples


def _compute_batch(
    rows: RankedRows, sources: list[np.random.Generator]
) -> Float[np.ndarray, "resamples 7"]:
    # Late, because numba takes longer to import than everything else in this room.
    from epsilon_research.analysis.resamples import statistics_of_resamples

    return statistics_of_resamples(rows, draw_weights(rows.size, sources))


def draw_weights(
    num_rows: int, sources: list[np.random.Generator]
) -> Int[np.ndarray, "rows lanes"]:
    """How often each row is drawn, one lane for each generator."""
    from epsilon_research.analysis.kernels import count_draws, transpose

    counts = np.zeros((len(sources), num_rows), np.int32)
    for count, source in zip(counts, sources, strict=True):
        count_draws(source.integers(num_rows, size=num_rows, dtype=np.int32), count)
    return transpose(counts)
