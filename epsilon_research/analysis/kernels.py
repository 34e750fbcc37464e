"""Compiled loops over resamples of ranked rows.

A bootstrap resample is a vector of multiplicities: how often each row was drawn. The rows are
sorted once, by x (score) and within equal x by y (accuracy), and described by dense ranks
("groups") that never change. Several resamples are computed side by side: weights are `[rows,
lanes]`, one lane per resample, so that one step of a loop moves all lanes and a look-up that
misses the cache is paid once for all of them.

The number of lanes is read from the array on purpose: with a constant, the inner loops are
unrolled before they are vectorised, and then are not vectorised at all. All counts are exact
integers, also in float64 (below 2^53), and lanes never meet, so no result depends on how
resamples are shared out over calls or threads. What is cheap stays outside in `resamples.py`,
because each call from loop to loop is compiled anew.
`no_type_check` keeps the tests' checker of annotations away, which numba can neither compile nor
cache.
"""

from typing import no_type_check

import numpy as np

from epsilon_research.compiled import njit


@njit(cache=True, nogil=True)
@no_type_check
def count_draws(draws, counts):
    """Adds one to `counts[row]` for each row in `draws`."""
    for row in draws:
        counts[row] += 1


@njit(cache=True, nogil=True)
@no_type_check
def transpose(counts):
    """`[lanes, rows]` to contiguous `[rows, lanes]`, written in order."""
    lanes, rows = counts.shape
    weights = np.empty((rows, lanes), np.int32)
    for row in range(rows):
        for lane in range(lanes):
            weights[row, lane] = counts[lane, row]
    return weights


@njit(cache=True, nogil=True)
@no_type_check
def weigh_groups(weights, groups, num_groups):
    """Weight of each group, int32 `[num_groups, lanes]`."""
    lanes = weights.shape[1]
    sums = np.zeros((num_groups, lanes), np.int32)
    for row in range(groups.size):
        group = groups[row]
        for lane in range(lanes):
            sums[group, lane] += weights[row, lane]
    return sums


@njit(cache=True, nogil=True)
@no_type_check
def tied_pairs(sums):
    """Pairs of drawn rows that lie in the same group, `[lanes]`."""
    lanes = sums.shape[1]
    pairs = np.zeros(lanes, np.float64)
    for group in range(sums.shape[0]):
        for lane in range(lanes):
            weight = np.float64(sums[group, lane])
            pairs[lane] += 0.5 * weight * (weight - 1.0)
    return pairs


@njit(cache=True, nogil=True)
@no_type_check
def equal_pairs(weights, x_groups, y_groups):
    """Pairs of drawn rows that are equal in x and in y, `[lanes]`; equal rows are neighbours."""
    lanes = weights.shape[1]
    pairs = np.zeros(lanes, np.float64)
    run = np.zeros(lanes, np.int32)
    for row in range(x_groups.size):
        if row > 0 and (x_groups[row] != x_groups[row - 1] or y_groups[row] != y_groups[row - 1]):
            for lane in range(lanes):
                run[lane] = 0
        for lane in range(lanes):
            # Pairs with the rows of the run before this one, and among this row's own copies.
            weight = np.float64(weights[row, lane])
            pairs[lane] += weight * (np.float64(run[lane]) + 0.5 * (weight - 1.0))
        for lane in range(lanes):
            run[lane] += weights[row, lane]
    return pairs


@njit(cache=True, nogil=True)
@no_type_check
def discordant_pairs(weights, y_groups, num_groups):
    """Discordant pairs of drawn rows, `[lanes]`.

    A Fenwick tree over the groups of y holds the rows seen so far. Of those, the ones with larger
    y are discordant: equal x cannot be among them, because within equal x the larger y come later.
    """
    lanes = weights.shape[1]
    tree = np.zeros((num_groups + 1, lanes), np.int32)
    seen = np.zeros(lanes, np.int32)
    above = np.zeros(lanes, np.int32)
    pairs = np.zeros(lanes, np.float64)
    for row in range(y_groups.size):
        above[:] = seen
        node = y_groups[row] + 1
        while node > 0:
            for lane in range(lanes):
                above[lane] -= tree[node, lane]
            node &= node - 1
        for lane in range(lanes):
            pairs[lane] += np.float64(weights[row, lane]) * np.float64(above[lane])
            seen[lane] += weights[row, lane]
        node = y_groups[row] + 1
        while node <= num_groups:
            for lane in range(lanes):
                tree[node, lane] += weights[row, lane]
            node += node & -node
    return pairs


@njit(cache=True, nogil=True)
@no_type_check
def centre_ranks(sums, total):
    """Overwrites weights of groups by twice their centred mid-rank; returns the sum of squares.

    The mid-rank of a group is `before + (weight + 1) / 2`, the mean rank `(total + 1) / 2`.
    """
    lanes = sums.shape[1]
    before = np.zeros(lanes, np.int32)
    squares = np.zeros(lanes, np.float64)
    for group in range(sums.shape[0]):
        for lane in range(lanes):
            weight = sums[group, lane]
            rank = 2 * before[lane] + weight - total[lane]
            before[lane] += weight
            squares[lane] += np.float64(weight) * np.float64(rank) * np.float64(rank)
            sums[group, lane] = rank
    return squares


@njit(cache=True, nogil=True)
@no_type_check
def rank_products(weights, x_groups, y_groups, x_ranks, y_ranks):
    """Sum of products of centred ranks over drawn rows, `[lanes]`."""
    lanes = weights.shape[1]
    products = np.zeros(lanes, np.float64)
    for row in range(x_groups.size):
        x, y = x_groups[row], y_groups[row]
        for lane in range(lanes):
            product = np.float64(x_ranks[x, lane]) * np.float64(y_ranks[y, lane])
            products[lane] += np.float64(weights[row, lane]) * product
    return products


@njit(cache=True, nogil=True)
@no_type_check
def group_at(sums, position):
    """The group of the row at `position` of the sorted resample, `[lanes]`."""
    lanes = sums.shape[1]
    seen = np.zeros(lanes, np.int32)
    groups = np.zeros(lanes, np.int32)
    for group in range(sums.shape[0]):
        for lane in range(lanes):
            seen[lane] += sums[group, lane]
            groups[lane] += np.int32(seen[lane] <= position)
    return groups


@njit(cache=True, nogil=True)
@no_type_check
def count_both(weights, x_groups, y_groups, x_first, y_first):
    """Drawn rows with x and with y in or above a group, `[lanes]`."""
    lanes = weights.shape[1]
    counts = np.zeros(lanes, np.int32)
    # Rows are sorted by x: all that can count stand at the end.
    for row in range(np.searchsorted(x_groups, x_first.min()), x_groups.size):
        x, y = x_groups[row], y_groups[row]
        for lane in range(lanes):
            both = np.int32(x >= x_first[lane]) & np.int32(y >= y_first[lane])
            counts[lane] += weights[row, lane] * both
    return counts


@njit(cache=True, nogil=True)
@no_type_check
def discounted_gains(weights, x_groups, y_groups, y_ranks, total, discounts):
    """Discounted gain of drawn rows sorted by x, highest first, `[lanes]`.

    A row's gain is its mid-rank in y minus 1, doubled: `y_ranks + total - 1`. `discounts` are
    cumulated, and constant behind the last position that counts; rows with equal x share theirs.
    """
    lanes = weights.shape[1]
    seen = np.zeros(lanes, np.int32)
    run = np.zeros(lanes, np.int32)
    run_gain = np.zeros(lanes, np.float64)
    gains = np.zeros(lanes, np.float64)
    last = discounts[discounts.size - 1]
    for row in range(x_groups.size - 1, -1, -1):
        y = y_groups[row]
        for lane in range(lanes):
            weight = weights[row, lane]
            run[lane] += weight
            run_gain[lane] += np.float64(weight) * np.float64(y_ranks[y, lane] + total[lane] - 1)
        if row > 0 and x_groups[row] == x_groups[row - 1]:
            continue
        open_lanes = 0
        for lane in range(lanes):
            if run[lane] > 0:
                start = discounts[seen[lane]]
                seen[lane] += run[lane]
                share = (discounts[seen[lane]] - start) / run[lane]
                gains[lane] += run_gain[lane] * share
                run[lane] = 0
                run_gain[lane] = 0.0
            open_lanes += np.int32(discounts[seen[lane]] < last)
        if open_lanes == 0:
            break
    return gains
