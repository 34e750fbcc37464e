"""Spearman's ρ of many columns at once, and its paired bootstrap.

All metrics of one resample are computed of the same draw of architectures, so that the differences
of their correlations have intervals, too, without an assumption about how the metrics depend.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from epsilon_research.analysis.bootstrap import (
    choose_num_resamples,
    over_resamples,
    percentile_interval,
)
from epsilon_research.analysis.ranked_rows import MIN_ROWS, mid_ranks


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
        num_threads: See `bootstrap.bootstrap_intervals`.

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
    return over_resamples(
        lambda weights: _rhos(columns, weights),
        num_rows=num_rows,
        rng=rng,
        num_resamples=num_resamples,
        num_threads=num_threads,
    )


def rho_difference_interval(
    scores: Float[np.ndarray, " rows"],
    accuracies: Float[np.ndarray, " rows"],
    *,
    first: Bool[np.ndarray, " rows"],
    second: Bool[np.ndarray, " rows"],
    rng: np.random.Generator,
    num_resamples: int = 1000,
) -> tuple[float, float]:
    """95 % bootstrap interval of the difference of ρ between two choices of rows.

    Rows that both choices share are drawn once for both, so that the interval is about the choice
    and not about the architectures that the two have in common.

    Args:
        scores: Values of a metric, finite where a choice keeps the row.
        accuracies: Accuracies of the same rows, finite.
        first: Rows of the first choice.
        second: Rows of the second choice.
        rng: Source of the resamples; the result does not depend on the order of rows.
        num_resamples: Resamples wanted; see `bootstrap.choose_num_resamples`.

    Returns:
        Low and high end of ρ(first) − ρ(second); NaN where a ρ is undefined on all resamples.

    Raises:
        ValueError: `num_resamples` is below 1.
    """
    either = np.flatnonzero(first | second)
    num_resamples = choose_num_resamples(either.size, num_resamples)
    if either.size < MIN_ROWS:
        return np.nan, np.nan
    order = either[np.lexsort((second[either], first[either], scores[either], accuracies[either]))]
    columns = [_dense_ranks(accuracies[order]), _dense_ranks(scores[order])]
    kept = [choice[order, None].astype(np.int32) for choice in (first, second)]
    rhos = over_resamples(
        lambda weights: np.hstack([_rhos(columns, weights * rows) for rows in kept]),
        num_rows=order.size,
        rng=rng,
        num_resamples=num_resamples,
    )
    return percentile_interval(rhos[:, 0] - rhos[:, 1])


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
        defined = (total >= MIN_ROWS) & (lengths > 0)
        np.divide(products, lengths, out=found[:, place], where=defined)
    return np.clip(found, -1, 1)


def _dense_ranks(values: Float[np.ndarray, " rows"]) -> Int[np.ndarray, " rows"]:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)
