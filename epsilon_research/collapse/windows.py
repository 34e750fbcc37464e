"""Compiled loops that slide a window over maps in memory; `kernels.py` says how maps lie there."""

import numpy as np

from epsilon_research.collapse.columns import AVERAGE, MAXIMUM_POOL
from epsilon_research.collapse.kernels import (
    CHUNK,
    FAST,
    LANES,
    PIVOT,
    SQUARES,
    SUM,
    add_pixels,
    load,
    start_moments,
)
from epsilon_research.compiled import njit

SUM_WINDOW, MEAN_WINDOW, MEAN_PADDED_WINDOW, MAXIMUM_WINDOW = range(4)
"""What `slide` does with the pixels of a window."""

_TILE = 2**14
"""Numbers of a block that are computed at a time: 64 kB in single precision stay in the cache."""


@njit(cache=True, nogil=True)
def mode_of(op, padding_counts):
    """What `slide` does for an instruction; `padding_counts` is the parameter of an average."""
    if op == MAXIMUM_POOL:
        return MAXIMUM_WINDOW
    if op == AVERAGE:
        return MEAN_PADDED_WINDOW if padding_counts else MEAN_WINDOW
    return SUM_WINDOW


@njit(cache=True, nogil=True)
def slide(
    maps, target, slots, scales, thresholds, shift, shape, source_shape, window, mode, moments
):
    """Slides a window over shift + Σ scale · max(x, threshold) and writes the result.

    `shape` is that of the result, `source_shape` (height, width) of the operands, `window`
    (kernel size, stride, padding); scales are positive. Padding is zero for sums and never wins a
    maximum.
    """
    height, width = source_shape
    if window == (3, 1, 1) and height > 1 and width > 1:
        _slide_three(maps, target, slots, scales, thresholds, shift, shape, mode, moments)
    else:
        _slide_any(
            maps, target, slots, scales, thresholds, shift, shape, source_shape, window, mode,
            moments,
        )  # fmt: skip


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _sum_of_two(out, x, threshold, scale, shift):
    """Two neighbours at the end of a row, max(x, threshold) each: scale · sum + shift.

    Slices, not `start + i`: an index that might be negative keeps a loop from being vectorised.
    """
    first, second = x[:LANES], x[LANES : 2 * LANES]
    for i in range(LANES):
        out[i] = scale * (max(first[i], threshold) + max(second[i], threshold)) + shift


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _largest_of_two(out, x, threshold, scale, shift):
    """Likewise the largest: scale · max + shift."""
    first, second = x[:LANES], x[LANES : 2 * LANES]
    for i in range(LANES):
        out[i] = scale * max(max(first[i], second[i]), threshold) + shift


@njit(cache=True, nogil=True, fastmath=FAST)
def _columns_of_three(out, x, width, threshold, scale, shift, edge_scale, edge_shift):
    """Sums of three neighbours along each row, of max(x, threshold): scale · sum + shift."""
    inner = len(out) - 2 * LANES
    centre = out[LANES : LANES + inner]
    left = x[:inner]
    middle = x[LANES : LANES + inner]
    right = x[2 * LANES : 2 * LANES + inner]
    # Over the ends of rows, too, which is one loop; they are written anew below.
    for i in range(inner):
        total = max(left[i], threshold) + max(middle[i], threshold) + max(right[i], threshold)
        centre[i] = scale * total + shift
    length = width * LANES
    for start in range(0, len(out), length):
        stop = start + length
        two = x[stop - 2 * LANES : stop]
        _sum_of_two(out[start : start + LANES], x[start:stop], threshold, edge_scale, edge_shift)
        _sum_of_two(out[stop - LANES : stop], two, threshold, edge_scale, edge_shift)


@njit(cache=True, nogil=True, fastmath=FAST)
def _largest_columns_of_three(out, x, width, threshold, scale, shift):
    """Likewise of the largest of three neighbours: scale · max + shift."""
    inner = len(out) - 2 * LANES
    centre = out[LANES : LANES + inner]
    left = x[:inner]
    middle = x[LANES : LANES + inner]
    right = x[2 * LANES : 2 * LANES + inner]
    for i in range(inner):
        largest = max(max(left[i], middle[i]), max(right[i], threshold))
        centre[i] = scale * largest + shift
    length = width * LANES
    for start in range(0, len(out), length):
        stop = start + length
        two = x[stop - 2 * LANES : stop]
        _largest_of_two(out[start : start + LANES], x[start:stop], threshold, scale, shift)
        _largest_of_two(out[stop - LANES : stop], two, threshold, scale, shift)


@njit(cache=True, nogil=True, fastmath=FAST)
def _rows_of_three(out, columns, length, factor, largest, pivot):
    """The sum of three rows of `columns` times `factor`, or the largest of them.

    Returns:
        Σ and Σ of squares of what is written, less `pivot`.
    """
    total = 0.0
    squares = 0.0
    for start in range(0, len(out), CHUNK):
        stop = min(start + CHUNK, len(out))
        part = out[start:stop]
        above = columns[start:stop]
        here = columns[length + start : length + stop]
        below = columns[2 * length + start : 2 * length + stop]
        part_total = pivot - pivot
        part_squares = pivot - pivot
        if largest:
            for i in range(len(part)):
                value = max(max(above[i], here[i]), below[i])
                part[i] = value
                part_total += value - pivot
                part_squares += (value - pivot) * (value - pivot)
        else:
            for i in range(len(part)):
                value = factor * (above[i] + here[i] + below[i])
                part[i] = value
                part_total += value - pivot
                part_squares += (value - pivot) * (value - pivot)
        total += part_total
        squares += part_squares
    return total, squares


@njit(cache=True, nogil=True)
def _write_outside(columns, row, step, length, mode):
    """The row of `columns` beyond an edge, next to the rows at one and two steps from it."""
    out = columns[row * length : (row + 1) * length]
    first = columns[(row + step) * length :]
    second = columns[(row + 2 * step) * length :]
    for i in range(length):
        if mode == MEAN_WINDOW:
            # Then a third of all three is half of the two that exist.
            out[i] = out.dtype.type(0.5) * (first[i] + second[i])
        else:
            out[i] = -np.inf if mode == MAXIMUM_WINDOW else 0.0


@njit(cache=True, nogil=True)
def _slide_three(  # noqa: C901  # plain loops
    maps, target, slots, scales, thresholds, shift, shape, mode, moments
):
    """The benchmarks' own windows, of 3 × 3 pixels at every pixel: long loops over many rows."""
    blocks, last_lanes, height, width = shape
    number = maps.dtype.type
    nothing = number(-np.inf)
    length = width * LANES
    rows = min(height, max(1, _TILE // length))
    columns = np.empty((rows + 2) * length, maps.dtype)
    loaded = np.empty(len(columns) if len(slots) > 1 else 0, maps.dtype)
    # What a sum over three pixels is multiplied by; the two at an edge in place of three.
    factor = 1 / 3 if mode in (MEAN_WINDOW, MEAN_PADDED_WINDOW) else 1.0
    edge = 1 / 2 if mode == MEAN_WINDOW else factor
    scale, threshold, constant = scales[0], number(thresholds[0]), shift
    if len(slots) > 1:
        scale, threshold, constant = 1.0, nothing, 0.0
    for block in range(blocks):
        lanes = last_lanes if block == blocks - 1 else LANES
        for first in range(0, height, rows):
            last = min(first + rows, height)
            top = max(first - 1, 0)
            count = (min(last + 1, height) - top) * length
            offset = (block * height + top) * length
            x = maps[slots[0], offset : offset + count]
            if len(slots) > 1:
                x = loaded[:count]
                load(x, maps, offset, slots, scales, thresholds, shift, 0.0)
            start = (top - first + 1) * length
            written = columns[start : start + count]
            if mode == MAXIMUM_WINDOW:
                _largest_columns_of_three(
                    written, x, width, threshold, number(scale), number(constant)
                )
            else:
                _columns_of_three(
                    written, x, width, threshold, number(scale * factor),
                    number(3 * constant * factor), number(scale * edge),
                    number(2 * constant * edge),
                )  # fmt: skip
            if first == 0:
                _write_outside(columns, 0, 1, length, mode)
            if last == height:
                _write_outside(columns, last - first + 1, -1, length, mode)
            offset = (block * height + first) * length
            out = maps[target, offset : offset + (last - first) * length]
            total, squares = _rows_of_three(
                out, columns, length, number(factor), mode == MAXIMUM_WINDOW,
                number(moments[PIVOT]),
            )  # fmt: skip
            if offset == 0:
                start_moments(out[:length], lanes, nothing, moments)
            if offset == 0 or lanes < LANES:
                add_pixels(out, lanes, nothing, moments)
            else:
                moments[SUM] += total
                moments[SQUARES] += squares


@njit(cache=True, nogil=True, fastmath=FAST)
def _slide_columns(out, padded, kernel_size, stride, mode):
    """One row of windows along the row: Σ or max of padded[column · stride + 0 … kernel - 1]."""
    columns = len(out) // LANES
    for column in range(columns):
        start = column * stride * LANES
        for lane in range(LANES):
            out[column * LANES + lane] = padded[start + lane]
    for step in range(1, kernel_size):
        for column in range(columns):
            start = (column * stride + step) * LANES
            target = column * LANES
            if mode == MAXIMUM_WINDOW:
                for lane in range(LANES):
                    out[target + lane] = max(out[target + lane], padded[start + lane])
            else:
                for lane in range(LANES):
                    out[target + lane] += padded[start + lane]


@njit(cache=True, nogil=True, fastmath=FAST)
def _slide_rows(out, ring, first, last, mode):
    """One row of windows: Σ or max of the ring's rows `first` to `last`; zero if there is none."""
    size = len(ring)
    a = ring[first % size]
    for i in range(len(out)):
        out[i] = a[i] if first <= last else out.dtype.type(0)
    for y in range(first + 1, last + 1):
        a = ring[y % size]
        if mode == MAXIMUM_WINDOW:
            for i in range(len(out)):
                out[i] = max(out[i], a[i])
        else:
            for i in range(len(out)):
                out[i] += a[i]


@njit(cache=True, nogil=True)
def _column_factors(factors, source_width, kernel_size, stride, padding, mode):
    """1 / pixels of each window along a row, repeated for every lane."""
    for column in range(len(factors) // LANES):
        left = column * stride - padding
        inside = min(left + kernel_size, source_width) - max(left, 0)
        if mode == MEAN_PADDED_WINDOW:
            inside = kernel_size
        for lane in range(LANES):
            factors[column * LANES + lane] = 1.0 / inside


@njit(cache=True, nogil=True, fastmath=FAST)
def _multiply(out, factors, factor):
    for i in range(len(out)):
        out[i] *= factors[i] * factor


@njit(cache=True, nogil=True)
def _slide_any(  # noqa: C901  # plain loops
    maps, target, slots, scales, thresholds, shift, shape, source_shape, window, mode, moments
):
    """Windows of any size and stride, row by row."""
    blocks, last_lanes, height, width = shape
    source_height, source_width = source_shape
    kernel_size, stride, padding = window
    source_length = source_width * LANES
    length = width * LANES
    nothing = maps.dtype.type(-np.inf)
    padded = np.empty((source_width + 2 * padding) * LANES, maps.dtype)
    for i in range(len(padded)):
        padded[i] = nothing if mode == MAXIMUM_WINDOW else maps.dtype.type(0)
    ring = np.empty((kernel_size, length), maps.dtype)
    factors = np.empty(length, maps.dtype)
    averages = mode in (MEAN_WINDOW, MEAN_PADDED_WINDOW)
    if averages:
        _column_factors(factors, source_width, kernel_size, stride, padding, mode)
    inner = padded[padding * LANES : padding * LANES + source_length]
    for block in range(blocks):
        lanes = last_lanes if block == blocks - 1 else LANES
        y = 0
        for source_y in range(source_height):
            offset = (block * source_height + source_y) * source_length
            load(inner, maps, offset, slots, scales, thresholds, shift, 0.0)
            row = ring[source_y % kernel_size]
            _slide_columns(row, padded, kernel_size, stride, mode)
            # Every row of windows that this row completes; one in the padding alone is zero.
            while y < height:
                last = min(y * stride - padding + kernel_size - 1, source_height - 1)
                if max(last, 0) != source_y:
                    break
                first = max(y * stride - padding, 0)
                offset = (block * height + y) * length
                out = maps[target, offset : offset + length]
                _slide_rows(out, ring, first, last, mode)
                if averages:
                    inside = kernel_size if mode == MEAN_PADDED_WINDOW else last - first + 1
                    _multiply(out, factors, maps.dtype.type(1.0 / inside))
                if offset == 0:
                    start_moments(out, lanes, nothing, moments)
                add_pixels(out, lanes, nothing, moments)
                y += 1
