"""One instruction of `general.py` in a running plan: loads, computes and stores block by block."""

import math

import numpy as np

from epsilon_research.collapse.activations import (
    AFFINE,
    constant_of,
    result_exponent,
    squared_slope,
    weight_power,
)
from epsilon_research.collapse.columns import HEIGHT, KIND, OP, POWER, SLOT, VECTOR, WIDTH
from epsilon_research.collapse.general import (
    APPLY,
    DIVIDE,
    FILL,
    GATHER,
    LARGEST,
    MULTIPLY,
    PIXEL_NORM,
    RESPONSE_NORM,
    SAMPLE_NORM,
    SOFTMAX,
    SPATIAL,
    SPATIAL_MAXIMUM,
    compute,
    load_block,
    norm_exponent,
    store_block,
)
from epsilon_research.collapse.kernels import AREA, LANES, NOISE, PIVOT, SQUARES
from epsilon_research.collapse.registers import (
    X_ALIVE,
    X_EXPONENT,
    X_FINITE,
    X_SCALE,
    X_SHIFT,
    X_SLOT,
    X_THRESHOLD,
    X_ZERO,
    follow_float32,
    mean_and_variance,
    num_samples,
    set_view,
    typical_size,
)
from epsilon_research.collapse.rounding import widened, with_own
from epsilon_research.compiled import njit

_FAR = 900
"""Powers of two beyond which a constant beside a deviation swallows it."""


_STEP = 1e-4
"""Step of a difference quotient, over the root mean square of the numbers."""


@njit(cache=True, nogil=True)
def _units(op, used, numbers, flags, moments, samples, exponents, sizes):
    """The exponent in whose units each operand is loaded, and its root mean square there."""
    common = -(2**62)
    for i in range(len(used)):
        register = used[i, 0]
        exponents[i] = 0
        sizes[i] = 0.0
        if flags[register, X_ZERO]:
            continue
        size = typical_size(numbers[register], flags[register], moments[register], samples)
        if size == -np.inf:
            continue
        exponents[i] = math.ceil(size)
        sizes[i] = 2.0 ** (size - exponents[i])
        if op == SPATIAL:
            exponents[i] += math.ceil(math.log2(used[i, 1]))
        common = max(common, exponents[i])
    if op in (APPLY, MULTIPLY, DIVIDE):
        return
    for i in range(len(used)):
        if sizes[i] > 0.0:
            sizes[i] = math.ldexp(sizes[i], exponents[i] - common)
        exponents[i] = max(common, -(2**61)) if common > -(2**61) else 0


@njit(cache=True, nogil=True)
def run_general(  # noqa: C901  # one instruction from end to end
    register, table, factor, used, indices, numbers_of, batch_size, weight, maps, vectors,
    own_area, numbers, flags, moments,
):  # fmt: skip
    """Runs one instruction of `general.py` and sets its register.

    Args:
        register: Its own.
        table: See `execute`.
        factor: Factor of FILL.
        used: int64 [operands, 2], (register, multiplicity).
        indices: int32, of the instruction.
        numbers_of: float64, likewise.
        batch_size: Real samples.
        weight: The constant.
        maps: Map slots.
        vectors: Vector slots.
        own_area: Area of the input's rounding errors.
        numbers: Numbers of all registers, see `execute`.
        flags: Likewise.
        moments: Likewise.
    """
    row = table[register]
    op, kind, power, vector, slot = row[OP], row[KIND], row[POWER], row[VECTOR], row[SLOT]
    roundoff = np.finfo(maps.dtype).eps / 2
    blocks = (batch_size + LANES - 1) // LANES
    shape = (blocks, batch_size - (blocks - 1) * LANES, row[HEIGHT], row[WIDTH])
    blocks, last_lanes, height, width = shape
    number, flag, moment = numbers[register], flags[register], moments[register]
    out = np.zeros(height * width * LANES)
    if op == FILL:
        for block in range(blocks):
            lanes = last_lanes if block == blocks - 1 else LANES
            if vector:
                store_block(vectors[slot], block * len(out), out, lanes, moment)
            else:
                store_block(maps[slot], block * len(out), out, lanes, moment)
        set_view(number, flag, 0, slot, 1, 1)
        moment[AREA] = own_area
        mantissa, exponent = weight_power(weight, power)
        number[X_SHIFT] = factor * mantissa
        flag[X_EXPONENT] = exponent
        flag[X_ZERO] = factor == 0.0
        return
    count = len(used)
    first = used[0, 0]
    source_height, source_width = table[first, HEIGHT], table[first, WIDTH]
    source_vector = table[first, VECTOR]
    pixels = source_height * source_width
    source_shape = (blocks, last_lanes, source_height, source_width)
    samples = num_samples(source_shape)
    exponents = np.zeros(count, np.int64)
    sizes = np.zeros(count)
    _units(op, used, numbers, flags, moments, samples, exponents, sizes)
    members = np.empty((count, pixels * LANES))
    multiplicities = np.empty(count)
    alive = op in (MULTIPLY, DIVIDE)
    finite = True
    noise = 0.0
    weighted_area = 0.0
    for i in range(count):
        source = used[i, 0]
        multiplicities[i] = used[i, 1]
        source_flag = flags[source]
        own_alive = source_flag[X_ALIVE] == 1 and source_flag[X_ZERO] == 0
        alive = (alive and own_alive) if op in (MULTIPLY, DIVIDE) else (alive or own_alive)
        finite = finite and (source_flag[X_FINITE] == 1 or not own_alive)
        if source_flag[X_ZERO] == 0:
            times = multiplicities[i] if op == SPATIAL else 1.0
            error = math.ldexp(
                abs(numbers[source, X_SCALE]) * moments[source, NOISE],
                source_flag[X_EXPONENT] - exponents[i],
            )
            if op in (MULTIPLY, DIVIDE):
                error *= sizes[1 - i] if op == MULTIPLY else 1.0
            noise += times * error
            weighted_area += times * error * moments[source, AREA]
    area = weighted_area / noise if noise > 0.0 else own_area
    exponent = exponents[0]
    if op == MULTIPLY:
        exponent = exponents[0] + exponents[1]
    elif op == DIVIDE:
        exponent = exponents[0] - exponents[1]
    elif op == APPLY:
        exponent = result_exponent(kind, exponents[0], numbers_of, power, weight)
    elif op not in (SPATIAL, SPATIAL_MAXIMUM, GATHER, LARGEST):
        exponent = norm_exponent(op, exponents[0], numbers_of)
    # What an error is multiplied by: the mean of a norm's factors, of a function's squared slopes.
    gain = 0.0
    for block in range(blocks):
        lanes = last_lanes if block == blocks - 1 else LANES
        for i in range(count):
            source = used[i, 0]
            scale, shift = 0.0, 0.0
            if flags[source, X_ZERO] == 0:
                moved = flags[source, X_EXPONENT] - exponents[i]
                scale = math.ldexp(numbers[source, X_SCALE], moved)
                shift = math.ldexp(numbers[source, X_SHIFT], moved)
                if op == SPATIAL:
                    scale *= multiplicities[i]
                    shift *= multiplicities[i]
            threshold = numbers[source, X_THRESHOLD]
            offset = block * pixels * LANES
            if source_vector:
                load_block(
                    members[i], vectors[flags[source, X_SLOT]], offset, scale, threshold, shift
                )
            else:
                load_block(members[i], maps[flags[source, X_SLOT]], offset, scale, threshold, shift)
        if op == APPLY and kind != AFFINE:
            step = max(_STEP * sizes[0], 1e-300)
            gain += squared_slope(
                kind, members[0], step, exponents[0], numbers_of, power, weight
            )  # fmt: skip
        gain += compute(
            op, kind, members, multiplicities, out, exponents[0], source_width, (height, width),
            indices, numbers_of, power, weight,
        )  # fmt: skip
        if vector:
            store_block(vectors[slot], block * len(out), out, lanes, moment)
        else:
            store_block(maps[slot], block * len(out), out, lanes, moment)
    set_view(number, flag, exponent, slot, alive, finite)
    constant, constant_exponent = 0.0, 0
    if op == APPLY and kind == AFFINE:
        mantissa, constant_exponent = weight_power(weight, int(numbers_of[2]))
        constant = numbers_of[1] * mantissa
        alive = True
    elif op == APPLY:
        constant = constant_of(kind, numbers_of, exponents[0])
    if constant != 0.0:
        flag[X_ALIVE] = 1
        number[X_SHIFT] = math.ldexp(constant, min(constant_exponent - exponent, _FAR))
        if constant_exponent - exponent > _FAR:
            # The deviation would not be seen beside the constant in any arithmetic.
            number[X_SCALE] = 0.0
            number[X_SHIFT] = constant
            flag[X_EXPONENT] = constant_exponent
    if moment[PIVOT] == 0.0 and moment[SQUARES] == 0.0 and constant == 0.0:
        flag[X_ZERO] = 1
        return
    mean, variance = mean_and_variance(moment, num_samples(shape))
    size = math.sqrt(mean * mean + variance)
    if variance == 0.0:
        # A function that has saturated everywhere.
        noise = 0.0
    _estimate(op, kind, indices, numbers_of, moment, noise, area, size, sizes, pixels, shape,
              roundoff if not vector else 2.0**-53, own_area, exponents[0] - exponent,
              gain / blocks)  # fmt: skip
    if power and op not in (APPLY,):
        mantissa, weight_exponent = math.frexp(weight)
        number[X_SCALE] = mantissa
        flag[X_EXPONENT] += weight_exponent
    if vector:
        follow_float32(number, flag, moment, vectors, shape)
    else:
        follow_float32(number, flag, moment, maps, shape)


@njit(cache=True, nogil=True)
def _estimate(
    op, kind, indices, numbers_of, moment, noise, area, size, sizes, pixels, shape, roundoff,
    own_area, shifted, gain,
):  # fmt: skip
    """Puts the rounding error of what was written into its moments (`rounding.py`)."""
    height, width = shape[2], shape[3]
    if op in (SPATIAL, SPATIAL_MAXIMUM):
        num_rows = indices[height]
        starts = indices[height + 1 + num_rows :]
        num_columns = starts[width]
        taps = max(num_rows / height, 1.0) * max(num_columns / width, 1.0)
        wide, _ = widened(area, math.sqrt(taps), 1, max(float(pixels), 1.0))
        if op == SPATIAL:
            total = np.abs(numbers_of[:num_rows]).sum() * np.abs(numbers_of[num_rows:]).sum()
            noise *= total / (height * width) * math.sqrt(area / wide)
        area = max(min(wide * height * width / pixels, float(height * width)), 1.0)
    elif op == APPLY:
        noise *= abs(numbers_of[0]) if kind == AFFINE else math.sqrt(gain)
    elif op == DIVIDE:
        noise *= max(size, 1.0) / max(sizes[1], 1e-300)
    elif op in (SAMPLE_NORM, PIXEL_NORM):
        # The error of the value, and of what it is divided by.
        noise *= (1.0 + size) * gain
    elif op == SOFTMAX:
        noise = math.ldexp(noise, min(shifted, _FAR))
    elif op == RESPONSE_NORM:
        noise *= max(2.0 * size / max(sizes[0], 1e-300), 1.0)
    area = min(area, float(height * width))
    moment[NOISE], moment[AREA] = with_own(noise, max(area, 1.0), roundoff * size, own_area)
