"""The statistics of resamples that are given as multiplicities of ranked rows.

The same definitions as in `correlation.py` and `top.py`, in terms of counts and ranks: what takes
long is in `kernels.py`, what is left is arithmetic on one number per resample ("lane").
"""

import numpy as np
from jaxtyping import Float, Int

from epsilon_research.analysis.kernels import (
    centre_ranks,
    count_both,
    discordant_pairs,
    discounted_gains,
    equal_pairs,
    group_at,
    rank_products,
    tied_pairs,
    weigh_groups,
)
from epsilon_research.analysis.ndcg import cumulated_discounts
from epsilon_research.analysis.ranked_rows import MIN_ROWS, NUM_BEST, RankedRows


def statistics_of_resamples(
    rows: RankedRows, weights: Int[np.ndarray, "rows lanes"]
) -> Float[np.ndarray, "lanes 7"]:
    """Return the statistics of each resample, in the order of `statistics.STATISTICS`.

    Args:
        rows: The ranked rows.
        weights: How often each of them was drawn, int32; each lane adds up to the number of rows.
    """
    x, y = rows.score_groups, rows.accuracy_groups
    y_sums = weigh_groups(weights, y, rows.accuracy_values.size)
    # The first group of accuracies above their 90th percentile.
    first = first_above(y_sums, rows.accuracy_values, 0.9)
    rho, tau = correlate(weights, x, y)
    top_rho, top_tau = _correlate_above(weights, x, y, first=first)
    best = _count_best(rows, weights, y_sums, first=first)
    gain = _normalised_gain(rows, weights, y_sums)
    return np.stack([rho, top_rho, tau, top_tau, *best, gain], axis=1)


def _count_best(
    rows: RankedRows,
    weights: Int[np.ndarray, "rows lanes"],
    y_sums: Int[np.ndarray, "accuracies lanes"],
    *,
    first: Int[np.ndarray, " lanes"],
) -> tuple[Float[np.ndarray, " lanes"], Float[np.ndarray, " lanes"]]:
    """`top.top10_overlap_percent` and `top.top64_in_top5` of each resample."""
    x, y = rows.score_groups, rows.accuracy_groups
    x_sums = weigh_groups(weights, x, rows.score_values.size)
    overlap, best_64 = np.full((2, first.size), np.nan)
    best = first_above(x_sums, rows.score_values, 0.9)
    num_best = count_both(weights, x, y, best, np.zeros_like(first))
    num_shared = count_both(weights, x, y, best, first)
    np.divide(100 * num_shared, num_best, out=overlap, where=num_best > 0)
    if rows.size > NUM_BEST:
        top_5_percent = first_above(y_sums, rows.accuracy_values, 0.95)
        best = group_at(x_sums, rows.size - NUM_BEST)
        best_64[:] = count_both(weights, x, y, best, top_5_percent)
    return overlap, best_64


def _normalised_gain(
    rows: RankedRows,
    weights: Int[np.ndarray, "rows lanes"],
    y_sums: Int[np.ndarray, "accuracies lanes"],
) -> Float[np.ndarray, " lanes"]:
    """`ndcg.ndcg` of each resample."""
    x, y = rows.score_groups, rows.accuracy_groups
    total = weights.sum(axis=0, dtype=np.int32)
    discounts = cumulated_discounts(rows.size)
    y_ranks = y_sums.copy()
    y_squares = centre_ranks(y_ranks, total)
    found = discounted_gains(weights, x, y, y_ranks, total, discounts)
    # The best order: each group of equal accuracies as one row that was drawn several times.
    groups = np.arange(len(y_sums))
    best = discounted_gains(y_sums, groups, groups, y_ranks, total, discounts)
    gain = np.full(total.size, np.nan)
    np.divide(found, best, out=gain, where=(total >= MIN_ROWS) & (y_squares > 0))
    return gain


def correlate(
    weights: Int[np.ndarray, "rows lanes"],
    x_groups: Int[np.ndarray, " rows"],
    y_groups: Int[np.ndarray, " rows"],
) -> tuple[Float[np.ndarray, " lanes"], Float[np.ndarray, " lanes"]]:
    """Spearman's ρ and Kendall's τ-b of each resample; NaN where undefined.

    Args:
        weights: Multiplicities, int32; at least one row.
        x_groups: Dense rank of x, non-decreasing.
        y_groups: Dense rank of y; non-decreasing where x is equal.
    """
    x_sums = weigh_groups(weights, x_groups, x_groups[-1] + 1)
    y_sums = weigh_groups(weights, y_groups, y_groups.max() + 1)
    total = weights.sum(axis=0, dtype=np.int32)
    pairs = total * (total - 1.0) / 2
    x_pairs, y_pairs = pairs - tied_pairs(x_sums), pairs - tied_pairs(y_sums)
    discordant = discordant_pairs(weights, y_groups, y_sums.shape[0])
    # Concordant minus discordant; pairs tied in x or y are neither.
    balance = x_pairs + y_pairs - pairs + equal_pairs(weights, x_groups, y_groups) - 2 * discordant
    # From here on, the sums hold ranks.
    x_squares, y_squares = centre_ranks(x_sums, total), centre_ranks(y_sums, total)
    products = rank_products(weights, x_groups, y_groups, x_sums, y_sums)
    defined = (total >= MIN_ROWS) & (x_squares > 0) & (y_squares > 0)
    rho, tau = np.full((2, total.size), np.nan)
    np.divide(products, np.sqrt(x_squares) * np.sqrt(y_squares), out=rho, where=defined)
    np.divide(balance, np.sqrt(x_pairs) * np.sqrt(y_pairs), out=tau, where=defined)
    return np.clip(rho, -1, 1), np.clip(tau, -1, 1)


def first_above(
    sums: Int[np.ndarray, "groups lanes"], values: Float[np.ndarray, " groups"], fraction: float
) -> Int[np.ndarray, " lanes"]:
    """Return the first group strictly above a percentile of each resample.

    The percentile is numpy's (linear): it lies between two neighbours of the sorted resample, so
    the groups above it are those above the lower neighbour. The exception is an upper neighbour
    so close that the interpolation rounds up to it; then numpy's `>` leaves it out, and so does
    this.

    Args:
        sums: Weight of each group; lanes of one total.
        values: Value of each group, ascending.
        fraction: The percentile as a fraction in (0, 1).
    """
    total = int(sums[:, 0].sum())
    position = (total - 1) * fraction
    below = int(position)
    share = position - below
    lower = group_at(sums, below)
    upper = group_at(sums, min(below + 1, total - 1))
    step = values[upper] - values[lower]
    # As in numpy: from the nearer end, so that the rounding is the same, too.
    threshold = values[lower] + step * share if share < 0.5 else values[upper] - step * (1 - share)
    rounded_up = (upper > lower) & (values[upper] <= threshold)
    return np.where(rounded_up, upper, lower) + np.int32(1)


def _correlate_above(
    weights: Int[np.ndarray, "rows lanes"],
    x_groups: Int[np.ndarray, " rows"],
    y_groups: Int[np.ndarray, " rows"],
    *,
    first: Int[np.ndarray, " lanes"],
) -> tuple[Float[np.ndarray, " lanes"], Float[np.ndarray, " lanes"]]:
    """`correlate` over the rows with y in or above the group `first` of each resample."""
    lowest = first.min()
    kept = np.flatnonzero(y_groups >= lowest)
    if kept.size == 0:
        rho, tau = np.full((2, first.size), np.nan)
        return rho, tau
    x, y = x_groups[kept], y_groups[kept]
    x_steps = np.diff(x, prepend=x[0]) != 0
    return correlate(weights[kept] * (y[:, None] >= first), np.cumsum(x_steps), y - lowest)
