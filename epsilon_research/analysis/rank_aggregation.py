"""Several metrics as one: their ranks, averaged; and which few of them go together best."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from jaxtyping import Float

from epsilon_research.analysis.ranked_rows import MIN_ROWS, mid_ranks

MOST_WORK = 50_000_000
"""Rows times subsets that `best_subsets` ranks: some seconds."""

AGGREGATES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    # Mid-ranks are halves of integers: equal sums are equal numbers.
    "mean_rank": lambda ranks: ranks.sum(axis=1) / ranks.size,
    "log_rank": lambda ranks: np.log(ranks / len(ranks)).sum(axis=1),
}
"""Each aggregate of mid-ranks `[rows, metrics]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """Metrics whose mean rank was taken, and its Spearman's ρ with accuracy."""

    columns: tuple[int, ...]
    rho: float


def aggregate_ranks(
    scores: Float[np.ndarray, "rows metrics"],
    *,
    aggregate: str = "mean_rank",
) -> Float[np.ndarray, " rows"]:
    """Return one score made of several, none of which needs to have the scale of another.

    Each metric is replaced by its ranks, divided by the number of rows: 1 is the best, equal scores
    share the mean of their ranks. `mean_rank` is their mean (which orders rows as Borda's count
    does), `log_rank` the sum of their logarithms, by which one bad rank costs more than several
    good ones bring.

    Args:
        scores: Values of each metric, higher is better. −∞ ranks last; a row with a NaN has no
            aggregate, and counts in no ranking (`ranks_last.ranked_scores` gives both).
        aggregate: Key of `AGGREGATES`.

    Returns:
        The aggregate, higher is better; NaN in rows that are left out.

    Raises:
        ValueError: `aggregate` is unknown, or there is no metric.

    References:
        Borda, "Mémoire sur les élections au scrutin", 1781. Logarithms: Lee and Ham, "AZ-NAS:
        Assembling Zero-Cost Proxies for Network Architecture Search", CVPR 2024.
    """
    if aggregate not in AGGREGATES:
        raise ValueError(f"aggregate must be one of {', '.join(AGGREGATES)}, got {aggregate!r}")
    if scores.shape[1] == 0:
        raise ValueError("at least one metric must be aggregated, got none")
    kept = ~np.isnan(scores).any(axis=1)
    found = np.full(len(scores), np.nan)
    if kept.any():
        found[kept] = AGGREGATES[aggregate](rank_columns(scores[kept]))
    return found


def rank_columns(scores: Float[np.ndarray, "rows metrics"]) -> Float[np.ndarray, "rows metrics"]:
    """Mid-ranks of each column, from 1."""
    return np.stack([mid_ranks(column) for column in scores.T], axis=1)


def best_subsets(
    scores: Float[np.ndarray, "rows metrics"],
    accuracies: Float[np.ndarray, " rows"],
    *,
    size: int,
    num_best: int = 5,
) -> list[Subset]:
    """Return the subsets of metrics whose mean rank correlates best with accuracy.

    All subsets of `size` are tried; where that is more than `MOST_WORK` allows, only those of the
    metrics with the highest ρ, as many as it allows. The best of many subsets on the same rows is
    a little better than it would be on others: a look, not a test.

    Args:
        scores: Values of each metric, finite, higher is better.
        accuracies: Accuracies of the same rows, finite, higher is better.
        size: Metrics in a subset.
        num_best: How many subsets to return.

    Returns:
        Best first; none with fewer than 3 rows, constant accuracies or fewer than `size` metrics.
    """
    if len(scores) < MIN_ROWS or np.ptp(accuracies) == 0:
        return []
    ranks = rank_columns(scores)
    target = _unit(mid_ranks(accuracies))
    alone = np.array([_rho(column, target) for column in ranks.T])
    columns = _searched(alone, num_rows=len(scores), size=size)
    found = [
        Subset(columns=chosen, rho=_rho(ranks[:, chosen].sum(axis=1), target))
        for chosen in combinations(columns, size)
    ]
    defined = [subset for subset in found if np.isfinite(subset.rho)]
    return sorted(defined, key=lambda subset: -subset.rho)[:num_best]


def _searched(alone: Float[np.ndarray, " metrics"], *, num_rows: int, size: int) -> Sequence[int]:
    """The metrics with the highest ρ, as many as the work allows, in their own order."""
    best_first = np.argsort(-np.nan_to_num(alone, nan=-2), kind="stable")
    most = size
    while most < alone.size and comb(most + 1, size) * num_rows <= MOST_WORK:
        most += 1
    return sorted(int(column) for column in best_first[:most])


def _rho(values: Float[np.ndarray, " rows"], target: Float[np.ndarray, " rows"]) -> float:
    """ρ with a target whose ranks are centred and of length 1; NaN for a constant."""
    return float(_unit(mid_ranks(values)) @ target)


def _unit(ranks: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
    centred = ranks - (ranks.size + 1) / 2
    length = float(np.sqrt(centred @ centred))
    return centred / length if length > 0 else np.full(ranks.size, np.nan)
