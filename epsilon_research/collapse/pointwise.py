"""Compiled instructions that change a register's numbers and write no map."""

import math

import numpy as np

from epsilon_research.collapse.columns import RECTIFY, SCALE
from epsilon_research.collapse.kernels import NUM_MOMENTS, rectified_moments
from epsilon_research.collapse.registers import (
    FLOAT32_OVERFLOWS,
    FLOAT32_VANISHES,
    X_ALIVE,
    X_EXPONENT,
    X_SCALE,
    X_SHIFT,
    X_SLOT,
    X_THRESHOLD,
    X_ZERO,
    exceeds,
    follow_float32,
    log2,
    mean_and_variance,
    num_samples,
    renormalise,
)
from epsilon_research.compiled import njit


@njit(cache=True, nogil=True)
def _scale(numbers, flags, moments, store, shape, factor, power, weight):
    if power > 0 and flags[X_ALIVE]:
        # Single precision multiplies each input by the weight before it adds the products up.
        flags[X_ALIVE] = exceeds(
            FLOAT32_VANISHES, numbers, flags, moments, store, shape, power * math.log2(weight)
        )
    mantissa, exponent = math.frexp(weight)
    for _ in range(power):
        numbers[X_SCALE] *= mantissa
        numbers[X_SHIFT] *= mantissa
        flags[X_EXPONENT] += exponent
    numbers[X_SCALE] *= factor
    numbers[X_SHIFT] *= factor
    renormalise(numbers, flags)


@njit(cache=True, nogil=True)
def _normalise(numbers, flags, moments, store, shape, eps, weight):
    """Batch norm with scale `weight`; a constant map becomes zero. Returns its size, as log2."""
    threshold = numbers[X_THRESHOLD]
    view = moments
    if threshold > -np.inf:
        view = np.empty(NUM_MOMENTS)
        rectified_moments(store, flags[X_SLOT], threshold, shape, view)
    count = num_samples(shape)
    mean, variance = mean_and_variance(view, count)
    if variance == 0.0:
        flags[X_ZERO] = 1
        return -np.inf
    scale = numbers[X_SCALE]
    exponent = flags[X_EXPONENT]
    variance *= scale * scale
    variance_size = log2(variance) + 2 * exponent
    # Only one of the two terms is ever rescaled, and only towards zero: nothing overflows.
    if exponent >= 0:
        deviation = math.sqrt(variance + math.ldexp(eps, -2 * exponent))
        deviation_size = math.log2(deviation) + exponent
        flags[X_EXPONENT] = 0
    else:
        deviation = math.sqrt(math.ldexp(variance, 2 * exponent) + eps)
        deviation_size = math.log2(deviation)
    if variance_size + math.log2(count) >= FLOAT32_OVERFLOWS:
        # PyTorch sums the squares in single precision, and 1 / sqrt(inf) is zero: it normalises
        # such a map to zeros.
        flags[X_ALIVE] = 0
    if math.log2(weight) - deviation_size <= FLOAT32_VANISHES:
        flags[X_ALIVE] = 0
    mantissa, weight_exponent = math.frexp(weight)
    numbers[X_SCALE] = scale * mantissa / deviation
    numbers[X_SHIFT] = -mean * numbers[X_SCALE]
    flags[X_EXPONENT] += weight_exponent
    renormalise(numbers, flags)
    return 0.5 * variance_size - deviation_size + math.log2(weight)


@njit(cache=True, nogil=True)
def _rectify(numbers, flags):
    crossing = -numbers[X_SHIFT] / numbers[X_SCALE]
    numbers[X_THRESHOLD] = max(numbers[X_THRESHOLD], crossing)


@njit(cache=True, nogil=True)
def pointwise(op, numbers, flags, moments, store, shape, factor, power, eps, weight):
    """Runs an instruction that changes a register's numbers only.

    Returns log2 of the standard deviation behind a norm, else -inf.
    """
    spread = -np.inf
    if op == SCALE:
        _scale(numbers, flags, moments, store, shape, factor, power, weight)
    elif op == RECTIFY:
        _rectify(numbers, flags)
    else:
        spread = _normalise(numbers, flags, moments, store, shape, eps, weight if power else 1.0)
    if flags[X_ZERO] == 0:
        follow_float32(numbers, flags, moments, store, shape)
    return spread
