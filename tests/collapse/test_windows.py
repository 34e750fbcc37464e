"""Windows over maps, beside plain sums over pixels: tiles, edges, lanes that pad, operands."""

from itertools import product

import numpy as np
import pytest

from epsilon_research.collapse.kernels import LANES, NUM_MOMENTS, PIVOT, SQUARES, SUM, combine
from epsilon_research.collapse.windows import (
    MAXIMUM_WINDOW,
    MEAN_PADDED_WINDOW,
    MEAN_WINDOW,
    SUM_WINDOW,
    slide,
)

BLOCKS, LAST_LANES, SHIFT = 2, 5, 0.3
SIZES = ((40, 70), (33, 16), (8, 8), (2, 2), (5, 3), (1, 4))
"""The first is cut into tiles of fourteen rows."""


def operands(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slots, scales and thresholds."""
    scales = np.array([1.5, 0.25, 2.0, 0.5])
    thresholds = np.array([0.0, -np.inf, 0.3, 0.0])
    return np.arange(count), scales[:count], thresholds[:count]


def total(maps: np.ndarray, count: int) -> np.ndarray:
    """What the operands add up to, in float64."""
    slots, scales, thresholds = operands(count)
    read = np.maximum(maps[slots].astype(np.float64), thresholds[:, None, None, None, None])
    return SHIFT + np.tensordot(scales, read, 1)


def by_pixels(values: np.ndarray, window: tuple[int, int, int], mode: int) -> np.ndarray:
    """Windows over `values` [blocks, height, width, lanes]."""
    kernel_size, stride, padding = window
    _, height, width, _ = values.shape
    size = [(length + 2 * padding - kernel_size) // stride + 1 for length in (height, width)]
    out = np.empty((len(values), *size, LANES))
    for y, x in product(*map(range, size)):
        top, left = y * stride - padding, x * stride - padding
        inside = values[:, max(top, 0) : top + kernel_size, max(left, 0) : left + kernel_size]
        if mode == MAXIMUM_WINDOW:
            out[:, y, x] = inside.max(axis=(1, 2))
        else:
            pixels = inside.shape[1] * inside.shape[2]
            divisor = {SUM_WINDOW: 1, MEAN_WINDOW: pixels, MEAN_PADDED_WINDOW: kernel_size**2}
            out[:, y, x] = inside.sum(axis=(1, 2)) / divisor[mode]
    return out


def expect_moments(moments: np.ndarray, expected: np.ndarray) -> None:
    """Those of the real samples, whatever the pivot."""
    real = np.concatenate([expected[0].ravel(), expected[1, ..., :LAST_LANES].ravel()])
    mean = moments[PIVOT] + moments[SUM] / len(real)
    variance = moments[SQUARES] / len(real) - (moments[SUM] / len(real)) ** 2
    np.testing.assert_allclose([mean, variance], [real.mean(), real.var()], rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("window", [(3, 1, 1), (3, 2, 1), (5, 1, 2), (2, 2, 0)])
def test_windows_are_those_of_plain_sums(
    window: tuple[int, int, int], size: tuple[int, int], dtype: type
) -> None:
    if min(size) + 2 * window[2] < window[0]:
        pytest.skip("no window fits")
    rng = np.random.default_rng(7)
    maps = rng.normal(size=(5, BLOCKS, *size, LANES)).astype(dtype)
    stored = maps.reshape(5, -1).copy()
    modes = (SUM_WINDOW, MEAN_WINDOW, MEAN_PADDED_WINDOW, MAXIMUM_WINDOW)
    for count, mode in product((1, 2, 4), modes):
        expected = by_pixels(total(maps, count), window, mode)
        moments = np.zeros(NUM_MOMENTS)
        shape = (BLOCKS, LAST_LANES, *expected.shape[1:3])
        slide(stored, 4, *operands(count), SHIFT, shape, size, window, mode, moments)
        found = stored[4, : expected.size].reshape(expected.shape)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        expect_moments(moments, expected)


@pytest.mark.parametrize("size", SIZES)
def test_sums_are_those_of_plain_sums(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(8)
    maps = rng.normal(size=(5, BLOCKS, *size, LANES)).astype(np.float32)
    stored = maps.reshape(5, -1).copy()
    for count in (1, 2, 3, 4):
        moments = np.zeros(NUM_MOMENTS)
        shape = (BLOCKS, LAST_LANES, *size)
        combine(stored, 4, *operands(count), SHIFT, shape, moments)
        expected = total(maps, count)
        np.testing.assert_allclose(stored[4], expected.ravel(), atol=1e-5)
        expect_moments(moments, expected)
