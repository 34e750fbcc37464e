"""Registers of a running plan: their numbers, and what single precision would have kept of them.

Each register is `2^exponent · (scale · max(x, threshold) + shift)` with `x` in memory (see
`plan.py`).
"""

import math

import numpy as np

from epsilon_research.collapse.kernels import (
    HIGHEST,
    LANES,
    LOWEST,
    PIVOT,
    SQUARES,
    SUM,
    find_extremes,
)
from epsilon_research.compiled import njit

X_SCALE, X_THRESHOLD, X_SHIFT = range(3)
"""Columns of a register's numbers."""

X_EXPONENT, X_SLOT, X_ZERO, X_ALIVE, X_FINITE = range(5)
"""Columns of a register's integers and flags."""

# IEEE 754 single precision with subnormals kept: a product rounds to zero up to half the smallest
# subnormal number, and a number of 2^128 or more is infinite.
FLOAT32_VANISHES = -150.0
FLOAT32_OVERFLOWS = 128.0

# The largest of n numbers is at least their root mean square and at most sqrt(n) times that. A map
# is looked through for its exact largest number only if the mean leaves the answer open; a ReLU
# may have removed what was largest, hence the wide upper margin.
_CLEARLY_ABOVE = 24.0


@njit(cache=True, nogil=True)
def log2(value):
    """log2, of 0 too."""
    return math.log2(value) if value > 0.0 else -np.inf


@njit(cache=True, nogil=True)
def renormalise(numbers, flags):
    """Moves the size of the scale into the exponent."""
    scale, exponent = math.frexp(numbers[X_SCALE])
    numbers[X_SCALE] = scale
    numbers[X_SHIFT] = math.ldexp(numbers[X_SHIFT], -exponent)
    flags[X_EXPONENT] += exponent


@njit(cache=True, nogil=True)
def num_samples(shape):
    """Real numbers of a map of (blocks, lanes of the last block, height, width)."""
    blocks, last_lanes, height, width = shape
    return ((blocks - 1) * LANES + last_lanes) * height * width


@njit(cache=True, nogil=True)
def mean_and_variance(moments, count):
    """Return mean and variance of the `count` numbers whose moments these are."""
    mean = moments[SUM] / count
    return moments[PIVOT] + mean, max(moments[SQUARES] / count - mean * mean, 0.0)


@njit(cache=True, nogil=True)
def typical_size(numbers, flags, moments, count):
    """log2 of the root mean square of a register's value, its ReLU disregarded."""
    mean, variance = mean_and_variance(moments, count)
    scale = numbers[X_SCALE]
    centre = scale * mean + numbers[X_SHIFT]
    return flags[X_EXPONENT] + 0.5 * log2(centre * centre + scale * scale * variance)


@njit(cache=True, nogil=True)
def exceeds(limit, numbers, flags, moments, store, shape, extra):
    """Return whether the largest magnitude times 2^extra is above 2^limit."""
    count = num_samples(shape)
    size = typical_size(numbers, flags, moments, count) + extra
    if size > limit + _CLEARLY_ABOVE:
        return True
    if size + 0.5 * log2(count) <= limit:
        return False
    find_extremes(store, flags[X_SLOT], shape, moments)
    threshold = numbers[X_THRESHOLD]
    low = numbers[X_SCALE] * max(moments[LOWEST], threshold) + numbers[X_SHIFT]
    high = numbers[X_SCALE] * max(moments[HIGHEST], threshold) + numbers[X_SHIFT]
    return flags[X_EXPONENT] + log2(max(abs(low), abs(high))) + extra > limit


@njit(cache=True, nogil=True)
def follow_float32(numbers, flags, moments, store, shape):
    """Updates what single precision would have kept, from the size of the exact value."""
    if flags[X_ALIVE] == 0:
        return
    if not exceeds(FLOAT32_VANISHES, numbers, flags, moments, store, shape, 0.0):
        flags[X_ALIVE] = 0
    elif exceeds(FLOAT32_OVERFLOWS, numbers, flags, moments, store, shape, 0.0):
        flags[X_FINITE] = 0


@njit(cache=True, nogil=True)
def set_view(numbers, flags, exponent, slot, alive, finite):
    """A register that is what was just written to memory, in units of 2^exponent."""
    numbers[X_SCALE] = 1.0
    numbers[X_THRESHOLD] = -np.inf
    numbers[X_SHIFT] = 0.0
    flags[X_EXPONENT] = exponent
    flags[X_SLOT] = slot
    flags[X_ZERO] = 0
    flags[X_ALIVE] = alive
    flags[X_FINITE] = finite
