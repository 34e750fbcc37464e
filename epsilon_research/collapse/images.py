"""Compiled loops that bring a minibatch into the layout of the kernels, with its moments."""

import numpy as np

from epsilon_research.collapse.kernels import HIGHEST, LANES, LOWEST, PIVOT, SQUARES
from epsilon_research.compiled import njit

# Sums may be reordered, which is what makes them fast; images are finite.
_FAST = {"reassoc", "contract", "nsz", "nnan"}


@njit(cache=True, nogil=True)
def write_images(images, maps):
    """Writes the channels of a minibatch to the first slots.

    Args:
        images: [samples, channels, height, width], contiguous.
        maps: [slots, capacity]; samples that pad the last block become 0.
    """
    samples, channels, height, width = images.shape
    blocks = (samples + LANES - 1) // LANES
    length = width * LANES
    for channel in range(channels):
        for block in range(blocks):
            for y in range(height):
                offset = (block * height + y) * length
                row = maps[channel, offset : offset + length]
                for lane in range(LANES):
                    sample = block * LANES + lane
                    if sample < samples:
                        for x in range(width):
                            row[x * LANES + lane] = images[sample, channel, y, x]
                    else:
                        for x in range(width):
                            row[x * LANES + lane] = 0


@njit(cache=True, nogil=True, fastmath=_FAST)
def _extent(values, first):
    low = values[0]
    high = values[0]
    total = 0.0
    for i in range(len(values)):
        low = min(low, values[i])
        high = max(high, values[i])
        total += values[i] - first
    return low, high, total


@njit(cache=True, nogil=True, fastmath=_FAST)
def _sum_of_squares(values, pivot):
    total = 0.0
    for i in range(len(values)):
        centred = values[i] - pivot
        total += centred * centred
    return total


@njit(cache=True, nogil=True)
def image_moments(images, moments):
    """Writes the moments of each channel about its mean, in the columns of `kernels.py`.

    Args:
        images: [samples, channels, pixels], contiguous.
        moments: float64 [channels, NUM_MOMENTS]; sum, error and area are left as they are.
    """
    samples, channels, pixels = images.shape
    for channel in range(channels):
        # Summed from the first number, so that a constant channel has squares of exactly zero.
        first = np.float64(images[0, channel, 0])
        lowest, highest, sum_ = np.inf, -np.inf, 0.0
        for sample in range(samples):
            low, high, total = _extent(images[sample, channel], first)
            lowest = min(lowest, low)
            highest = max(highest, high)
            sum_ += total
        mean = first + sum_ / (samples * pixels)
        squares = 0.0
        for sample in range(samples):
            squares += _sum_of_squares(images[sample, channel], mean)
        moments[channel, PIVOT] = mean
        moments[channel, SQUARES] = squares
        moments[channel, LOWEST] = lowest
        moments[channel, HIGHEST] = highest
