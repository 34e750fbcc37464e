"""What cannot be seen is not computed: the summands that a larger one hides.

At w = 1e-7 a convolution between batch norms makes a signal some 2^30 times smaller, so that beside
a skip connection it changes no digit. The size of what has not been computed is bounded from what
has been: a batch norm gives at most the weight, a window at most its weights' sum times what it
reads. A summand is left out where this bound is below `cut` standard deviations of what the
others add up to at least; that size goes into the rounding error of the sum. Thus a score that
stands on what is left out says that it is not resolved.

Sizes are base-2 logarithms, since numbers go far beyond what float64 holds.
"""

import math

import numpy as np

from epsilon_research.collapse.columns import (
    AVERAGE,
    BOX,
    COMBINE,
    COUNT,
    FACTOR,
    FIRST,
    HEIGHT,
    KERNEL_SIZE,
    MAXIMUM_POOL,
    NORMALISE,
    OP,
    PADDING,
    PARAMETER,
    POWER,
    RECTIFY,
    SCALE,
    VECTOR,
    WIDTH,
)
from epsilon_research.collapse.registers import (
    FLOAT32_VANISHES,
    X_ALIVE,
    X_EXPONENT,
    X_FINITE,
    X_SCALE,
    X_SHIFT,
    X_THRESHOLD,
    X_ZERO,
    log2,
    mean_and_variance,
)
from epsilon_research.compiled import njit

_CUTS = {4: -28.0, 8: -57.0}
"""Bytes of a map's numbers to the size of a summand, over what it is added to, that is left out: a
sixteenth of the rounding error of one number."""

_CERTAIN = 60.0
"""Below 2^60 no sum of a map's numbers overflows in single precision: what is left out is finite
there, too."""

UPPER, SPREAD = range(2)
"""Columns of sizes: an upper bound of the root mean square, and the standard deviation where it is
known (at least that where the value has not been computed), else -inf."""

_CANCELS = 2.0**-10
"""Summands that may leave less than this of the largest one hide nothing."""


def cut_of(dtype: np.dtype) -> float:
    """The size, over what it is added to, below which a summand of maps is left out."""
    return _CUTS[dtype.itemsize]


@njit(cache=True, nogil=True)
def _add(first, second):
    """log2 of a sum."""
    high = max(first, second)
    if high == -np.inf or high == np.inf:
        return high
    return high + math.log2(2.0 ** (first - high) + 2.0 ** (second - high))


@njit(cache=True, nogil=True)
def write_size(size, numbers, flags, moments, count):
    """Writes the size of a computed register's value."""
    size[:] = -np.inf
    if flags[X_ZERO]:
        return
    mean, variance = mean_and_variance(moments, count)
    scale = numbers[X_SCALE]
    threshold = numbers[X_THRESHOLD]
    if threshold == -np.inf:
        centre = scale * mean + numbers[X_SHIFT]
        square = centre * centre + scale * scale * variance
        size[UPPER] = flags[X_EXPONENT] + 0.5 * log2(square)
        size[SPREAD] = flags[X_EXPONENT] + log2(abs(scale) * math.sqrt(variance))
    else:
        root = math.sqrt(variance + mean * mean + threshold * threshold)
        size[UPPER] = flags[X_EXPONENT] + log2(abs(scale) * root + abs(numbers[X_SHIFT]))


@njit(cache=True, nogil=True)
def _weights_of_a_pixel(kernel):
    """At most what a pixel has of all averages over a row in which it is.

    Windows at an edge have fewer pixels, half of the others' at least, and each has one more than
    that before it.
    """
    fewest = (kernel + 1) // 2
    total = fewest / kernel
    for pixels in range(fewest, kernel):
        total += 1.0 / pixels
    return total


@njit(cache=True, nogil=True)
def bound(register, table, parameters, operands, sizes, weight_size):
    """An upper bound of the root mean square of a register's value, given those of its operands."""
    row = table[register]
    op = row[OP]
    used = operands[row[FIRST] : row[FIRST] + row[COUNT]]
    total = -np.inf
    for i in range(len(used)):
        total = _add(total, sizes[used[i, 0], UPPER] + math.log2(used[i, 1]))
    if total > _CERTAIN or op > MAXIMUM_POOL or row[VECTOR]:
        return np.inf
    if op == SCALE:
        return total + math.log2(parameters[register, FACTOR]) + row[POWER] * weight_size
    if op == NORMALISE:
        # σ / sqrt(σ² + eps) is below 1 and below σ / sqrt(eps).
        shrunk = min(total - 0.5 * log2(parameters[register, PARAMETER]), 0.0)
        return shrunk + (weight_size if row[POWER] else 0.0)
    if op in (RECTIFY, COMBINE):
        return total
    # The norm of a window's matrix is at most the root of the largest sum over a row times that
    # over a column; fewer pixels may be the largest of them.
    source = table[used[0, 0]]
    total += 0.5 * math.log2(source[HEIGHT] * source[WIDTH] / (row[HEIGHT] * row[WIDTH]))
    kernel = row[KERNEL_SIZE]
    if op == BOX:
        return total + 2 * math.log2(kernel) + weight_size
    if op == AVERAGE and 2 * row[PADDING] <= kernel <= 0.5 * min(source[HEIGHT], source[WIDTH]):
        return total + math.log2(_weights_of_a_pixel(kernel))
    return total + math.log2(kernel)


@njit(cache=True, nogil=True)
def is_dead(section, order, places, table, operands, flags):
    """Whether single precision keeps nothing of what a section reads, and so nothing in it."""
    for i in range(section[0], section[1]):
        row = table[order[i]]
        for j in range(row[FIRST], row[FIRST] + row[COUNT]):
            source = operands[j, 0]
            if places[source] < section[0] and flags[source, X_ALIVE]:
                return False
    return True


@njit(cache=True, nogil=True)
def _least_spread(position, used, places, sizes, cut):
    """What is at least there of a sum: its largest operand's deviations less all others'.

    Operands at places before `position` have been computed.

    Returns:
        The largest operand, and log2 of the standard deviation; -inf if nothing is known of it.
    """
    largest = -np.inf
    first = 0
    for i in range(len(used)):
        size = sizes[used[i, 0], SPREAD] + math.log2(used[i, 1])
        if size > largest:
            largest, first = size, i
    if largest == -np.inf:
        return used[first, 0], -np.inf
    left = 1.0
    for i in range(len(used)):
        register = used[i, 0]
        size = sizes[register, UPPER]
        if places[register] < position and sizes[register, SPREAD] > -np.inf:
            size = sizes[register, SPREAD]
        size += math.log2(used[i, 1])
        if i != first and size >= largest + cut:
            left -= 2.0 ** min(size - largest, 1.0)
    return used[first, 0], largest + math.log2(left) if left > _CANCELS else -np.inf


@njit(cache=True, nogil=True)
def _hidden_below(position, used, places, sizes, cut, flags, dead, vanishes):
    """The size below which some of the operands are left out of their sum, all together.

    Operands at places before `position` have been computed. -inf where nothing is left out.
    """
    register, size = _least_spread(position, used, places, sizes, cut)
    if dead or size == -np.inf:
        return size + cut
    # What single precision does not keep might hide what it keeps.
    alive = size > FLOAT32_VANISHES
    if places[register] < position:
        if flags[register, X_FINITE] == 0:
            return -np.inf
        alive = flags[register, X_ALIVE] == 1
    return size + cut if alive else min(size + cut, vanishes)


@njit(cache=True, nogil=True)
def visible(
    position, used, section, order, places, table, operands, cut, flags, sizes, vanishes
):  # fmt: skip
    """The operands of a sum that are not left out, and the size below which all others are.

    The arguments are those of `is_hidden`, with the operands of the sum.

    Returns:
        (register, multiplicity) of those that are computed and kept, int64 [kept, 2], and the size;
        -inf if nothing is left out.
    """
    dead = is_dead(section, order, places, table, operands, flags)
    floor = _hidden_below(position, used, places, sizes, cut, flags, dead, vanishes)
    kept = np.empty((len(used), 2), np.int64)
    count = 0
    left_out = -np.inf
    for i in range(len(used)):
        size = sizes[used[i, 0], UPPER] + math.log2(used[i, 1])
        if flags[used[i, 0], X_ZERO] or size < floor - math.log2(len(used)):
            left_out = _add(left_out, size)
        else:
            kept[count] = used[i]
            count += 1
    return kept[:count], max(floor, left_out) if left_out > -np.inf else -np.inf


@njit(cache=True, nogil=True)
def is_hidden(
    position, section, order, places, table, parameters, operands, weight_size, cut, flags, sizes,
    vanishes, wanted,
):  # fmt: skip
    """Whether nobody will see the value of the register at `position`.

    Writes the bounds of the section's values that are not computed yet into `sizes`.

    Args:
        position: In `order`; what stands before it has been computed or left out.
        section: The first position of its section, and one past the last.
        order: Registers, int64 [instructions].
        places: The position of each register, int64 [instructions].
        table: See `execute`.
        parameters: See `execute`.
        operands: See `execute`.
        weight_size: Of the constant.
        cut: Of `cut_of`.
        flags: See `execute`.
        sizes: float64 [instructions, 2].
        vanishes: The size below which single precision keeps nothing of a map.
        wanted: Room, bool [instructions].
    """
    stop = section[1]
    dead = is_dead(section, order, places, table, operands, flags)
    for i in range(position, stop):
        register = order[i]
        sizes[register, UPPER] = bound(register, table, parameters, operands, sizes, weight_size)
        sizes[register, SPREAD] = -np.inf
        row = table[register]
        if row[OP] == COMBINE and not row[VECTOR]:
            used = operands[row[FIRST] : row[FIRST] + row[COUNT]]
            sizes[register, SPREAD] = _least_spread(position, used, places, sizes, cut)[1]
        wanted[register] = False
    wanted[order[stop - 1]] = True
    for i in range(stop - 1, position, -1):
        register = order[i]
        if not wanted[register]:
            continue
        row = table[register]
        used = operands[row[FIRST] : row[FIRST] + row[COUNT]]
        floor = -np.inf
        if row[OP] == COMBINE and not row[VECTOR]:
            floor = _hidden_below(position, used, places, sizes, cut, flags, dead, vanishes)
            # Whatever is left out adds up to less.
            floor -= math.log2(len(used))
        for j in range(len(used)):
            operand = used[j, 0]
            size = sizes[operand, UPPER] + math.log2(used[j, 1])
            if places[operand] >= position and size >= floor:
                wanted[operand] = True
    return not wanted[order[position]]
