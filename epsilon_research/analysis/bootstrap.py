"""Bootstrap intervals of all statistics: how far they depend on which architectures were taken.

A resample of the rows is a vector of multiplicities, so rows are sorted once and the compiled loops
behind `resamples.py` compute each resample from its counts, without sorting it.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float, Int

from epsilon_research.analysis.ranked_rows import MIN_ROWS, RankedRows, check_rows, rank_rows

NUM_STATISTICS = 7

MANY_ROWS = 100_000
"""Number of rows above which intervals are narrow and resamples slow (10 ms for 423,624 rows)."""

FEW_RESAMPLES = 300
"""Number of resamples above `MANY_ROWS`: there so many are enough, and take seconds."""

BATCH_SIZE = 32
"""Resamples computed side by side: twice as fast as 16 at 423,624 rows, half the memory of 64."""

MOST_THREADS = 2
"""Largest number of threads unless more are asked for: each holds 0.25 GB at 423,624 rows."""


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
    return np.array([percentile_interval(column) for column in values.T])


def percentile_interval(values: Float[np.ndarray, " resamples"]) -> tuple[float, float]:
    """95 % percentile interval of a statistic over resamples.

    Args:
        values: The statistic on each resample; NaN where undefined.

    Returns:
        Low and high end over the defined values; NaN if there are none.
    """
    defined = values[np.isfinite(values)]
    if not defined.size:
        return np.nan, np.nan
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)


def resampled_statistics(
    scores: Float[np.ndarray, " rows"],
    accuracies: Float[np.ndarray, " rows"],
    *,
    rng: np.random.Generator,
    num_resamples: int,
    num_threads: int | None = None,
) -> Float[np.ndarray, "resamples 7"]:
    """Return the statistics on each bootstrap resample.

    Resample i draws row numbers from the i-th generator that `rng` spawns; row numbers count the
    rows sorted by score, then accuracy. So no result depends on the order of rows or on the
    number of threads.

    Args:
        scores: See `bootstrap_intervals`.
        accuracies: See `bootstrap_intervals`.
        rng: See `bootstrap_intervals`.
        num_resamples: See `bootstrap_intervals`.
        num_threads: See `bootstrap_intervals`.

    Returns:
        One row per resample; NaN where a statistic is undefined.

    Raises:
        ValueError: See `bootstrap_intervals`.
    """
    check_rows(scores, accuracies)
    num_resamples = choose_num_resamples(scores.size, num_resamples)
    if scores.size < MIN_ROWS:
        return np.full((num_resamples, NUM_STATISTICS), np.nan)
    rows = rank_rows(scores, accuracies)
    return over_resamples(
        lambda weights: _statistics(rows, weights),
        num_rows=rows.size,
        rng=rng,
        num_resamples=num_resamples,
        num_threads=num_threads,
    )


def over_resamples(
    compute: Callable[[Int[np.ndarray, "rows lanes"]], Float[np.ndarray, "lanes statistics"]],
    *,
    num_rows: int,
    rng: np.random.Generator,
    num_resamples: int,
    num_threads: int | None = None,
) -> Float[np.ndarray, "resamples statistics"]:
    """Statistics of bootstrap resamples, computed in batches by several threads.

    Args:
        compute: Statistics of each resample of a batch from how often it drew each row, int32.
        num_rows: Rows to draw from, and draws in each resample.
        rng: Spawns a generator for each resample.
        num_resamples: Resamples to draw, see `choose_num_resamples`.
        num_threads: See `bootstrap_intervals`.
    """
    sources = rng.spawn(num_resamples)
    batches = [sources[i : i + BATCH_SIZE] for i in range(0, num_resamples, BATCH_SIZE)]
    with ThreadPoolExecutor(num_threads or min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        found = pool.map(lambda batch: compute(_draw_weights(num_rows, batch)), batches)
        return np.concatenate(list(found))


def choose_num_resamples(num_rows: int, num_resamples: int) -> int:
    """Return the number of resamples that is drawn where `num_resamples` are wanted.

    Raises:
        ValueError: `num_resamples` is below 1.
    """
    if num_resamples < 1:
        raise ValueError(f"num_resamples must be at least 1, got {num_resamples}")
    return min(num_resamples, FEW_RESAMPLES) if num_rows > MANY_ROWS else num_resamples


def _statistics(
    rows: RankedRows, weights: Int[np.ndarray, "rows lanes"]
) -> Float[np.ndarray, "lanes 7"]:
    # Late, because numba takes longer to import than everything else in this room.
    from epsilon_research.analysis.resamples import statistics_of_resamples

    return statistics_of_resamples(rows, weights)


def _draw_weights(
    num_rows: int, sources: list[np.random.Generator]
) -> Int[np.ndarray, "rows lanes"]:
    """How often each row is drawn, one lane for each generator."""
    from epsilon_research.analysis.kernels import count_draws, transpose

    counts = np.zeros((len(sources), num_rows), np.int32)
    for count, source in zip(counts, sources, strict=True):
        count_draws(source.integers(num_rows, size=num_rows, dtype=np.int32), count)
    return transpose(counts)
