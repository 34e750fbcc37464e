"""The paper's share of best-scored among best models where lower is better, as its code has it."""

import numpy as np
from jaxtyping import Float

from epsilon_research.analysis.ranked_rows import MIN_ROWS, check_rows
from epsilon_research.analysis.top import above_percentile


def published_top10_overlap_percent(
    scores: Float[np.ndarray, " rows"], accuracies: Float[np.ndarray, " rows"]
) -> float:
    """Top-10 %/top-10 % of losses, by the published definition.

    With S the rows above the 90th percentile of the scores, W those below its 10th, and A the rows
    above the 90th percentile of the accuracies: 100 · |S ∩ A| / |W|. The sound denominator is |S|,
    see `top.top10_overlap_percent`; both are equal where scores have no ties.

    Args:
        scores: Values of a metric, finite.
        accuracies: Losses with the sign turned (`top.oriented`), so that A are the lowest losses.

    Returns:
        A percentage, above 100 where many of the lowest scores are equal; NaN with fewer than 3
        rows or where no score is below the percentile.

    References:
        arXiv 2302.04406, the notebooks on NAS-Bench-NLP. Theirs is infinite where ours is NaN and
        the best scores have good models among them.
    """
    check_rows(scores, accuracies)
    if scores.size < MIN_ROWS:
        return np.nan
    worst = scores < np.nanpercentile(scores, 10)
    if not worst.any():
        return np.nan
    both = above_percentile(scores, 90) & above_percentile(accuracies, 90)
    return 100 * int(both.sum()) / int(worst.sum())
