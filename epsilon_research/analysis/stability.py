"""Does a metric rank architectures alike when only its randomness changes: seed, or minibatch?"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from epsilon_research.analysis.rank_correlations import rho_matrix
from epsilon_research.analysis.top import above_percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class StabilityStatistics:
    """Agreement of several score vectors of one metric.

    Attributes:
        num_repeats: How many score vectors.
        num_rows: Architectures with a score in each of them.
        coverage: The same as a fraction of those with a score in at least one; NaN if there are
            none. Below 1, whether a score is defined is itself a matter of chance.
        rhos: Spearman's ρ of each pair on the common rows, `[repeats, repeats]`.
        top10_overlaps: Share of the best tenth of one repeat that is in the best tenth of another,
            `[repeats, repeats]`; NaN where too many tie for the best.
    """

    num_repeats: int
    num_rows: int
    coverage: float
    rhos: Float[np.ndarray, "repeats repeats"]
    top10_overlaps: Float[np.ndarray, "repeats repeats"]

    @property
    def mean_rho(self) -> float:
        """Mean ρ over all pairs of different repeats."""
        return float(np.mean(self.rhos[np.triu_indices(self.num_repeats, 1)]))

    @property
    def min_rho(self) -> float:
        """The smallest ρ of two repeats."""
        return float(np.min(self.rhos[np.triu_indices(self.num_repeats, 1)]))

    @property
    def mean_top10_overlap(self) -> float:
        """Mean share of the best tenth that two repeats have in common."""
        pairs = ~np.eye(self.num_repeats, dtype=np.bool_)
        return float(np.mean(self.top10_overlaps[pairs]))


def measure_stability(scores: Float[np.ndarray, "rows repeats"]) -> StabilityStatistics:
    """Return how alike several runs of one metric rank the same architectures.

    The square root of the mean ρ bounds, roughly, what the metric can correlate with anything: it
    is the reliability of classical test theory. Where it is low, the mean of several repeats is a
    better metric than any of them.

    Args:
        scores: One column for each seed or minibatch; not finite where undefined.

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
    return StabilityStatistics(
        num_repeats=num_repeats,
        num_rows=len(common),
        coverage=len(common) / num_any if num_any else np.nan,
        rhos=rho_matrix(common),
        top10_overlaps=_top10_overlaps(common),
    )


def _top10_overlaps(
    scores: Float[np.ndarray, "rows repeats"],
) -> Float[np.ndarray, "repeats repeats"]:
    best = np.stack([above_percentile(column, 90) for column in scores.T], axis=1).astype(float)
    shared, sizes = best.T @ best, best.sum(axis=0)
    overlaps = np.full(shared.shape, np.nan)
    np.divide(shared, sizes[:, None], out=overlaps, where=sizes[:, None] > 0)
    return overlaps
