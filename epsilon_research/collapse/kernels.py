"""Compiled loops over maps in memory.

A map is stored as `[blocks, height, width, LANES]`: the minibatch is cut into blocks of `LANES`
samples, and the samples of a block lie side by side. A neighbouring pixel is then `LANES` numbers
away in a row that is contiguous for all samples at once, so a window of any size is a sum of
shifted rows without border cases inside the row, and each loop runs over hundreds of adjacent
numbers. Samples that pad the last block are computed, and left out of all statistics.

A kernel reads operands as `scale · max(x, threshold)` plus one common `shift`, and writes a map
together with its moments about a pivot. A row (or a chunk of pixels) is summed in the maps' own
precision, in many partial sums side by side; the rows' sums are added up in float64.
"""

import numpy as np
from numba import njit

LANES = 16

PIVOT, SUM, SQUARES, LOWEST, HIGHEST, NOISE, AREA = range(7)
"""Columns of a map's moments, float64: Σ (x − pivot) and Σ (x − pivot)² over the real samples, its
smallest and largest number, where somebody has looked for them (else lowest > highest), and the
estimated rounding error of its numbers with the pixels over which it is correlated (`rounding.py`).
"""

NUM_MOMENTS = 7

SUM_WINDOW, MEAN_WINDOW, MEAN_PADDED_WINDOW, MAXIMUM_WINDOW = range(4)
"""What `slide` does with the pixels of a window."""

_CHUNK = 128 * LANES
"""Numbers that are read, written and summed at a time: 8 kB per map stay in the nearest cache."""

# Sums may be reordered and fused, which is what makes them fast, and there is no NaN: maps are
# finite by construction. Infinities keep their meaning: a threshold of -inf means no ReLU.
_FAST = {"reassoc", "contract", "nsz", "arcp", "nnan"}


@njit(cache=True, nogil=True, fastmath=_FAST)
def _sums(x, threshold, pivot):
    """Σ and Σ of squares of max(x, threshold) − pivot."""
    total = pivot - pivot
    squares = pivot - pivot
    for i in range(len(x)):
        centred = max(x[i], threshold) - pivot
        total += centred
        squares += centred * centred
    return total, squares


@njit(cache=True, nogil=True)
def add_pixels(x, lanes, threshold, moments):
    """Adds max(x, threshold) of some pixels, of which `lanes` samples are real."""
    pivot = x.dtype.type(moments[PIVOT])
    if lanes == LANES:
        total, squares = _sums(x, threshold, pivot)
        moments[SUM] += total
        moments[SQUARES] += squares
        return
    for start in range(0, len(x), LANES):
        total, squares = _sums(x[start : start + lanes], threshold, pivot)
        moments[SUM] += total
        moments[SQUARES] += squares


@njit(cache=True, nogil=True)
def start_moments(x, lanes, threshold, moments):
    """Clears the moments; the pivot is the mean over the real samples of some first pixels."""
    first = max(x[0], threshold)
    total = 0.0
    for start in range(0, len(x), LANES):
        for lane in range(lanes):
            total += max(x[start + lane], threshold) - first
    # Summed from the first sample, so that a constant map has moments of exactly zero; rounded to
    # the maps' precision, in which the rows subtract it.
    moments[PIVOT] = x.dtype.type(first + total * LANES / (len(x) * lanes))
    moments[SUM] = 0.0
    moments[SQUARES] = 0.0
    moments[LOWEST] = np.inf
    moments[HIGHEST] = -np.inf


@njit(cache=True, nogil=True, fastmath=_FAST)
def _load(out, maps, offset, slots, scales, thresholds, shift):
    """Out = shift + Σ scale · max(x, threshold) over the operands from `offset`."""
    # Slices, not `offset + i`: an index that might be negative keeps a loop from being vectorised.
    x = maps[slots[0], offset : offset + len(out)]
    scale = out.dtype.type(scales[0])
    threshold = out.dtype.type(thresholds[0])
    constant = out.dtype.type(shift)
    for i in range(len(out)):
        out[i] = scale * max(x[i], threshold) + constant
    for operand in range(1, len(slots)):
        x = maps[slots[operand], offset : offset + len(out)]
        scale = out.dtype.type(scales[operand])
        threshold = out.dtype.type(thresholds[operand])
        for i in range(len(out)):
            out[i] += scale * max(x[i], threshold)


@njit(cache=True, nogil=True)
def combine(maps, target, slots, scales, thresholds, shift, shape, moments):
    """Writes shift + Σ scale · max(x, threshold) to slot `target`, with its moments.

    `shape` is (blocks, lanes of the last block, height, width).
    """
    blocks, last_lanes, height, width = shape
    nothing = maps.dtype.type(-np.inf)
    size = height * width * LANES
    for block in range(blocks):
        lanes = last_lanes if block == blocks - 1 else LANES
        for first in range(0, size, _CHUNK):
            offset = block * size + first
            out = maps[target, offset : offset + min(_CHUNK, size - first)]
            _load(out, maps, offset, slots, scales, thresholds, shift)
            if offset == 0:
                start_moments(out, lanes, nothing, moments)
            add_pixels(out, lanes, nothing, moments)


@njit(cache=True, nogil=True, fastmath=_FAST)
def _slide_columns(out, padded, kernel_size, stride, mode):  # noqa: C901  # plain loops
    """One row of windows along the row: Σ or max of padded[column · stride + 0 … kernel - 1]."""
    if stride == 1 and kernel_size == 3 and mode != MAXIMUM_WINDOW:
        for i in range(len(out)):
            out[i] = padded[i] + padded[i + LANES] + padded[i + 2 * LANES]
        return
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


@njit(cache=True, nogil=True, fastmath=_FAST)
def _slide_rows(out, ring, first, last, mode):
    """One row of windows: Σ or max of the ring's rows `first` to `last`; zero if there is none."""
    size = len(ring)
    a = ring[first % size]
    if last - first == 2 and mode != MAXIMUM_WINDOW:
        b = ring[(first + 1) % size]
        c = ring[last % size]
        for i in range(len(out)):
            out[i] = a[i] + b[i] + c[i]
        return
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


@njit(cache=True, nogil=True, fastmath=_FAST)
def _largest_of_three(out, a, b, c):
    for i in range(len(out)):
        out[i] = max(max(a[i], b[i]), c[i])


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


@njit(cache=True, nogil=True, fastmath=_FAST)
def _multiply(out, factors, factor):
    for i in range(len(out)):
        out[i] *= factors[i] * factor


@njit(cache=True, nogil=True)
def slide(  # noqa: C901  # plain loops
    maps, target, slots, scales, thresholds, shift, shape, source_shape, window, mode, moments
):
    """Slides a window over shift + Σ scale · max(x, threshold) and writes the result.

    `shape` is that of the result, `source_shape` (height, width) of the operands, `window`
    (kernel size, stride, padding). Padding is zero for sums and never wins a maximum.
    """
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
    # The benchmarks' own max pool, a few times faster as one loop over a whole row.
    plain_maximum = mode == MAXIMUM_WINDOW and kernel_size == 3 and stride == 1
    averages = mode in (MEAN_WINDOW, MEAN_PADDED_WINDOW)
    if averages:
        _column_factors(factors, source_width, kernel_size, stride, padding, mode)
    inner = padded[padding * LANES : padding * LANES + source_length]
    for block in range(blocks):
        lanes = last_lanes if block == blocks - 1 else LANES
        y = 0
        for source_y in range(source_height):
            offset = (block * source_height + source_y) * source_length
            _load(inner, maps, offset, slots, scales, thresholds, shift)
            row = ring[source_y % kernel_size]
            if plain_maximum:
                _largest_of_three(row, padded, padded[LANES:], padded[2 * LANES :])
            else:
                _slide_columns(row, padded, kernel_size, stride, mode)
            # Every row of windows that this row completes; one in the padding alone is zero.
            while y < height:
                last = min(y * stride - padding + kernel_size - 1, source_height - 1)
                if max(last, 0) != source_y:
                    break
                first = max(y * stride - padding, 0)
                offset = (block * height + y) * length
                out = maps[target, offset : offset + length]
                if plain_maximum and last - first == 2:
                    _largest_of_three(out, ring[0], ring[1], ring[2])
                else:
                    _slide_rows(out, ring, first, last, mode)
                if averages:
                    inside = kernel_size if mode == MEAN_PADDED_WINDOW else last - first + 1
                    _multiply(out, factors, maps.dtype.type(1.0 / inside))
                if offset == 0:
                    start_moments(out, lanes, nothing, moments)
                add_pixels(out, lanes, nothing, moments)
                y += 1


@njit(cache=True, nogil=True)
def rectified_moments(maps, slot, threshold, shape, moments):
    """Moments of max(x, threshold) over a map that was written before, from one read."""
    blocks, last_lanes, height, width = shape
    size = height * width * LANES
    low = maps.dtype.type(threshold)
    for block in range(blocks):
        lanes = last_lanes if block == blocks - 1 else LANES
        for first in range(0, size, _CHUNK):
            offset = block * size + first
            x = maps[slot, offset : offset + min(_CHUNK, size - first)]
            if offset == 0:
                start_moments(x, lanes, low, moments)
            add_pixels(x, lanes, low, moments)


@njit(cache=True, nogil=True, fastmath=_FAST)
def _widen(low, high, x):
    for i in range(len(x)):
        low[i] = min(low[i], x[i])
        high[i] = max(high[i], x[i])


@njit(cache=True, nogil=True)
def find_extremes(maps, slot, shape, moments):
    """Puts the smallest and largest number of a map's real samples into its moments."""
    if moments[LOWEST] <= moments[HIGHEST]:
        return
    blocks, last_lanes, height, width = shape
    size = height * width * LANES
    # Position by position, in many places side by side; only then among these.
    low = np.full(min(_CHUNK, size), np.inf).astype(maps.dtype)
    high = -low
    for block in range(blocks):
        lanes = last_lanes if block == blocks - 1 else LANES
        step = len(low) if lanes == LANES else LANES
        for first in range(0, size, step):
            count = min(step, size - first) if lanes == LANES else lanes
            offset = block * size + first
            _widen(low, high, maps[slot, offset : offset + count])
    moments[LOWEST] = low.min()
    moments[HIGHEST] = high.max()


@njit(cache=True, nogil=True, fastmath=_FAST)
def sample_means(out, maps, slot, scale, threshold, shift, pivot, shape):
    """out[sample] = scale · mean over pixels of max(x, threshold) + shift, in float64.

    Numbers near a large `pivot` are summed as differences from it.
    """
    blocks, _, height, width = shape
    pixels = height * width
    low = maps.dtype.type(threshold)
    for block in range(blocks):
        start = block * LANES
        for lane in range(LANES):
            out[start + lane] = 0.0
        for pixel in range(pixels):
            offset = (block * pixels + pixel) * LANES
            for lane in range(LANES):
                out[start + lane] += np.float64(max(maps[slot, offset + lane], low)) - pivot
        for lane in range(LANES):
            out[start + lane] = out[start + lane] * (scale / pixels) + (pivot * scale + shift)


@njit(cache=True, nogil=True)
def combine_vectors(out, vectors, slots, scales, thresholds, shift):
    """Out = shift + Σ scale · max(x, threshold) over vectors of one number per sample."""
    for i in range(len(out)):
        total = shift
        for operand in range(len(slots)):
            total += scales[operand] * max(vectors[slots[operand], i], thresholds[operand])
        out[i] = total
