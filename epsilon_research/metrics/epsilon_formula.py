"""The epsilon score of two output vectors: the one home of the formula."""

import numpy as np
from jaxtyping import Float


def has_finite_spread(outputs: Float[np.ndarray, " values"]) -> bool:
    """Whether the largest output less the smallest is a number that float64 can hold."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(outputs.max() - outputs.min()))


def normalise_outputs(outputs: Float[np.ndarray, " values"]) -> Float[np.ndarray, " values"]:
    """Outputs mapped to [0, 1] by their minimum and maximum, with exact zeros turned into NaN.

    So the smallest output, and each tied with it, is left out of what follows. A constant or
    not wholly finite vector becomes NaN throughout.
    """
    values = np.asarray(outputs, dtype=np.float64)
    low, high = values.min(), values.max()
    if not has_finite_spread(values) or low == high:
        return np.full(values.shape, np.nan)
    normalised = (values - low) / (high - low)
    normalised[normalised == 0] = np.nan
    return normalised


def epsilon_score(
    low: Float[np.ndarray, " low_values"], high: Float[np.ndarray, " high_values"]
) -> float:
    """How differently a network's outputs are distributed under two constant initialisations.

    With p₁ and p₂ the normalised outputs: nanmean |p₁ − p₂| / nanmean [p₁, p₂]. The difference is
    averaged over the values that are kept in both, the denominator over all that are kept.

    Args:
        low: Outputs over the minibatch with all weights at the first constant, any scale.
        high: The same with the second constant, same order.

    Returns:
        The score, at least 0, higher is better; NaN if either vector is constant or not finite,
        or if no value is kept in both.

    Raises:
        ValueError: The vectors differ in length.

    References:
        Gracheva, "Towards an Accurate Zero-Cost Score for Neural Architecture Search by Constant
        Shared Weights", arXiv 2302.04406, equations 1 to 4.
    """
    return normalised_score(normalise_outputs(low), normalise_outputs(high))


def normalised_score(
    low: Float[np.ndarray, " low_values"], high: Float[np.ndarray, " high_values"]
) -> float:
    """`epsilon_score` of two vectors that `normalise_outputs` gave, in any precision.

    Raises:
        ValueError: The vectors differ in length.
    """
    if np.shape(low) != np.shape(high):
        raise ValueError(
            f"both output vectors must have one length, got {np.shape(low)} and {np.shape(high)}"
        )
    pair = np.stack([low, high]).astype(np.float64)
    kept = ~np.isnan(pair)
    common = kept.all(axis=0)
    if not common.any():
        return float("nan")
    return float(np.abs(pair[0] - pair[1])[common].mean() / pair[kept].mean())
