"""Compiled loops over maps in memory.

A map is stored as `[blocks, height, width, LANES]`: the minibatch is cut into blocks of `LANES`
samples, and the samples of a block lie side by side. A neighbouring pixel is then `LANES` numbers
away in a row that is contiguous for all samples at once, so a window of any size is a sum of
shifted rows without border cases inside the row, and each loop runs over hundreds of adjacent
numbers. Samples that pad the last block are computed, and left out of all statistics.

A kernel reads operands as `scale · max(x, threshold)` plus one common `shift`, and writes a map
together with its moments about a pivot. A chunk of pixels is summed in the maps' own
precision, in many partial sums side by side; the sums of chunks are added up in float64.
"""

import numpy as np

from epsilon_research.compiled import njit

LANES = 16

PIVOT, SUM, SQUARES, LOWEST, HIGHEST, NOISE, AREA = range(7)
"""Columns of a map's moments, float64: Σ (x − pivot) and Σ (x − pivot)² over the real samples, its
smallest and largest number, where somebody has looked for them (else lowest > highest), and the
estimated rounding error of its numbers with the pixels over which it is correlated (`rounding.py`).
"""

NUM_MOMENTS = 7

CHUNK = 128 * LANES
"""Numbers that are summed at a time: 8 kB per map stay in the nearest cache."""

# Sums may be reordered and fused, which is what makes them fast, and there is no NaN: maps are
# finite by construction. Infinities keep their meaning: a threshold of -inf means no ReLU.
FAST = {"reassoc", "contract", "nsz", "arcp", "nnan"}


@njit(cache=True, nogil=True, fastmath=FAST)
def _sums(x, threshold, pivot):
    """Σ and Σ of squares of max(x, threshold) − pivot, in float64."""
    total = 0.0
    squares = 0.0
    for start in range(0, len(x), CHUNK):
        part = x[start : min(start + CHUNK, len(x))]
        part_total = pivot - pivot
        part_squares = pivot - pivot
        for i in range(len(part)):
            centred = max(part[i], threshold) - pivot
            part_total += centred
            part_squares += centred * centred
        total += part_total
        squares += part_squares
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


FUSED = 3
"""Operands that are read in one loop."""


@njit(cache=True, nogil=True, fastmath=FAST)
def load(out, maps, offset, slots, scales, thresholds, shift, pivot):
    """Out = shift + Σ scale · max(x, threshold) over the operands from `offset`.

    Returns:
        Σ and Σ of squares of what is written, less `pivot`; of more than `FUSED` operands, neither.
    """
    number = out.dtype.type
    # Of fewer operands the first is read again, with a scale of zero, which costs nothing.
    second = 1 if len(slots) > 1 else 0
    third = 2 if len(slots) > 2 else 0
    a = number(scales[0])
    b = number(scales[second] if second else 0.0)
    c = number(scales[third] if third else 0.0)
    p, q, r = number(thresholds[0]), number(thresholds[second]), number(thresholds[third])
    constant = number(shift)
    centre = number(pivot)
    total = 0.0
    squares = 0.0
    for start in range(0, len(out), CHUNK):
        stop = min(start + CHUNK, len(out))
        part = out[start:stop]
        # Slices, not `offset + i`: an index that might be negative keeps a loop from being
        # vectorised.
        x = maps[slots[0], offset + start : offset + stop]
        y = maps[slots[second], offset + start : offset + stop]
        z = maps[slots[third], offset + start : offset + stop]
        part_total = number(0)
        part_squares = number(0)
        for i in range(len(part)):
            value = constant + a * max(x[i], p) + b * max(y[i], q) + c * max(z[i], r)
            part[i] = value
            centred = value - centre
            part_total += centred
            part_squares += centred * centred
        total += part_total
        squares += part_squares
    for operand in range(FUSED, len(slots)):
        x = maps[slots[operand], offset : offset + len(out)]
        scale, threshold = number(scales[operand]), number(thresholds[operand])
        for i in range(len(out)):
            out[i] += scale * max(x[i], threshold)
    return total, squares


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
        out = maps[target, block * size : (block + 1) * size]
        sums = load(out, maps, block * size, slots, scales, thresholds, shift, moments[PIVOT])
        if block == 0:
            start_moments(out[: min(CHUNK, size)], lanes, nothing, moments)
        if block == 0 or lanes < LANES or len(slots) > FUSED:
            add_pixels(out, lanes, nothing, moments)
        else:
            moments[SUM] += sums[0]
            moments[SQUARES] += sums[1]


@njit(cache=True, nogil=True)
def copy_map(maps, source, target, shape):
    """Writes the map of one slot to another."""
    blocks, _, height, width = shape
    size = blocks * height * width * LANES
    maps[target, :size] = maps[source, :size]


@njit(cache=True, nogil=True)
def rectified_moments(maps, slot, threshold, shape, moments):
    """Moments of max(x, threshold) over a map that was written before, from one read."""
    blocks, last_lanes, height, width = shape
    size = height * width * LANES
    low = maps.dtype.type(threshold)
    for block in range(blocks):
        lanes = last_lanes if block == blocks - 1 else LANES
        x = maps[slot, block * size : (block + 1) * size]
        if block == 0:
            start_moments(x[: min(CHUNK, size)], lanes, low, moments)
        add_pixels(x, lanes, low, moments)


@njit(cache=True, nogil=True, fastmath=FAST)
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
    low = np.full(min(CHUNK, size), np.inf).astype(maps.dtype)
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


@njit(cache=True, nogil=True, fastmath=FAST)
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
