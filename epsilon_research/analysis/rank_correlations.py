"""Spearman's ρ of many columns at once, and its paired bootstrap.

All metrics of one resample are computed of the same draw of architectures, so that the differences
of their correlations have intervals, too, without an assumption about how the metrics depend.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float, Int

from epsilon_research.analysis.bootstrap import (
    BATCH_SIZE,
    MOST_THREADS,
    choose_num_resamples,
    draw_weights,
)
from epsilon_research.analysis.correlation import MIN_ROWS, mid_ranks


def rho_matrix(values: Float[np.ndarray, "rows columns"]) -> Float[np.ndarray, "columns columns"]:
    """Spearman's ρ of each pair of columns.

    Args:
        values: Finite.

    Returns:
        A symmetric matrix with 1 on its diagonal; NaN with fewer than 3 rows and in the rows and
        columns of a constant.
    """
    num_rows, num_columns = values.shape
    if num_rows < MIN_ROWS:
        return np.full((num_columns, num_columns), np.nan)
    ranks = np.stack([mid_ranks(column) for column in values.T], axis=1) - (num_rows + 1) / 2
    lengths = np.sqrt((ranks**2).sum(axis=0))
    lengths[lengths == 0] = np.nan
    ranks /= lengths
    rhos = np.clip(ranks.T @ ranks, -1, 1)
    np.fill_diagonal(rhos, np.where(np.isnan(lengths), np.nan, 1))
    return rhos


def resampled_rhos(
    scores: Float[np.ndarray, "rows metrics"],
    accuracies: Float[np.ndarray, " rows"],
    *,
    rng: np.random.Generator,
    num_resamples: int = 1000,
    num_threads: int | None = None,
) -> Float[np.ndarray, "resamples metrics"]:
    """Spearman's ρ of each metric with accuracy on each bootstrap resample of the rows.

    Args:
        scores: Values of each metric, finite.
        accuracies: Accuracies of the same rows, finite.
        rng: Source of the resamples; the result does not depend on the order of rows.
        num_resamples: Resamples wanted; see `bootstrap.choose_num_resamples`.
        num_threads: As in `bootstrap.bootstrap_intervals`.

    Returns:
        One row per resample; NaN where a ρ is undefined.

    Raises:
        ValueError: `num_resamples` is below 1.
    """
    num_rows, num_metrics = scores.shape
    num_resamples = choose_num_resamples(num_rows, num_resamples)
    if num_rows < MIN_ROWS:
        return np.full((num_resamples, num_metrics), np.nan)
    order = np.lexsort((*scores.T[::-1], accuracies))
    columns = [_dense_ranks(column[order]) for column in (accuracies, *scores.T)]
    sources = rng.spawn(num_resamples)
    batches = [sources[i : i + BATCH_SIZE] for i in range(0, num_resamples, BATCH_SIZE)]
    with ThreadPoolExecutor(num_threads or min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        found = pool.map(lambda batch: _rhos(columns, draw_weights(num_rows, batch)), batches)
        return np.concatenate(list(found))


def _rhos(
    columns: list[Int[np.ndarray, " rows"]], weights: Int[np.ndarray, "rows lanes"]
) -> Float[np.ndarray, "lanes metrics"]:
    """ρ of the first column with each of the others."""
    # Late, because numba takes longer to import than everything else in this room.
    from epsilon_research.analysis.kernels import centre_ranks, rank_products, weigh_groups

    total = weights.sum(axis=0, dtype=np.int32)
    shared, *others = columns
    shared_ranks = weigh_groups(weights, shared, shared.max() + 1)
    shared_squares = centre_ranks(shared_ranks, total)
    found = np.full((total.size, len(others)), np.nan)
    for place, groups in enumerate(others):
        ranks = weigh_groups(weights, groups, groups.max() + 1)
        squares = centre_ranks(ranks, total)
        products = rank_products(weights, groups, shared, ranks, shared_ranks)
        lengths = np.sqrt(squares) * np.sqrt(shared_squares)
        np.divide(products, lengths, out=found[:, place], where=lengths > 0)
    return np.clip(found, -1, 1)


def _dense_ranks(values: Float[np.ndarray, " rows"]) -> Int[np.ndarray, " rows"]:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)
