"""Rank correlations of scores and accuracies: Spearman's ρ and Kendall's τ-b."""

import numpy as np
from jaxtyping import Float

from epsilon_research.analysis.ranked_rows import MIN_ROWS, check_rows, mid_ranks, rank_rows


def spearman_rho(
    scores: Float[np.ndarray, " rows"], accuracies: Float[np.ndarray, " rows"]
) -> float:
    """Spearman's ρ: Pearson's correlation of mid-ranks.

    Args:
        scores: Values of a metric, finite.
        accuracies: Accuracies of the same rows, finite.

    Returns:
        ρ in [-1, 1]; NaN with fewer than 3 rows or where one side is constant.

    Raises:
        ValueError: The arrays differ in length or hold a value that is not finite.

    References:
        Spearman, "The proof and measurement of association between two things", 1904.
    """
    check_rows(scores, accuracies)
    if scores.size < MIN_ROWS:
        return np.nan
    centre = (scores.size + 1) / 2
    x, y = mid_ranks(scores) - centre, mid_ranks(accuracies) - centre
    x_squares, y_squares = float(x @ x), float(y @ y)
    if x_squares == 0 or y_squares == 0:
        return np.nan
    return float(np.clip(x @ y / (np.sqrt(x_squares) * np.sqrt(y_squares)), -1, 1))


def kendall_tau(
    scores: Float[np.ndarray, " rows"], accuracies: Float[np.ndarray, " rows"]
) -> float:
    """Kendall's τ-b: concordant minus discordant pairs, corrected for ties, in O(n log n).

    Args:
        scores: Values of a metric, finite.
        accuracies: Accuracies of the same rows, finite.

    Returns:
        τ-b in [-1, 1]; NaN with fewer than 3 rows or where one side is constant.

    Raises:
        ValueError: The arrays differ in length or hold a value that is not finite.

    References:
        Kendall, "The treatment of ties in ranking problems", 1945. Counting by a Fenwick tree:
        Christensen, "Fast algorithms for the calculation of Kendall's τ", 2005.
    """
    check_rows(scores, accuracies)
    if scores.size < MIN_ROWS:
        return np.nan
    # Late, because numba takes longer to import than everything else in this room.
    from epsilon_research.analysis.resamples import correlate

    rows = rank_rows(scores, accuracies)
    once = np.ones((rows.size, 1), np.int32)
    return float(correlate(once, rows.score_groups, rows.accuracy_groups)[1][0])
