"""Does a metric rank architectures alike when only its randomness changes: seed, or minibatch?"""

import numpy as np
from jaxtyping import Float

from epsilon_research.analysis.rank_correlations import rho_matrix
from epsilon_research.analysis.top import above_percentile


def measure_stability(scores: Float[np.ndarray, "rows repeats"]) -> dict[str, float]:
    """Return how alike several runs of one metric rank the same architectures.

    The square root of the mean ρ bounds, roughly, what the metric can correlate with anything: it
    is the reliability of classical test theory. Where it is low, the mean of several repeats is a
    better metric than any of them.

    Args:
        scores: One column for each seed or minibatch; not finite where undefined.

    Returns:
        `repeats`; `n`, the architectures with a score in each of them; `coverage`, the same as a
        fraction of those with a score in at least one (below 1, whether a score is defined is
        itself a matter of chance); the mean and the smallest Spearman's ρ of two repeats on these
        rows, `mean_rho` and `min_rho`; and `mean_top10_overlap`, the share of the best tenth that
        two repeats have in common. NaN where undefined, as where too many tie for the best.

    Raises:
        ValueError: There are fewer than two columns.

    References:
        Spearman, "Correlation calculated from faulty data", 1910.
    """
    num_repeats = scores.shape[1]
    if num_repeats < 2:
        raise ValueError(f"scores must have two repeats or more, got {num_repeats}")
    finite = np.isfinite(scores)
    common, num_any = scores[finite.all(axis=1)], int(finite.any(axis=1).sum())
    rhos = rho_matrix(common)[np.triu_indices(num_repeats, 1)]
    overlaps = _top10_overlaps(common)[~np.eye(num_repeats, dtype=np.bool_)]
    return {
        "repeats": num_repeats,
        "n": len(common),
        "coverage": len(common) / num_any if num_any else np.nan,
        "mean_rho": float(np.mean(rhos)),
        "min_rho": float(np.min(rhos)),
        "mean_top10_overlap": float(np.mean(overlaps)),
    }


def _top10_overlaps(
    scores: Float[np.ndarray, "rows repeats"],
) -> Float[np.ndarray, "repeats repeats"]:
    best = np.stack([above_percentile(column, 90) for column in scores.T], axis=1).astype(float)
    shared, sizes = best.T @ best, best.sum(axis=0)
    overlaps = np.full(shared.shape, np.nan)
    np.divide(shared, sizes[:, None], out=overlaps, where=sizes[:, None] > 0)
    return overlaps
