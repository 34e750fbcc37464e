"""The compiled executor: runs an encoded plan for one weight.

Each register is `2^exponent · (scale · max(x, threshold) + shift)` with `x` in memory (see
`plan.py`). Numbers are renormalised after each instruction, so nothing under- or overflows whatever
the weight. Beside the exact value the executor follows what IEEE single precision would have kept
of it: `alive` (not all zero) and `finite`.
"""

import math

import numpy as np

from epsilon_research.collapse.columns import (
    BOX,
    COMBINE,
    COUNT,
    FACTOR,
    FIRST,
    HEIGHT,
    INPUT,
    KERNEL_SIZE,
    MAXIMUM_POOL,
    MEAN,
    NORMALISE,
    OP,
    PADDING,
    PARAMETER,
    POWER,
    RECTIFY,
    SCALE,
    SLOT,
    STRIDE,
    VECTOR,
    WIDTH,
)
from epsilon_research.collapse.dominance import (
    UPPER,
    bound,
    is_hidden,
    visible,
    write_size,
)
from epsilon_research.collapse.kernels import (
    AREA,
    LANES,
    NOISE,
    PIVOT,
    SQUARES,
    combine,
    combine_vectors,
    copy_map,
    rectified_moments,
    sample_means,
)
from epsilon_research.collapse.memo import canonical, key_of, key_of_multiple, recall
from epsilon_research.collapse.pointwise import pointwise
from epsilon_research.collapse.registers import (
    FLOAT32_VANISHES,
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
)
from epsilon_research.collapse.rounding import (
    FLOAT64_ROUNDOFF,
    averaged,
    moments_error,
    widened,
    with_own,
)
from epsilon_research.collapse.sums import error_of_sum, gather, unit_of
from epsilon_research.collapse.windows import mode_of, slide
from epsilon_research.compiled import njit

DOMINATES = 1024.0
"""How many deviations a constant has to be, to be kept apart from them instead of added to them:
then small deviations from it are as exact as any."""


@njit(cache=True, nogil=True)
def _follow_rounding(row, noise, area, pixels, roundoff, own_area, shape, moments):
    """Puts the rounding error of a map that was just written into its moments (`rounding.py`).

    `noise` and `area` are those of the sum of its operands, which have `pixels`.
    """
    op = row[OP]
    mean, variance = mean_and_variance(moments, num_samples(shape))
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
def execute(  # noqa: C901  # the one dispatch loop, compiled as a whole
    table, parameters, operands, order, sections, first, last, batch_size, weight, cut, maps,
    input_moments, vectors, numbers, flags, moments, sizes, bits, keys, memo, walks,
):  # fmt: skip
    """Runs some instructions of a plan for one weight.

    Args:
        table: int64 [instructions, 16], see `columns.py`.
        parameters: float64 [instructions, 2].
        operands: int64 [operands of all instructions, 2], (register, multiplicity).
        order: Registers as they are computed, int64 [instructions]; see `schedule`.
        sections: int64 [instructions, 2], likewise.
        first: The first position of `order` to run.
        last: Where to stop, before an instruction of `general.py` or at the end.
        batch_size: Real samples, at least 1.
        weight: The constant, positive.
        cut: Of `dominance.cut_of`.
        maps: Map slots [slots, capacity]; the first ones hold the minibatch's channels.
        input_moments: float64 [channels, NUM_MOMENTS].
        vectors: Vector slots, float64 [slots, blocks * LANES].
        numbers: float64 [instructions, 3] of the registers, written.
        flags: int64 [instructions, 5], likewise.
        moments: float64 [instructions, NUM_MOMENTS], likewise.
        sizes: float64 [instructions, 2], likewise, see `dominance.py`; infinite for what
            `general.py` has computed.
        bits: Of `parameters`, uint64.
        keys: uint64 [instructions], written: what `memo.py` knows registers by; 0 for zeros.
        memo: Of `memo.py`.
        walks: Whether to read the registers from the memo, without maps.

    Returns:
        Whether the end was reached, which a walk does if the memo knows all, and whether anything
        was left out.
    """
    hides = False
    start = np.array([weight]).view(np.uint64)[0]
    weight_size = math.log2(weight)
    places = np.empty(len(order), np.int64)
    for position in range(len(order)):
        places[order[position]] = position
    wanted = np.empty(len(order), np.bool_)
    blocks = (batch_size + LANES - 1) // LANES
    last_lanes = batch_size - (blocks - 1) * LANES
    roundoff = np.finfo(maps.dtype).eps / 2
    own_area = input_moments[0, AREA]
    # The largest of n numbers is at most sqrt(n) times their root mean square.
    pixels_at_most = (table[:, HEIGHT] * table[:, WIDTH]).max()
    vanishes = FLOAT32_VANISHES - 0.5 * math.log2(batch_size * pixels_at_most)
    for position in range(first, last):
        register = order[position]
        row = table[register]
        op = row[OP]
        used = operands[row[FIRST] : row[FIRST] + row[COUNT]]
        shape = (blocks, last_lanes, row[HEIGHT], row[WIDTH])
        slot = row[SLOT]
        number = numbers[register]
        flag = flags[register]
        moment = moments[register]
        samples = num_samples(shape)
        if op == INPUT:
            moment[:] = input_moments[slot]
            set_view(number, flag, 0, slot, 1, 1)
            write_size(sizes[register], number, flag, moment, samples)
            keys[register] = key_of(start, row, bits[register], used, keys)
            continue
        source = used[0, 0]
        source_shape = (blocks, last_lanes, table[source, HEIGHT], table[source, WIDTH])
        if op in (SCALE, NORMALISE, RECTIFY):
            number[:] = numbers[source]
            flag[:] = flags[source]
            moment[:] = moments[source]
            if flag[X_ZERO]:
                sizes[register, UPPER] = bound(
                    register, table, parameters, operands, sizes, weight_size
                )
                continue
            if op == NORMALISE and number[X_THRESHOLD] > -np.inf and is_hidden(
                position, sections[position], order, places, table, parameters, operands,
                weight_size, cut, flags, sizes, vanishes, wanted,
            ):  # fmt: skip
                flag[X_ZERO] = 1
                hides = True
                continue
            keys[register] = key_of(start, row, bits[register], used, keys)
            if walks:
                if recall(keys[register], memo, number, flag, moment, sizes[register]):
                    moment[NOISE] = moments[source, NOISE]
                    moment[AREA] = moments[source, AREA]
                    continue
                # What changes numbers only is not left out where a plan runs, and unknown here.
                if not is_hidden(
                    position, sections[position], order, places, table, parameters, operands,
                    weight_size, cut, flags, sizes, vanishes, wanted,
                ):  # fmt: skip
                    return False, hides
                flag[X_ZERO] = 1
                continue
            factor = parameters[register, FACTOR]
            eps = parameters[register, PARAMETER]
            if row[VECTOR]:
                normalised = pointwise(
                    op, number, flag, moment, vectors, shape, factor, row[POWER], eps, weight
                )
            else:
                normalised = pointwise(
                    op, number, flag, moment, maps, shape, factor, row[POWER], eps, weight
                )
            write_size(sizes[register], number, flag, moment, samples)
            if op == NORMALISE and flag[X_ZERO] == 0:
                # Its mean is 0.
                sizes[register] = normalised
            # Never held for larger than before it was computed: what was hidden stays so.
            before = bound(register, table, parameters, operands, sizes, weight_size)
            sizes[register, UPPER] = min(sizes[register, UPPER], before)
            continue
        section = sections[position]
        if section[1] - section[0] > 2 and is_hidden(
            position, section, order, places, table, parameters, operands, weight_size, cut, flags,
            sizes, vanishes, wanted,
        ):  # fmt: skip
            flag[X_ZERO] = 1
            hides = True
            continue
        floor = -np.inf
        if op == COMBINE and not row[VECTOR]:
            used, floor = visible(
                position, used, section, order, places, table, operands, cut, flags, sizes, vanishes
            )
            hides = hides or floor > -np.inf
        used = canonical(used, keys, flags, moments)
        if len(used) == 0:
            flag[X_ZERO] = 1
            sizes[register, UPPER] = bound(
                register, table, parameters, operands, sizes, weight_size
            )
            continue
        pixels = float(source_shape[2] * source_shape[3])
        if op == COMBINE and len(used) == 1 and not row[VECTOR]:
            # One value alone is what it is where nothing is left out beside it.
            source = used[0, 0]
            factor = float(used[0, 1])
            keys[register] = keys[source]
            if factor != 1.0:
                keys[register] = key_of_multiple(start, row, factor, keys[source])
            number[:] = numbers[source]
            flag[:] = flags[source]
            moment[:] = moments[source]
            sizes[register] = sizes[source]
            if walks:
                if not recall(keys[register], memo, number, flag, moment, sizes[register]):
                    return False, hides
            else:
                copy_map(maps, flag[X_SLOT], slot, shape)
                flag[X_SLOT] = slot
                if factor != 1.0:
                    pointwise(SCALE, number, flag, moment, maps, shape, factor, 0, 0.0, weight)
                    write_size(sizes[register], number, flag, moment, samples)
            moment[NOISE] = moments[source, NOISE]
            moment[AREA] = moments[source, AREA]
            if floor > -np.inf:
                own = 2.0 ** (floor - flag[X_EXPONENT]) / abs(number[X_SCALE])
                moment[NOISE], moment[AREA] = with_own(moment[NOISE], moment[AREA], own, pixels)
            continue
        keys[register] = key_of(start, row, bits[register], used, keys)
        exponent = unit_of(used, numbers, flags, moments, num_samples(source_shape))
        if op == MEAN:
            exponent = flags[source, X_EXPONENT]
        noise, area = error_of_sum(used, numbers, flags, moments, exponent, floor, pixels)
        if walks:
            if not recall(keys[register], memo, number, flag, moment, sizes[register]):
                return False, hides
            if flag[X_ZERO] == 0:
                _follow_rounding(row, noise, area, pixels, roundoff, own_area, shape, moment)
            continue
        if op == MEAN:
            alive = flags[source, X_ALIVE] == 1
            finite = flags[source, X_FINITE] == 1
            mean, variance = mean_and_variance(moments[source], num_samples(source_shape))
            deviation = math.sqrt(variance)
            plain = numbers[source, X_THRESHOLD] == -np.inf
            shift = numbers[source, X_SHIFT]
            apart = 0.0
            if plain and abs(shift) > DOMINATES * abs(numbers[source, X_SCALE]) * deviation:
                apart, shift = shift, 0.0
            pivot = mean if plain and abs(mean) > DOMINATES * deviation else 0.0
            sample_means(
                vectors[slot], maps, flags[source, X_SLOT], numbers[source, X_SCALE],
                numbers[source, X_THRESHOLD], shift, pivot, source_shape,
            )  # fmt: skip
        else:
            # Only a convolution multiplies by the weight before it adds.
            factor = weight if op == BOX else 1.0
            read = numbers, flags, moments
            if row[VECTOR]:
                gathered = gather(used, *read, vectors, source_shape, factor, exponent)
            else:
                gathered = gather(used, *read, maps, source_shape, factor, exponent)
            slots, scales, thresholds, shift, alive, finite, spread = gathered
            apart = 0.0
            if op == COMBINE and abs(shift) > DOMINATES * spread:
                apart, shift = shift, 0.0
            if row[VECTOR]:
                combine_vectors(vectors[slot], vectors, slots, scales, thresholds, shift)
            elif op == COMBINE:
                combine(maps, slot, slots, scales, thresholds, shift, shape, moment)
            else:
                slide(
                    maps, slot, slots, scales, thresholds, shift, shape, source_shape[2:],
                    (row[KERNEL_SIZE], row[STRIDE], row[PADDING]),
                    mode_of(op, parameters[register, PARAMETER] > 0), moment,
                )  # fmt: skip
        set_view(number, flag, exponent, slot, alive, finite)
        number[X_SHIFT] = apart
        if row[VECTOR]:
            rectified_moments(vectors, slot, -np.inf, shape, moment)
        if moment[PIVOT] == 0.0 and moment[SQUARES] == 0.0 and apart == 0.0:
            flag[X_ZERO] = 1
            sizes[register] = -np.inf
            continue
        _follow_rounding(row, noise, area, pixels, roundoff, own_area, shape, moment)
        if op == BOX:
            # `_gather` has looked at the products in single precision already.
            mantissa, weight_exponent = math.frexp(weight)
            number[X_SCALE] = mantissa
            flag[X_EXPONENT] += weight_exponent
        if row[VECTOR]:
            follow_float32(number, flag, moment, vectors, shape)
        else:
            follow_float32(number, flag, moment, maps, shape)
        write_size(sizes[register], number, flag, moment, samples)
    return True, hides
