"""How well a metric finds the best architectures: the 'top' statistics of the paper's code.

Everything here is higher-is-better: `oriented` turns accuracies or losses that way, once, at the
border. Thresholds are percentiles as `numpy.nanpercentile` interpolates them, and 'above' is
strict, so a share of rows that are tied at the threshold is left out as a whole.
"""

import numpy as np
from jaxtyping import Bool, Float

from epsilon_research.analysis.correlation import kendall_tau, spearman_rho
from epsilon_research.analysis.ranked_rows import MIN_ROWS, NUM_BEST, check_rows


def oriented(
    accuracies: Float[np.ndarray, " rows"], *, higher_is_better: bool
) -> Float[np.ndarray, " rows"]:
    """The accuracies such that higher is better: as they are, or losses with the sign turned.

    A good metric therefore has a positive correlation with losses, too: it correlates with how
    good an architecture is. (The paper's tables for NAS-Bench-NLP show the sign of the raw loss.)
    """
    return accuracies if higher_is_better else -accuracies


def spearman_rho_top10(
    scores: Float[np.ndarray, " rows"], accuracies: Float[np.ndarray, " rows"]
) -> float:
    """Spearman's ρ over the rows with accuracy above its 90th percentile; NaN where undefined."""
    top = above_percentile(accuracies, 90)
    return spearman_rho(scores[top], accuracies[top])


def kendall_tau_top10(
    scores: Float[np.ndarray, " rows"], accuracies: Float[np.ndarray, " rows"]
) -> float:
    """Kendall's τ-b over the rows with accuracy above its 90th percentile; NaN where undefined."""
    top = above_percentile(accuracies, 90)
    return kendall_tau(scores[top], accuracies[top])


def top10_overlap_percent(
    scores: Float[np.ndarray, " rows"], accuracies: Float[np.ndarray, " rows"]
) -> float:
    """Percentage of the best-scored rows that are also among the most accurate.

    With S the rows above the 90th percentile of the scores and A those above the 90th percentile of
    the accuracies: 100 · |S ∩ A| / |S|.

    Returns:
        A percentage in [0, 100]; NaN with fewer than 3 rows or where no score is above the
        percentile, because 10 % of the rows or more share the best score.
    """
    check_rows(scores, accuracies)
    best, top = above_percentile(scores, 90), above_percentile(accuracies, 90)
    if scores.size < MIN_ROWS or not best.any():
        return np.nan
    return 100 * int((best & top).sum()) / int(best.sum())


def top64_in_top5(
    scores: Float[np.ndarray, " rows"], accuracies: Float[np.ndarray, " rows"]
) -> float:
    """Return how many of the 64 best scores have an accuracy above its 95th percentile.

    As in the paper's code, every row that ties with the 64th best score counts as one of the
    best, so that the number does not depend on the order of rows and can exceed 64 where many
    scores are equal.

    Returns:
        A count; NaN with 64 rows or fewer, of which all would be among the best.
    """
    check_rows(scores, accuracies)
    if scores.size <= NUM_BEST:
        return np.nan
    best = scores >= np.partition(scores, -NUM_BEST)[-NUM_BEST]
    return float((best & above_percentile(accuracies, 95)).sum())


def above_percentile(values: Float[np.ndarray, " rows"], percent: int) -> Bool[np.ndarray, " rows"]:
    """Return which finite values lie strictly above their percentile; none of no values."""
    return values > np.nanpercentile(values, percent) if values.size else values > 0
