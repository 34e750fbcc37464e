"""Instructions beyond those of the benchmarks' cells: windows of every shape, norms, products.

They run block by block: the operands of 16 samples are loaded as float64 numbers [pixels · 16] in
units of a power of two, a kernel writes the result likewise, and it is stored with its moments. So
each kernel is compiled once, whatever the precision of the maps.
"""

import math

import numpy as np

from epsilon_research.collapse.activations import apply
from epsilon_research.collapse.kernels import LANES, add_pixels, start_moments
from epsilon_research.compiled import njit

(
    FILL, SPATIAL, SPATIAL_MAXIMUM, GATHER, APPLY, MULTIPLY, DIVIDE, LARGEST, SAMPLE_NORM,
    PIXEL_NORM, RESPONSE_NORM, SOFTMAX,
) = range(9, 21)  # fmt: skip
"""The values of `plan.Op`, as constants that compiled code can see."""


@njit(cache=True, nogil=True)
def load_block(out, store, offset, scale, threshold, shift):
    """Out = scale · max(x, threshold) + shift of some adjacent numbers, as float64."""
    if scale == 0.0:
        # What lies there belongs to another register.
        for i in range(len(out)):
            out[i] = shift
        return
    x = store[offset : offset + len(out)]
    for i in range(len(out)):
        out[i] = scale * max(np.float64(x[i]), threshold) + shift


@njit(cache=True, nogil=True)
def store_block(store, offset, values, lanes, moments):
    """Writes one block of a result and adds it to its moments."""
    out = store[offset : offset + len(values)]
    for i in range(len(values)):
        out[i] = values[i]
    nothing = store.dtype.type(-np.inf)
    if offset == 0:
        start_moments(out, lanes, nothing, moments)
    chunk = 128 * LANES
    for first in range(0, len(out), chunk):
        add_pixels(out[first : min(first + chunk, len(out))], lanes, nothing, moments)


@njit(cache=True, nogil=True)
def _spatial(x, out, width, size, indices, numbers, maximum):  # noqa: C901  # plain loops
    """Out = rows · x · columnsᵀ, or the maximum over the same entries; rows first."""
    out_height, out_width = size
    line = width * LANES
    num_rows = indices[out_height]
    row_columns = indices[out_height + 1 :]
    column_starts = row_columns[num_rows:]
    column_entries = column_starts[out_width + 1 :]
    summed = np.empty(line)
    for y in range(out_height):
        summed[:] = -np.inf if maximum else 0.0
        for entry in range(indices[y], indices[y + 1]):
            source = x[row_columns[entry] * line : (row_columns[entry] + 1) * line]
            if maximum:
                for i in range(line):
                    summed[i] = max(summed[i], source[i])
            else:
                number = numbers[entry]
                for i in range(line):
                    summed[i] += number * source[i]
        for column in range(out_width):
            target = out[(y * out_width + column) * LANES : (y * out_width + column + 1) * LANES]
            target[:] = -np.inf if maximum else 0.0
            for entry in range(column_starts[column], column_starts[column + 1]):
                first = column_entries[entry] * LANES
                if maximum:
                    for lane in range(LANES):
                        target[lane] = max(target[lane], summed[first + lane])
                else:
                    number = numbers[num_rows + entry]
                    for lane in range(LANES):
                        target[lane] += number * summed[first + lane]


@njit(cache=True, nogil=True)
def _sample_norm(members, multiplicities, out, exponent, eps):
    """(first member − mean) / sqrt(variance + eps), with the statistics of each sample.

    They are of all further members and their pixels. Returns the mean of the factors.
    """
    factors = 0.0
    pixels = len(out) // LANES
    total = multiplicities[1:].sum() * pixels
    for lane in range(LANES):
        # About a number of theirs, so that equal ones give exactly 0.
        pivot = members[1, lane]
        mean = 0.0
        for member in range(1, len(members)):
            part = 0.0
            for pixel in range(pixels):
                part += members[member, pixel * LANES + lane] - pivot
            mean += multiplicities[member] * part
        mean /= total
        squares = 0.0
        for member in range(1, len(members)):
            part = 0.0
            for pixel in range(pixels):
                centred = members[member, pixel * LANES + lane] - pivot - mean
                part += centred * centred
            squares += multiplicities[member] * part
        deviation = _deviation(squares / total, exponent, eps)
        for pixel in range(pixels):
            i = pixel * LANES + lane
            centred = members[0, i] - pivot - mean
            out[i] = centred / deviation if centred != 0.0 else 0.0
        factors += 1.0 / deviation if deviation > 0.0 else 0.0
    return factors / LANES


@njit(cache=True, nogil=True)
def _deviation(variance, exponent, eps):
    """sqrt(variance + eps) in units of 2^max(exponent, 0); only what is small is rescaled."""
    if exponent > 0:
        return math.sqrt(variance + math.ldexp(eps, -2 * exponent))
    return math.sqrt(math.ldexp(variance, 2 * exponent) + eps)


@njit(cache=True, nogil=True)
def _pixel_norm(members, multiplicities, out, exponent, eps):
    """Likewise for each pixel of each sample."""
    factors = 0.0
    total = multiplicities[1:].sum()
    for i in range(len(out)):
        pivot = members[1, i]
        mean = 0.0
        for member in range(1, len(members)):
            mean += multiplicities[member] * (members[member, i] - pivot)
        mean /= total
        squares = 0.0
        for member in range(1, len(members)):
            centred = members[member, i] - pivot - mean
            squares += multiplicities[member] * centred * centred
        centred = members[0, i] - pivot - mean
        deviation = _deviation(squares / total, exponent, eps)
        out[i] = centred / deviation if centred != 0.0 else 0.0
        factors += 1.0 / deviation if deviation > 0.0 else 0.0
    return factors / len(out)


@njit(cache=True, nogil=True)
def _response_norm(members, multiplicities, out, exponent, numbers):
    """First member over (k + alpha · Σ of the others' squares)^beta; see `result_exponent`."""
    alpha, beta, k = numbers[0], numbers[1], numbers[2]
    scaled = 2.0 * max(exponent, 0) * beta
    rest = 2.0 ** (math.floor(scaled) - scaled)
    for i in range(len(out)):
        squares = 0.0
        for member in range(1, len(members)):
            squares += multiplicities[member] * members[member, i] * members[member, i]
        if exponent > 0:
            out[i] = members[0, i] * rest / (math.ldexp(k, -2 * exponent) + alpha * squares) ** beta
        else:
            out[i] = members[0, i] / (k + alpha * math.ldexp(squares, 2 * exponent)) ** beta


@njit(cache=True, nogil=True)
def _softmax(members, multiplicities, out, exponent, logarithm):
    """exp(first member) / Σ exp(member), about the largest so that none overflows; or its log."""
    for i in range(len(out)):
        largest = -np.inf
        for member in range(1, len(members)):
            largest = max(largest, members[member, i])
        total = 0.0
        for member in range(1, len(members)):
            difference = math.ldexp(members[member, i] - largest, exponent)
            total += multiplicities[member] * math.exp(difference)
        own = math.ldexp(members[0, i] - largest, exponent)
        out[i] = own - math.log(total) if logarithm else math.exp(own) / total


@njit(cache=True, nogil=True)
def norm_exponent(op, exponent, numbers):
    """The exponent of the result of a norm or softmax, from the common one of its operands."""
    if op in (SAMPLE_NORM, PIXEL_NORM):
        return min(exponent, 0)
    if op == SOFTMAX:
        return 0
    if exponent > 0:
        return exponent - math.floor(2.0 * exponent * numbers[1])
    return exponent


@njit(cache=True, nogil=True)
def compute(  # noqa: C901  # a table
    op, kind, members, multiplicities, out, exponent, width, size, indices, numbers, power, weight
):
    """Runs one instruction on one block, and returns the mean factor of a norm, else 0.

    Args:
        op: One of the constants above.
        kind: Kind of the instruction.
        members: float64 [operands, pixels · LANES], loaded.
        multiplicities: float64 [operands].
        out: float64 [pixels · LANES] of the result.
        exponent: Exponent of the operands, where they have one in common.
        width: Width of the operands' maps.
        size: Height and width of the result.
        indices: int32, see `plan.Instruction`.
        numbers: float64, likewise.
        power: Power of the weight in a function's parameter.
        weight: The constant.
    """
    if op in (SPATIAL, SPATIAL_MAXIMUM):
        total = members[0]
        for member in range(1, len(members)):
            for i in range(len(total)):
                total[i] += members[member, i]
        _spatial(total, out, width, size, indices, numbers, op == SPATIAL_MAXIMUM)
    elif op == GATHER:
        for pixel in range(len(out) // LANES):
            member, source = indices[2 * pixel], indices[2 * pixel + 1] * LANES
            for lane in range(LANES):
                out[pixel * LANES + lane] = members[member, source + lane]
    elif op == APPLY:
        apply(kind, members[0], out, exponent, numbers, power, weight)
    elif op == MULTIPLY:
        for i in range(len(out)):
            out[i] = members[0, i] * members[1, i]
    elif op == DIVIDE:
        for i in range(len(out)):
            out[i] = np.divide(members[0, i], members[1, i])
    elif op == LARGEST:
        for i in range(len(out)):
            out[i] = members[0, i]
            for member in range(1, len(members)):
                out[i] = max(out[i], members[member, i])
    elif op == SAMPLE_NORM:
        return _sample_norm(members, multiplicities, out, exponent, numbers[0])
    elif op == PIXEL_NORM:
        return _pixel_norm(members, multiplicities, out, exponent, numbers[0])
    elif op == RESPONSE_NORM:
        _response_norm(members, multiplicities, out, exponent, numbers)
    else:
        _softmax(members, multiplicities, out, exponent, kind == 1)
    return 0.0
