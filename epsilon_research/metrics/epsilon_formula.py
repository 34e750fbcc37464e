"""The epsilon score of two output vectors: the one home of the formula."""

import math
from collections.abc import Set

import numpy as np
from jaxtyping import Float, Shaped

RELATIVE = "relative"
ABSOLUTE = "absolute"
DISPERSIONS = (RELATIVE, ABSOLUTE)
"""Ways to compare two output vectors, see `normalised_score`."""

REASONS = ("disconnected", "overflow", "constant_output")
"""Reasons why outputs cannot be normalised; the first stands for a pair that has several."""


def has_finite_spread(outputs: Shaped[np.ndarray, " values"]) -> bool:
    """Return whether the largest output less the smallest is a number that float64 can hold."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(outputs.max() - outputs.min()))


def undefined_reason(outputs: Shaped[np.ndarray, " values"]) -> str | None:
    """Return why a network's outputs cannot be normalised, None if they can."""
    if not has_finite_spread(outputs):
        return "overflow"
    return "constant_output" if outputs.min() == outputs.max() else None


def first_reason(reasons: Set[str | None]) -> str:
    """The reason that stands for a pair of outputs that has one or two."""
    return next(reason for reason in REASONS if reason in reasons)


def normalise_outputs(outputs: Shaped[np.ndarray, " values"]) -> Shaped[np.ndarray, " values"]:
    """Outputs mapped to [0, 1] by their minimum and maximum, with exact zeros turned into NaN.

    So the smallest output, and each tied with it, is left out of what follows. A constant or
    not wholly finite vector becomes NaN throughout. Computed in float64, or in `numpy.longdouble`
    where the outputs are of that type.
    """
    values = np.asarray(outputs, dtype=np.result_type(outputs, np.float64))
    low, high = values.min(), values.max()
    if not has_finite_spread(values) or low == high:
        return np.full(values.shape, np.nan)
    normalised = (values - low) / (high - low)
    normalised[normalised == 0] = np.nan
    return normalised


def epsilon_score(
    low: Float[np.ndarray, " low_values"], high: Float[np.ndarray, " high_values"]
) -> float:
    """Return how differently a network's outputs are distributed under two constant weights.

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
    low: Shaped[np.ndarray, " low_values"],
    high: Shaped[np.ndarray, " high_values"],
    *,
    dispersion: str = RELATIVE,
) -> float:
    """`epsilon_score` of two vectors that `normalise_outputs` gave, in any precision.

    Args:
        low: Normalised outputs with all weights at the first constant.
        high: The same with the second constant, same order.
        dispersion: "relative", which is epsilon, or "absolute": its numerator alone, the mean
            absolute difference, at most 1.

    Raises:
        ValueError: The vectors differ in length.
    """
    if np.shape(low) != np.shape(high):
        raise ValueError(
            f"both output vectors must have one length, got {np.shape(low)} and {np.shape(high)}"
        )
    pair = np.stack([low, high])
    pair = pair.astype(np.result_type(pair, np.float64))
    kept = ~np.isnan(pair)
    common = kept.all(axis=0)
    if not common.any():
        return float("nan")
    difference = np.abs(pair[0] - pair[1])[common].mean()
    return float(difference if dispersion == ABSOLUTE else difference / pair[kept].mean())


_STANDARD_DEVIATIONS = 5.3
_INDEPENDENT_SHARE = 0.5
_LEAST_ROUNDINGS = 0.4
"""Constants of `score_resolution`, fitted to 3,250 scores of NAS-Bench-201 and NAS-Bench-101 at
their published weights, with 64 and 256 photographs and CIFAR-10 images: of each of these eight
sets 99.5 % of the errors lie within it, and its median is 7 to 13 times the median error."""


def score_resolution(
    low: Float[np.ndarray, " low_values"],
    high: Float[np.ndarray, " high_values"],
    *,
    rounding: tuple[float, float],
    unit_roundoff: float,
    exact_ties: bool = True,
    dispersion: str = RELATIVE,
) -> float:
    """Estimate the largest rounding error that a score is likely to have.

    With σ² the sum of the squared errors of both output vectors, m the mean of all values that are
    kept and n the number kept in both: 5.3 σ · (1 + 0.5 / (m · sqrt(n))). The first term is the
    error of the largest output, by which all others are divided; the second one that of the other
    outputs, which averages out. Where rounding decides which outputs tie with the smallest one, and
    so are left out, the estimate is at least the difference that this makes.

    Args:
        low: Normalised outputs with all weights at the first constant.
        high: The same with the second constant, same order.
        rounding: Estimated standard deviations of the errors of `low` and `high`.
        unit_roundoff: That of the precision in which `low` and `high` were computed and are kept;
            no error is taken for less than 0.4 of it.
        exact_ties: Whether outputs that are equal are so in exact arithmetic.
        dispersion: See `normalised_score`; the error of an absolute score is m times smaller.

    Returns:
        The estimate, in units of the score; NaN where no value is kept in both.
    """
    pair = np.stack([low, high]).astype(np.float64)
    kept = ~np.isnan(pair)
    num_common = int(kept.all(axis=0).sum())
    if num_common == 0:
        return float("nan")
    mean = float(pair[kept].mean())
    noise = math.hypot(*rounding, _LEAST_ROUNDINGS * unit_roundoff * math.sqrt(2.0))
    relative = _STANDARD_DEVIATIONS * noise * (1.0 + _INDEPENDENT_SHARE / mean / num_common**0.5)
    smooth = relative * mean if dispersion == ABSOLUTE else relative
    return max(
        smooth, _change_by_ties(pair, rounding, exact_ties=exact_ties, dispersion=dispersion)
    )


def _change_by_ties(
    pair: Float[np.ndarray, "2 values"],
    rounding: tuple[float, float],
    *,
    exact_ties: bool,
    dispersion: str,
) -> float:
    """The largest change of the score by other ties with the smallest outputs."""
    within = _STANDARD_DEVIATIONS * np.array(rounding)[:, None]
    others = []
    if (near := pair <= within).any():
        others.append(np.where(near, np.nan, pair))
    if not exact_ties and (tied := np.isnan(pair)).any():
        untied = np.where(tied, 0.0, pair)
        # One output stays the smallest.
        untied[np.arange(2), tied.argmax(axis=1)] = np.nan
        others.append(untied)
    if not others:
        return 0.0
    score = normalised_score(*pair, dispersion=dispersion)
    changes = [abs(normalised_score(*other, dispersion=dispersion) - score) for other in others]
    # Twice, since the outputs that are left out or kept have errors of their own.
    return 2.0 * max((change for change in changes if not math.isnan(change)), default=0.0)
