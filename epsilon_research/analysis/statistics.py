"""The statistics of a set of rows, by name: values, and intervals beside them."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from epsilon_research.analysis.bootstrap import bootstrap_intervals, choose_num_resamples
from epsilon_research.analysis.correlation import kendall_tau, spearman_rho
from epsilon_research.analysis.ndcg import ndcg
from epsilon_research.analysis.top import (
    kendall_tau_top10,
    spearman_rho_top10,
    top10_overlap_percent,
    top64_in_top5,
)

STATISTICS: dict[str, Callable[..., float]] = {
    "spearman_rho": spearman_rho,
    "spearman_rho_top10": spearman_rho_top10,
    "kendall_tau": kendall_tau,
    "kendall_tau_top10": kendall_tau_top10,
    "top10_overlap_percent": top10_overlap_percent,
    "top64_in_top5": top64_in_top5,
    "ndcg": ndcg,
}
"""Each statistic of (scores, accuracies); in the order of `resamples.statistics_of_resamples`."""


Statistics = dict[str, float | int | list[float]]
"""{statistic: value}; undefined is NaN."""


def describe(
    scores: Float[np.ndarray, " rows"],
    accuracies: Float[np.ndarray, " rows"],
    *,
    rng: np.random.Generator,
    num_resamples: int = 1000,
) -> Statistics:
    """Return all statistics of a set of rows, with their 95 % bootstrap intervals.

    Args:
        scores: Values of a metric, finite.
        accuracies: Accuracies of the same rows, finite, higher is better (`top.oriented`).
        rng: Source of the resamples.
        num_resamples: Resamples wanted; above 100,000 rows at most 300 are drawn.

    Returns:
        `n`, the number of rows; the statistics, NaN where undefined; `<statistic>_interval` as
        [low, high]; and `num_resamples`, the number that was drawn for the intervals.
    """
    found: Statistics = {"n": int(scores.size)}
    found |= {name: statistic(scores, accuracies) for name, statistic in STATISTICS.items()}
    intervals = bootstrap_intervals(scores, accuracies, rng=rng, num_resamples=num_resamples)
    for name, interval in zip(STATISTICS, intervals, strict=True):
        found[f"{name}_interval"] = [float(interval[0]), float(interval[1])]
    return found | {"num_resamples": choose_num_resamples(scores.size, num_resamples)}
