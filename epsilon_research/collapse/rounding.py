"""Estimates of the rounding errors of maps, which follow a plan for a few operations each.

Each map carries the standard deviation of its rounding error and the number of pixels over which
that error is correlated, its area. Writing a map adds an independent error of unit roundoff times
root mean square. Windows treat the error as a filter treats noise: the sum over k² pixels of white
noise grows by k, of noise that is equal in all of them by k², and in between by
k² · sqrt(area before / area after), where filters add their areas as independent variables add
their variances. Branches that meet in a sum come from one map as a rule, so their errors add up
linearly. At the end the mean over all pixels averages as many independent errors as areas fit.

A worst-case bound over tens of layers would be wider than the errors by many orders of magnitude.
This is an estimate: how it compares with real errors is tested on all spaces, and
`metrics/epsilon_formula.py` holds the constant between it and the error of a score.
"""

import math

import numpy as np

from epsilon_research.compiled import njit

FLOAT64_ROUNDOFF = 2.0**-53

_IMAGES_FOR_AREA = 64

_RUNNING_SUM = 0.25
"""Error of a float64 sum of n numbers, one after the other, over roundoff · sqrt(n) · their sum."""

_MOMENTS = 0.025
"""Likewise of a standard deviation, the square root of a sum about a pivot."""


def input_area(images: np.ndarray) -> float:
    """Mean number of pixels of an image that have the same value and so the same rounding errors.

    Args:
        images: (batch, channels, height, width); the first 64 are looked at.

    Returns:
        1 for noise, some pixels for photographs, height · width for images of one grey value.
    """
    # A first convolution sees the sum over channels.
    sums = images[:_IMAGES_FOR_AREA].sum(axis=1)
    ordered = np.sort(sums.reshape(len(sums), -1), axis=1)
    is_first = np.ones(ordered.shape, bool)
    is_first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    counts = np.diff(np.flatnonzero(is_first), append=is_first.size)
    return float((counts**2).sum() / is_first.size)


def over_spread(noise: float, values: np.ndarray) -> float:
    """An error over the largest less the smallest value; 0 where nothing can be normalised."""
    with np.errstate(over="ignore", invalid="ignore"):
        spread = float(values.max() - values.min())
    return noise / spread if 0.0 < spread < np.inf else 0.0


def moved(images: np.ndarray) -> np.ndarray:
    """Return images in float64 whose last digits are others: up or down by four units each."""
    signs = np.random.default_rng(0).integers(0, 2, images.shape) * 2 - 1
    return images.astype(np.float64) * (1 + 8 * FLOAT64_ROUNDOFF * signs)


def displacement(outputs: np.ndarray, others: np.ndarray) -> float:
    """Return how far two outputs differ, but for a constant, over the spread of the first.

    Of an image and of the same with other last digits it is the rounding error over the spread, a
    root mean square; outputs that are rounding errors alone move by their spread. Both are in one
    unit: to normalise each would hide all differences of a pair. Infinite without a spread.
    """
    spread = np.ptp(outputs)
    if not 0 < spread < np.inf:
        return np.inf
    # Over the spread first: the square of what a division left may be beyond what float64 holds.
    with np.errstate(over="ignore", invalid="ignore"):
        moved_by = np.std((outputs - others) / spread)
    return float(np.hypot(moved_by, FLOAT64_ROUNDOFF)) if np.isfinite(moved_by) else np.inf


@njit(cache=True, nogil=True)
def widened(area, kernel_size, stride, pixels):
    """The area behind a window, before and after its stride.

    Args:
        area: Area of the map that the window slides over, at most `pixels`.
        kernel_size: Size of the window.
        stride: Stride of the window.
        pixels: Pixels of the map that the window slides over.
    """
    wide = max(min(area + kernel_size * kernel_size - 1.0, pixels), area)
    return wide, max(wide / (stride * stride), 1.0)


@njit(cache=True, nogil=True)
def with_own(noise, area, own, own_area):
    """The error and its area after an independent error `own` has been added."""
    total = noise * noise + own * own
    if total == 0.0:
        return 0.0, own_area
    return math.sqrt(total), (area * noise * noise + own_area * own * own) / total


@njit(cache=True, nogil=True)
def moments_error(num_rows, deviation):
    """The error of a map's standard deviation, which a batch norm divides by.

    Args:
        num_rows: Sums of rows that were added up in float64, one after the other.
        deviation: The standard deviation.
    """
    return _MOMENTS * FLOAT64_ROUNDOFF * math.sqrt(num_rows) * deviation


@njit(cache=True, nogil=True)
def averaged(noise, area, pixels, size):
    """The error of each sample's mean over `pixels` that is summed up in float64.

    Args:
        noise: Noise of the map.
        area: Area of the map.
        pixels: Pixels of the map.
        size: Root mean square of the means.
    """
    kept = noise * math.sqrt(min(area / pixels, 1.0))
    return math.hypot(kept, _RUNNING_SUM * FLOAT64_ROUNDOFF * math.sqrt(pixels) * size)
