"""Compiled: the operands of a sum in one common unit, and the rounding error of their sum."""

import math

import numpy as np

from epsilon_research.collapse.kernels import AREA, NOISE
from epsilon_research.collapse.registers import (
    FLOAT32_VANISHES,
    X_ALIVE,
    X_EXPONENT,
    X_FINITE,
    X_SCALE,
    X_SHIFT,
    X_SLOT,
    X_THRESHOLD,
    exceeds,
    mean_and_variance,
    num_samples,
    typical_size,
)
from epsilon_research.collapse.rounding import with_own
from epsilon_research.compiled import njit


@njit(cache=True, nogil=True)
def unit_of(used, numbers, flags, moments, samples):
    """Return the exponent of the common power of two of operands that are added.

    Args:
        used: (register, multiplicity) of the operands, of which none is zero, int64 [operands, 2].
        numbers: See `execute`.
        flags: See `execute`.
        moments: See `execute`.
        samples: Real numbers of an operand's map.
    """
    unit = -np.inf
    for i in range(len(used)):
        register = used[i, 0]
        size = typical_size(numbers[register], flags[register], moments[register], samples)
        unit = max(unit, size + math.log2(used[i, 1]))
    return 0 if unit == -np.inf else math.ceil(unit)


@njit(cache=True, nogil=True)
def gather(used, numbers, flags, moments, store, shape, weight, exponent):
    """Return the operands of `unit_of` in units of 2^exponent.

    Returns:
        slots, scales, thresholds, the common shift, whether single precision keeps any product
        weight · operand, and every operand finite, and the root of the sum of the operands' squares
        without their shifts.
    """
    count = len(used)
    slots = np.empty(count, np.int64)
    scales = np.empty(count)
    thresholds = np.empty(count)
    samples = num_samples(shape)
    shift = 0.0
    squares = 0.0
    alive = False
    finite = True
    for i in range(count):
        register, multiplicity = used[i]
        number = numbers[register]
        flag = flags[register]
        if flag[X_ALIVE]:
            finite = finite and flag[X_FINITE] == 1
            alive = alive or exceeds(
                FLOAT32_VANISHES, number, flag, moments[register], store, shape, math.log2(weight)
            )
        slots[i] = flag[X_SLOT]
        scales[i] = math.ldexp(number[X_SCALE] * multiplicity, flag[X_EXPONENT] - exponent)
        thresholds[i] = number[X_THRESHOLD]
        shift += math.ldexp(number[X_SHIFT] * multiplicity, flag[X_EXPONENT] - exponent)
        mean, variance = mean_and_variance(moments[register], samples)
        centre = max(mean, number[X_THRESHOLD])
        squares += scales[i] * scales[i] * (variance + centre * centre)
    return slots, scales, thresholds, shift, alive, finite, math.sqrt(squares)


@njit(cache=True, nogil=True)
def error_of_sum(used, numbers, flags, moments, exponent, floor, pixels):
    """Return the rounding error of a sum in units of 2^exponent, and its area.

    To it belongs what is left out, of size 2^floor (`dominance.py`), in all `pixels` alike.
    """
    noise = 0.0
    weighted_area = 0.0
    for i in range(len(used)):
        register, multiplicity = used[i]
        # Branches that meet come from one map as a rule: their errors add up as the maps do.
        scale = math.ldexp(
            numbers[register, X_SCALE] * multiplicity, flags[register, X_EXPONENT] - exponent
        )
        error = abs(scale) * moments[register, NOISE]
        noise += error
        weighted_area += error * moments[register, AREA]
    area = weighted_area / noise if noise > 0.0 else 1.0
    if floor > -np.inf:
        noise, area = with_own(noise, area, 2.0 ** (floor - exponent), pixels)
    return noise, area
