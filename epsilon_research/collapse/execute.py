"""The compiled executor: runs an encoded plan for one weight.

Each register is `2^exponent · (scale · max(x, threshold) + shift)` with `x` in memory (see
`plan.py`). Numbers are renormalised after each instruction, so nothing under- or overflows whatever
the weight. Beside the exact value the executor follows what IEEE single precision would have kept
of it: `alive` (not all zero) and `finite`.
"""

import math

import numpy as np
from numba import njit

from epsilon_research.collapse.kernels import (
    AREA,
    HIGHEST,
    LANES,
    LOWEST,
    MAXIMUM_WINDOW,
    MEAN_PADDED_WINDOW,
    MEAN_WINDOW,
    NOISE,
    NUM_MOMENTS,
    PIVOT,
    SQUARES,
    SUM,
    SUM_WINDOW,
    combine,
    combine_vectors,
    find_extremes,
    rectified_moments,
    sample_means,
    slide,
)
from epsilon_research.collapse.rounding import (
    FLOAT64_ROUNDOFF,
    averaged,
    moments_error,
    widened,
    with_own,
)

INPUT, SCALE, NORMALISE, RECTIFY, COMBINE, BOX, AVERAGE, MAXIMUM_POOL, MEAN = range(9)
"""The values of `plan.Op`, as constants that compiled code can see."""

(
    OP, FIRST, COUNT, POWER, KERNEL_SIZE, STRIDE, PADDING, HEIGHT, WIDTH, SLOT, VECTOR,
) = range(11)  # fmt: skip
"""Columns of an encoded plan's table."""

FACTOR, PARAMETER = range(2)
"""Columns of an encoded plan's parameters."""

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
def _log2(value):
    return math.log2(value) if value > 0.0 else -np.inf


@njit(cache=True, nogil=True)
def _renormalise(numbers, flags):
    """Moves the size of the scale into the exponent."""
    scale, exponent = math.frexp(numbers[X_SCALE])
    numbers[X_SCALE] = scale
    numbers[X_SHIFT] = math.ldexp(numbers[X_SHIFT], -exponent)
    flags[X_EXPONENT] += exponent


@njit(cache=True, nogil=True)
def _samples(shape):
    blocks, last_lanes, height, width = shape
    return ((blocks - 1) * LANES + last_lanes) * height * width


@njit(cache=True, nogil=True)
def _mean_and_variance(moments, count):
    mean = moments[SUM] / count
    return moments[PIVOT] + mean, max(moments[SQUARES] / count - mean * mean, 0.0)


@njit(cache=True, nogil=True)
def _typical_size(numbers, flags, moments, count):
    """log2 of the root mean square of a register's value, its ReLU disregarded."""
    mean, variance = _mean_and_variance(moments, count)
    scale = numbers[X_SCALE]
    centre = scale * mean + numbers[X_SHIFT]
    return flags[X_EXPONENT] + 0.5 * _log2(centre * centre + scale * scale * variance)


@njit(cache=True, nogil=True)
def _exceeds(limit, numbers, flags, moments, store, shape, extra):
    """Whether the largest magnitude times 2^extra is above 2^limit."""
    count = _samples(shape)
    size = _typical_size(numbers, flags, moments, count) + extra
    if size > limit + _CLEARLY_ABOVE:
        return True
    if size + 0.5 * _log2(count) <= limit:
        return False
    find_extremes(store, flags[X_SLOT], shape, moments)
    threshold = numbers[X_THRESHOLD]
    low = numbers[X_SCALE] * max(moments[LOWEST], threshold) + numbers[X_SHIFT]
    high = numbers[X_SCALE] * max(moments[HIGHEST], threshold) + numbers[X_SHIFT]
    return flags[X_EXPONENT] + _log2(max(abs(low), abs(high))) + extra > limit


@njit(cache=True, nogil=True)
def _follow_float32(numbers, flags, moments, store, shape):
    """Updates what single precision would have kept, from the size of the exact value."""
    if flags[X_ALIVE] == 0:
        return
    if not _exceeds(FLOAT32_VANISHES, numbers, flags, moments, store, shape, 0.0):
        flags[X_ALIVE] = 0
    elif _exceeds(FLOAT32_OVERFLOWS, numbers, flags, moments, store, shape, 0.0):
        flags[X_FINITE] = 0


@njit(cache=True, nogil=True)
def _scale(numbers, flags, moments, store, shape, factor, power, weight):
    if power > 0 and flags[X_ALIVE]:
        # Single precision multiplies each input by the weight before it adds the products up.
        flags[X_ALIVE] = _exceeds(
            FLOAT32_VANISHES, numbers, flags, moments, store, shape, power * math.log2(weight)
        )
    mantissa, exponent = math.frexp(weight)
    for _ in range(power):
        numbers[X_SCALE] *= mantissa
        numbers[X_SHIFT] *= mantissa
        flags[X_EXPONENT] += exponent
    numbers[X_SCALE] *= factor
    numbers[X_SHIFT] *= factor
    _renormalise(numbers, flags)


@njit(cache=True, nogil=True)
def _normalise(numbers, flags, moments, store, shape, eps, weight):
    """Batch norm with scale `weight`; a constant map becomes zero."""
    threshold = numbers[X_THRESHOLD]
    view = moments
    if threshold > -np.inf:
        view = np.empty(NUM_MOMENTS)
        rectified_moments(store, flags[X_SLOT], threshold, shape, view)
    count = _samples(shape)
    mean, variance = _mean_and_variance(view, count)
    if variance == 0.0:
        flags[X_ZERO] = 1
        return
    scale = numbers[X_SCALE]
    exponent = flags[X_EXPONENT]
    variance *= scale * scale
    variance_size = _log2(variance) + 2 * exponent
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
    _renormalise(numbers, flags)


@njit(cache=True, nogil=True)
def _rectify(numbers, flags):
    crossing = -numbers[X_SHIFT] / numbers[X_SCALE]
    numbers[X_THRESHOLD] = max(numbers[X_THRESHOLD], crossing)


@njit(cache=True, nogil=True)
def _gather(used, numbers, flags, moments, store, shape, weight):
    """The operands that are not zero, in units of one common power of two.

    Returns:
        slots, scales, thresholds, the common shift, the exponent of the unit, whether single
        precision keeps any product weight · operand, and every operand finite, and the rounding
        error of the sum with its area.
    """
    count = len(used)
    slots = np.empty(count, np.int64)
    scales = np.empty(count)
    thresholds = np.empty(count)
    shifts = np.empty(count)
    exponents = np.empty(count, np.int64)
    noises = np.empty(count)
    areas = np.empty(count)
    samples = _samples(shape)
    kept = 0
    unit = -np.inf
    alive = False
    finite = True
    for i in range(count):
        register = used[i, 0]
        multiplicity = used[i, 1]
        number = numbers[register]
        flag = flags[register]
        if flag[X_ZERO]:
            continue
        size = _typical_size(number, flag, moments[register], samples)
        unit = max(unit, size + math.log2(multiplicity))
        if flag[X_ALIVE]:
            finite = finite and flag[X_FINITE] == 1
            alive = alive or _exceeds(
                FLOAT32_VANISHES, number, flag, moments[register], store, shape, math.log2(weight)
            )
        slots[kept] = flag[X_SLOT]
        scales[kept] = number[X_SCALE] * multiplicity
        thresholds[kept] = number[X_THRESHOLD]
        shifts[kept] = number[X_SHIFT] * multiplicity
        exponents[kept] = flag[X_EXPONENT]
        noises[kept] = moments[register, NOISE]
        areas[kept] = moments[register, AREA]
        kept += 1
    exponent = 0 if unit == -np.inf else math.ceil(unit)
    shift = 0.0
    noise = 0.0
    weighted_area = 0.0
    for i in range(kept):
        scales[i] = math.ldexp(scales[i], exponents[i] - exponent)
        shift += math.ldexp(shifts[i], exponents[i] - exponent)
        # Branches that meet come from one map as a rule: their errors add up as the maps do.
        error = abs(scales[i]) * noises[i]
        noise += error
        weighted_area += error * areas[i]
    area = weighted_area / noise if noise > 0.0 else 1.0
    return (
        slots[:kept], scales[:kept], thresholds[:kept], shift, exponent, alive, finite, noise, area
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _set_view(numbers, flags, exponent, slot, alive, finite):
    """A register that is what was just written to memory, in units of 2^exponent."""
    numbers[X_SCALE] = 1.0
    numbers[X_THRESHOLD] = -np.inf
    numbers[X_SHIFT] = 0.0
    flags[X_EXPONENT] = exponent
    flags[X_SLOT] = slot
    flags[X_ZERO] = 0
    flags[X_ALIVE] = alive
    flags[X_FINITE] = finite


@njit(cache=True, nogil=True)
def _pointwise(op, numbers, flags, moments, store, shape, factor, power, eps, weight):
    """Runs an instruction that changes a register's numbers only."""
    if op == SCALE:
        _scale(numbers, flags, moments, store, shape, factor, power, weight)
    elif op == RECTIFY:
        _rectify(numbers, flags)
    else:
        _normalise(numbers, flags, moments, store, shape, eps, weight)
    if flags[X_ZERO] == 0:
        _follow_float32(numbers, flags, moments, store, shape)


@njit(cache=True, nogil=True)
def _follow_rounding(row, noise, area, pixels, roundoff, own_area, shape, moments):
    """Puts the rounding error of a map that was just written into its moments (`rounding.py`).

    `noise` and `area` are those of the sum of its operands, which have `pixels`.
    """
    op = row[OP]
    mean, variance = _mean_and_variance(moments, _samples(shape))
    size = math.sqrt(mean * mean + variance)
    if op == MEAN:
        noise, area = averaged(noise, area, pixels, size), 1.0
    elif row[VECTOR]:
        noise, area = with_own(noise, 1.0, FLOAT64_ROUNDOFF * size, 1.0)
    else:
        if op != COMBINE:
            kernel_size = row[KERNEL_SIZE]
            wide, strided = widened(area, kernel_size, row[STRIDE], pixels)
            if op != MAXIMUM_POOL:
                noise *= math.sqrt(area / wide)
            if op == BOX:
                noise *= kernel_size * kernel_size
            area = strided
        noise, area = with_own(noise, area, roundoff * size, own_area)
        # A batch norm behind it scales all pixels by the same wrong number.
        blocks, _, height, width = shape
        scaled = moments_error(blocks * height, math.sqrt(variance))
        noise, area = with_own(noise, area, scaled, float(height * width))
    moments[NOISE] = noise
    moments[AREA] = area


@njit(cache=True, nogil=True)
def _mode(op, padding_counts):
    if op == MAXIMUM_POOL:
        return MAXIMUM_WINDOW
    if op == AVERAGE:
        return MEAN_PADDED_WINDOW if padding_counts else MEAN_WINDOW
    return SUM_WINDOW


@njit(cache=True, nogil=True)
def execute(  # noqa: C901  # the one dispatch loop, compiled as a whole
    table, parameters, operands, batch_size, weight, maps, input_moments, vectors
):
    """The output of a plan for one weight.

    Args:
        table: int64 [instructions, 11], see the column names above.
        parameters: float64 [instructions, 2].
        operands: int64 [operands of all instructions, 2], (register, multiplicity).
        batch_size: Real samples, at least 1.
        weight: The constant, positive.
        maps: Map slots [slots, capacity]; the first ones hold the minibatch's channels.
        input_moments: float64 [channels, NUM_MOMENTS].
        vectors: Vector slots, float64 [slots, blocks * LANES].

    Returns:
        The output's mantissas [batch_size], the estimated standard deviation of their rounding
        errors, and whether single precision would have kept a non-zero and finite output.
    """
    count = len(table)
    numbers = np.zeros((count, 3))
    flags = np.zeros((count, 5), np.int64)
    moments = np.zeros((count, NUM_MOMENTS))
    blocks = (batch_size + LANES - 1) // LANES
    last_lanes = batch_size - (blocks - 1) * LANES
    roundoff = np.finfo(maps.dtype).eps / 2
    own_area = input_moments[0, AREA]
    for register in range(count):
        row = table[register]
        op = row[OP]
        used = operands[row[FIRST] : row[FIRST] + row[COUNT]]
        shape = (blocks, last_lanes, row[HEIGHT], row[WIDTH])
        slot = row[SLOT]
        number = numbers[register]
        flag = flags[register]
        moment = moments[register]
        if op == INPUT:
            moment[:] = input_moments[slot]
            _set_view(number, flag, 0, slot, 1, 1)
            continue
        source = used[0, 0]
        source_shape = (blocks, last_lanes, table[source, HEIGHT], table[source, WIDTH])
        if op in (SCALE, NORMALISE, RECTIFY):
            number[:] = numbers[source]
            flag[:] = flags[source]
            moment[:] = moments[source]
            if flag[X_ZERO]:
                continue
            factor = parameters[register, FACTOR]
            eps = parameters[register, PARAMETER]
            if row[VECTOR]:
                _pointwise(
                    op, number, flag, moment, vectors, shape, factor, row[POWER], eps, weight
                )
            else:
                _pointwise(op, number, flag, moment, maps, shape, factor, row[POWER], eps, weight)
            continue
        if op == MEAN:
            alive = flags[source, X_ALIVE]
            finite = flags[source, X_FINITE]
            exponent = flags[source, X_EXPONENT]
            flag[X_ZERO] = flags[source, X_ZERO]
            if flag[X_ZERO]:
                continue
            noise = abs(numbers[source, X_SCALE]) * moments[source, NOISE]
            area = moments[source, AREA]
            sample_means(
                vectors[slot], maps, flags[source, X_SLOT], numbers[source, X_SCALE],
                numbers[source, X_THRESHOLD], numbers[source, X_SHIFT], source_shape,
            )  # fmt: skip
        else:
            # Only a convolution multiplies by the weight before it adds.
            factor = weight if op == BOX else 1.0
            if row[VECTOR]:
                slots, scales, thresholds, shift, exponent, alive, finite, noise, area = _gather(
                    used, numbers, flags, moments, vectors, source_shape, factor
                )
            else:
                slots, scales, thresholds, shift, exponent, alive, finite, noise, area = _gather(
                    used, numbers, flags, moments, maps, source_shape, factor
                )
            if len(slots) == 0:
                flag[X_ZERO] = 1
                continue
            if row[VECTOR]:
                combine_vectors(vectors[slot], vectors, slots, scales, thresholds, shift)
            elif op == COMBINE:
                combine(maps, slot, slots, scales, thresholds, shift, shape, moment)
            else:
                slide(
                    maps, slot, slots, scales, thresholds, shift, shape, source_shape[2:],
                    (row[KERNEL_SIZE], row[STRIDE], row[PADDING]),
                    _mode(op, parameters[register, PARAMETER] > 0), moment,
                )  # fmt: skip
        _set_view(number, flag, exponent, slot, alive, finite)
        if row[VECTOR]:
            rectified_moments(vectors, slot, -np.inf, shape, moment)
        if moment[PIVOT] == 0.0 and moment[SQUARES] == 0.0:
            flag[X_ZERO] = 1
            continue
        pixels = float(source_shape[2] * source_shape[3])
        _follow_rounding(row, noise, area, pixels, roundoff, own_area, shape, moment)
        if op == BOX:
            # `_gather` has looked at the products in single precision already.
            mantissa, weight_exponent = math.frexp(weight)
            number[X_SCALE] = mantissa
            flag[X_EXPONENT] += weight_exponent
        if row[VECTOR]:
            _follow_float32(number, flag, moment, vectors, shape)
        else:
            _follow_float32(number, flag, moment, maps, shape)
    last = count - 1
    output = np.zeros(batch_size)
    if flags[last, X_ZERO] == 0:
        x = vectors[flags[last, X_SLOT]]
        for i in range(batch_size):
            output[i] = numbers[last, X_SCALE] * max(x[i], numbers[last, X_THRESHOLD])
            output[i] += numbers[last, X_SHIFT]
    noise = abs(numbers[last, X_SCALE]) * moments[last, NOISE]
    return output, noise, flags[last, X_ALIVE] == 1 and flags[last, X_FINITE] == 1
