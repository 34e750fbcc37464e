"""Paired comparison of two variants over the repeats, which share their seeds."""

from typing import Any

import numpy as np
from jaxtyping import Float


def compare_pairs(
    first: Float[np.ndarray, " repeats"],
    second: Float[np.ndarray, " repeats"],
    *,
    rng: np.random.Generator,
    num_resamples: int = 10_000,
) -> dict[str, Any]:
    """Is `first` different from `second`? Mean difference, its interval, and a test.

    Args:
        first: One result per repeat.
        second: Results of the same repeats with another variant.
        rng: Source of the bootstrap.
        num_resamples: Resamples behind the interval.

    Returns:
        `n` (pairs in which both are defined), `mean_difference` (first minus second),
        `mean_difference_interval` (95 % percentile bootstrap of the mean) and `wilcoxon_p`
        (two-sided signed-rank test; equal pairs share their ranks between both signs; 1 where all
        pairs are equal). NaN without pairs. p-values are not corrected for the number of
        comparisons.

    References:
        Wilcoxon, "Individual comparisons by ranking methods", 1945; Pratt, 1959, on equal pairs.
    """
    difference = first - second
    difference = difference[np.isfinite(difference)]
    if difference.size == 0:
        nothing = float("nan")
        return {
            "n": 0,
            "mean_difference": nothing,
            "mean_difference_interval": [nothing, nothing],
            "wilcoxon_p": nothing,
        }
    return {
        "n": int(difference.size),
        "mean_difference": float(difference.mean()),
        "mean_difference_interval": mean_interval(difference, rng=rng, num_resamples=num_resamples),
        "wilcoxon_p": _wilcoxon(difference),
    }


def mean_interval(
    values: Float[np.ndarray, " repeats"],
    *,
    rng: np.random.Generator,
    num_resamples: int = 10_000,
) -> list[float]:
    """Return the 95 % percentile bootstrap interval of the mean over repeats.

    Args:
        values: One result per repeat, finite, at least one.
        rng: Source of the bootstrap.
        num_resamples: Resamples behind the interval.
    """
    draws = rng.integers(values.size, size=(num_resamples, values.size))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return [float(low), float(high)]


def _wilcoxon(difference: Float[np.ndarray, " pairs"]) -> float:
    if not difference.any():
        return 1.0
    # Late, because scipy.stats takes longer to import than a short run.
    from scipy.stats import wilcoxon

    # The normal approximation, since with equal pairs there is no exact distribution.
    result = wilcoxon(difference, zero_method="zsplit", method="approx")
    return float(np.asarray(result, dtype=np.float64)[1])  # (statistic, p-value)
