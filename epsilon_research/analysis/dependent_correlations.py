"""Is one metric's correlation with accuracy higher than another's? Steiger's Z, and Holm for many.

Two metrics are computed of the same architectures, so their correlations with accuracy are
dependent, and comparing two intervals is not a test of their difference.
"""

from math import atanh, erfc, sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

MIN_ROWS = 4
"""Fisher's transform has a variance of 1 / (n - 3)."""


class DifferenceTest(NamedTuple):
    """A test of two dependent correlations; NaN where it is undefined.

    Attributes:
        z: Standard normal if both correlations are equal; positive if the first is higher.
        p: Two-sided p-value.
    """

    z: float
    p: float


def compare_dependent_rhos(
    first: float, second: float, between: float, *, num_rows: int
) -> DifferenceTest:
    """Steiger's Z for two Spearman correlations that share a variable (the accuracy).

    With Fisher's z(ρ) = artanh ρ, the mean ρ̄ = (ρ₁ + ρ₂) / 2 and the correlation ρ₁₂ between the
    two metrics:

        Z = (z(ρ₁) − z(ρ₂)) · √(n − 3) / √((2 − 2 c) · (1 + ρ̄² / 2))
        c = (ρ₁₂ (1 − 2 ρ̄²) − ρ̄² (1 − 2 ρ̄² − ρ₁₂²) / 2) / (1 − ρ̄²)²

    c is the correlation of z(ρ₁) and z(ρ₂). The factor 1 + ρ̄² / 2 is what makes it a test of ranks:
    z(ρ) of Spearman's ρ varies that much more than Pearson's. Without it (`steiger_z`), 8 % of
    equal correlations of 0.8 or more are called different at a level of 5 %; with it, 4 to 5 %.

    Rows are taken as independent and without heavy tails in common. Architectures that are the same
    function are not independent: look at protocol `unique`, or at the bootstrap, too.

    Args:
        first: ρ of the first metric with accuracy.
        second: ρ of the second metric with accuracy, on the same rows.
        between: ρ of the two metrics on the same rows.
        num_rows: Number of rows.

    Returns:
        z and p; NaN with fewer than 4 rows and where a correlation is undefined or perfect. Equal
        correlations have z = 0 and p = 1, also those of two equal rankings.

    References:
        Steiger, "Tests for comparing elements of a correlation matrix", Psychological Bulletin 87,
        1980, equations 11 and 14. Variance for ranks: Bonett and Wright, "Sample size requirements
        for estimating Pearson, Kendall and Spearman correlations", Psychometrika 65, 2000.
    """
    z = steiger_z(first, second, between, num_rows=num_rows)
    z /= sqrt(1 + ((first + second) / 2) ** 2 / 2)
    return DifferenceTest(z=z, p=erfc(abs(z) / sqrt(2)))


def steiger_z(first: float, second: float, between: float, *, num_rows: int) -> float:
    """Steiger's Z for two Pearson correlations that share a variable.

    Args:
        first: Correlation of the first variable with the shared one.
        second: Correlation of the second variable with the shared one.
        between: Correlation of the first and the second variable.
        num_rows: Number of rows.

    Returns:
        Z as in `compare_dependent_rhos`, without the factor for ranks.
    """
    if num_rows < MIN_ROWS or not (abs(first) < 1 and abs(second) < 1 and abs(between) <= 1):
        return np.nan
    if first == second:
        return 0.0
    mean = ((first + second) / 2) ** 2
    covariance = between * (1 - 2 * mean) - mean * (1 - 2 * mean - between**2) / 2
    variance = 2 - 2 * covariance / (1 - mean) ** 2
    # Rounding, or three correlations that no three variables have.
    if variance <= 0:
        return np.nan
    return (atanh(first) - atanh(second)) * sqrt(num_rows - 3) / sqrt(variance)


def holm(p_values: Float[np.ndarray, " tests"]) -> Float[np.ndarray, " tests"]:
    """Holm's adjusted p-values: all those below α hold together with an error of at most α.

    The i-th smallest of m p-values becomes the largest of (m − j + 1) · p₍ⱼ₎ over j ≤ i, at most 1.

    Args:
        p_values: One per test, in any order; undefined ones are NaN, stay so and are not counted.

    References:
        Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    adjusted = np.full(p_values.size, np.nan)
    defined = np.flatnonzero(~np.isnan(p_values))
    order = defined[np.argsort(p_values[defined], kind="stable")]
    factors = np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1)
    return adjusted
