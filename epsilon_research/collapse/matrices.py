"""Windows over maps as two small matrices, one for each axis.

With constant weights everything that is linear in space treats rows and columns one after the
other: a convolution is a band of ones, a transposed one the band's transpose, padding and
resampling are matrices already, a mean over a window is a band divided by counts. Maxima follow the
same entries.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from epsilon_research.programs.operations import Pair, Size, pair

Band = list[list[tuple[int, float]]]
"""Entries of each row of a matrix: (column, number)."""


def encode(rows: Band, columns: Band) -> tuple[bytes, tuple[float, ...]]:
    """`indices` and `numbers` of a SPATIAL instruction."""
    indices: list[int] = []
    numbers: list[float] = []
    for band in (rows, columns):
        starts = np.cumsum([0, *(len(entries) for entries in band)])
        indices += [*starts.tolist(), *(column for entries in band for column, _ in entries)]
        numbers += [number for entries in band for _, number in entries]
    return np.array(indices, np.int32).tobytes(), tuple(numbers)


def dense(matrix: Sequence[Sequence[float]]) -> Band:
    """The entries of a matrix that are not zero."""
    return [[(c, float(x)) for c, x in enumerate(row) if x != 0] for row in matrix]


def _band(
    size: int, outputs: int, *, kernel: int, stride: int, padding: int, dilation: int
) -> Band:
    return [
        [
            (column, 1.0)
            for step in range(kernel)
            if 0 <= (column := out * stride - padding + step * dilation) < size
        ]
        for out in range(outputs)
    ]


def _bands(
    size: Size, result: Size, *, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair
) -> tuple[Band, Band]:
    rows, columns = (
        _band(s, o, kernel=k, stride=t, padding=p, dilation=d)
        for s, o, k, t, p, d in zip(
            size, result, pair(kernel), pair(stride), pair(padding), pair(dilation), strict=True
        )
    )
    return rows, columns


def box_bands(op: Any, size: Size, result: Size) -> tuple[Band, Band]:
    """Return the bands of a convolution, or the entries of a maximum pool."""
    return _bands(
        size, result, kernel=op.kernel_size, stride=op.stride, padding=op.padding,
        dilation=op.dilation,
    )  # fmt: skip


def adjoint_bands(op: Any, size: Size, result: Size) -> tuple[Band, Band]:
    """Return the bands of a transposed convolution: those of the convolution, transposed."""
    forward = _bands(
        result, size, kernel=op.kernel_size, stride=op.stride, padding=op.padding,
        dilation=op.dilation,
    )  # fmt: skip
    rows, columns = (
        _transposed(band, length) for band, length in zip(forward, result, strict=True)
    )
    return rows, columns


def _transposed(band: Band, length: int) -> Band:
    found: Band = [[] for _ in range(length)]
    for row, entries in enumerate(band):
        for column, number in entries:
            found[column].append((row, number))
    return found


def mean_bands(op: Any, size: Size, result: Size) -> tuple[Band, Band]:
    """Return the bands of an average pool, whose windows PyTorch cuts off at the padded edge."""
    bands = _bands(
        size, result, kernel=op.kernel_size, stride=op.stride, padding=op.padding, dilation=1
    )
    found = []
    axes = zip(bands, size, pair(op.kernel_size), pair(op.stride), pair(op.padding), strict=True)
    for band, length, kernel, stride, padding in axes:
        means = []
        for out, entries in enumerate(band):
            start = out * stride - padding
            count = min(start + kernel, length + padding) - start
            count = count if op.count_include_pad else len(entries)
            means.append([(column, 1.0 / count) for column, _ in entries])
        found.append(means)
    return found[0], found[1]


def pad_bands(op: Any, size: Size, result: Size) -> tuple[Band, Band]:
    """Return the bands that pad with zeros at the edges, or crop."""
    rows, columns = (
        [[(out - before, 1.0)] if 0 <= out - before < length else [] for out in range(outputs)]
        for before, length, outputs in zip((op.top, op.left), size, result, strict=True)
    )
    return rows, columns


def adaptive_bands(size: Size, result: Size) -> tuple[Band, Band]:
    """The pixels of each window of an adaptive pool."""
    rows, columns = (
        [
            [
                (column, 1.0)
                for column in range(out * length // outputs, -(-(out + 1) * length // outputs))
            ]
            for out in range(outputs)
        ]
        for length, outputs in zip(size, result, strict=True)
    )
    return rows, columns


def stretch_bands(size: Size, result: Size) -> tuple[Band, Band]:
    """One pixel, row or column in every place."""
    rows, columns = (
        [[(0 if length == 1 else out, 1.0)] for out in range(outputs)]
        for length, outputs in zip(size, result, strict=True)
    )
    return rows, columns
