"""nDCG: are the best-scored architectures good, the very best of them first of all?"""

import numpy as np
from jaxtyping import Float

from epsilon_research.analysis.ranked_rows import MIN_ROWS, check_rows, mid_ranks


def ndcg(scores: Float[np.ndarray, " rows"], accuracies: Float[np.ndarray, " rows"]) -> float:
    """Normalised discounted cumulative gain of the best-scored tenth of the rows.

    With n rows, sorted by score from the best, and k = ⌈n / 10⌉:

        DCG = Σ_{j ≤ k} gain_j / log₂(j + 1),    nDCG = DCG / (DCG of the rows sorted by accuracy)

    where the gain of a row is the share of the other rows that it is more accurate than, ties
    counting half: (mid-rank − 1) / (n − 1), in [0, 1]. Gains are ranks, so that the number does not
    change under monotone maps, means the same for accuracies and losses, and is not near 1 for any
    order whatever, as it is with accuracies that all lie around 0.9. Rows with equal scores share
    the mean of the discounts of their positions.

    Args:
        scores: Values of a metric, finite.
        accuracies: Accuracies of the same rows, finite, higher is better.

    Returns:
        A number in [0, 1]; scores at random give about 0.52 and accuracy itself gives 1. NaN with
        fewer than 3 rows or where accuracies are constant.

    Raises:
        ValueError: The arrays differ in length or hold a value that is not finite.

    References:
        Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002. Ties:
        McSherry and Najork, "Computing information retrieval performance measures efficiently in
        the presence of tied scores", 2008. For NAS: Týbl and Neumann, "Training-free Neural
        Architecture Search through Variance of Knowledge of Deep Network Weights", CVPR 2025.
        Differs from the last: gains are ranks, not accuracies.
    """
    check_rows(scores, accuracies)
    if scores.size < MIN_ROWS or np.all(accuracies == accuracies[0]):
        return np.nan
    gains = mid_ranks(accuracies) - 1  # the factor 1 / (n - 1) cancels
    return _discounted(scores, gains) / _discounted(accuracies, gains)


def cumulated_discounts(num_rows: int) -> Float[np.ndarray, " positions"]:
    """Return the sum of the discounts of the first 0, 1, ..., `num_rows` positions."""
    discounts = 1 / np.log2(np.arange(num_rows) + 2.0)
    num_best = -(-num_rows // 10)
    discounts[num_best:] = 0
    return np.concatenate([[0.0], np.cumsum(discounts)])


def _discounted(values: Float[np.ndarray, " rows"], gains: Float[np.ndarray, " rows"]) -> float:
    """DCG of rows sorted by `values`, highest first; equal values share their positions."""
    _, groups, sizes = np.unique(-values, return_inverse=True, return_counts=True)
    ends = np.cumsum(sizes)
    discounts = cumulated_discounts(values.size)
    shares = (discounts[ends] - discounts[ends - sizes]) / sizes
    return float(np.bincount(groups, weights=gains) @ shares)
