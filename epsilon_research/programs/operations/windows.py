"""Operations that look at several pixels of a map."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from epsilon_research.programs.operations.base import (
    Operation,
    Pair,
    Size,
    check_groups,
    pair,
    single,
)

Matrix = tuple[tuple[float, ...], ...]
"""Rows of numbers, all of one length."""


def _check_window(*, kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair = 1) -> None:
    least = min(*pair(kernel_size), *pair(stride), *pair(dilation))
    if least < 1 or min(pair(padding)) < 0:
        raise ValueError(
            "a window must have kernel_size >= 1, stride >= 1, dilation >= 1 and padding >= 0, "
            f"got {kernel_size}, {stride}, {dilation}, {padding}"
        )


def _check_pool(*, kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair = 1) -> None:
    _check_window(kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
    if any(2 * p > k for p, k in zip(pair(padding), pair(kernel_size), strict=True)):
        # PyTorch's own limit; beyond it a window could lie in the padding alone.
        raise ValueError(
            f"a pool's padding must be at most half its kernel ({kernel_size}), got {padding}"
        )


def _positions(
    size: int, *, kernel_size: int, stride: int, padding: int, dilation: int = 1, ceil: bool = False
) -> int:
    """Positions of a sliding window along one axis of `size` pixels."""
    reach = dilation * (kernel_size - 1) + 1
    room = size + 2 * padding - reach
    if room < 0:
        raise ValueError(
            f"the window must fit the padded map, got kernel {reach} on {size} pixels "
            f"with padding {padding}: use larger images or a smaller kernel"
        )
    positions = room // stride + 1
    # A further window that hangs over the end has to begin inside the map or its first padding.
    if ceil and room % stride and positions * stride < size + padding:
        positions += 1
    return positions


@dataclass(frozen=True, slots=True)
class Convolution(Operation):
    """Convolution with zero padding, all of whose weights are one constant and its bias 0."""

    channels: int
    kernel_size: Pair
    stride: Pair = 1
    padding: Pair = 0
    bias: bool = False
    dilation: Pair = 1
    groups: int = 1

    def __post_init__(self) -> None:
        _check_window(
            kernel_size=self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
        )
        check_groups(self, self.channels, self.groups)

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        check_groups(self, single(self, input_channels), self.groups)
        return self.channels

    def output_size(self, size: Size) -> Size:
        """See `Operation`."""
        if isinstance(self.kernel_size, int) and self.kernel_size == self.stride == 1:
            # Most layers of cells are this one, and lowering them should stay fast.
            padding = pair(self.padding)
            return size[0] + 2 * padding[0], size[1] + 2 * padding[1]
        height, width = (
            _positions(size, kernel_size=kernel, stride=stride, padding=padding, dilation=dilation)
            for size, kernel, stride, padding, dilation in zip(
                size,
                pair(self.kernel_size),
                pair(self.stride),
                pair(self.padding),
                pair(self.dilation),
                strict=True,
            )
        )
        return height, width


@dataclass(frozen=True, slots=True)
class TransposedConvolution(Operation):
    """The adjoint of a convolution; fields as those of `torch.nn.ConvTranspose2d`."""

    channels: int
    kernel_size: Pair
    stride: Pair = 1
    padding: Pair = 0
    output_padding: Pair = 0
    bias: bool = False
    dilation: Pair = 1
    groups: int = 1

    def __post_init__(self) -> None:
        _check_window(
            kernel_size=self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
        )
        check_groups(self, self.channels, self.groups)

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        check_groups(self, single(self, input_channels), self.groups)
        return self.channels

    def output_size(self, size: Size) -> Size:
        """See `Operation`."""
        height, width = (
            (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + extra + 1
            for size, kernel, stride, padding, dilation, extra in zip(
                size,
                pair(self.kernel_size),
                pair(self.stride),
                pair(self.padding),
                pair(self.dilation),
                pair(self.output_padding),
                strict=True,
            )
        )
        if min(height, width) < 1:
            raise ValueError(
                f"a transposed convolution must leave at least one pixel, got {height}x{width} "
                f"of {size[0]}x{size[1]}: use larger images or less padding"
            )
        return height, width


@dataclass(frozen=True, slots=True)
class AveragePool(Operation):
    """Mean over a window; padding counts as zeros or is left out of the mean."""

    kernel_size: Pair
    stride: Pair
    padding: Pair = 0
    count_include_pad: bool = False
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        _check_pool(kernel_size=self.kernel_size, stride=self.stride, padding=self.padding)

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return single(self, input_channels)

    def output_size(self, size: Size) -> Size:
        """See `Operation`."""
        height, width = (
            _positions(size, kernel_size=kernel, stride=stride, padding=pad, ceil=self.ceil_mode)
            for size, kernel, stride, pad in zip(
                size, pair(self.kernel_size), pair(self.stride), pair(self.padding), strict=True
            )
        )
        return height, width


@dataclass(frozen=True, slots=True)
class MaxPool(Operation):
    """Maximum over a window; padding never wins."""

    kernel_size: Pair
    stride: Pair
    padding: Pair = 0
    dilation: Pair = 1
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        _check_pool(
            kernel_size=self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
        )

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return single(self, input_channels)

    def output_size(self, size: Size) -> Size:
        """See `Operation`."""
        height, width = (
            _positions(
                size,
                kernel_size=kernel,
                stride=stride,
                padding=pad,
                dilation=dilation,
                ceil=self.ceil_mode,
            )
            for size, kernel, stride, pad, dilation in zip(
                size,
                pair(self.kernel_size),
                pair(self.stride),
                pair(self.padding),
                pair(self.dilation),
                strict=True,
            )
        )
        return height, width


@dataclass(frozen=True, slots=True)
class AdaptiveMaxPool(Operation):
    """Maximum over `size` windows that divide the map evenly, as `torch.nn.AdaptiveMaxPool2d`."""

    size: Size

    def __post_init__(self) -> None:
        if min(self.size) < 1:
            raise ValueError(f"an adaptive pool must give at least one pixel, got {self.size}")

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return single(self, input_channels)

    def output_size(self, size: Size) -> Size:
        """See `Operation`."""
        return self.size


@dataclass(frozen=True, slots=True)
class SpatialLinear(Operation):
    """Each channel's map x becomes rows · x · columnsᵀ, with two matrices of fixed numbers.

    So are crops, padding in every mode, resampling, adaptive and overhanging average pools, means
    over one axis, a pixel stretched to a map, and filters that are a product of two vectors.

    `rows` is (output height, height), `columns` (output width, width).
    """

    rows: Matrix
    columns: Matrix

    def __post_init__(self) -> None:
        for matrix in (self.rows, self.columns):
            if not matrix or not matrix[0] or len({len(row) for row in matrix}) != 1:
                raise ValueError(
                    "a matrix of SpatialLinear must have rows of one length of at least 1"
                )
            if not all(math.isfinite(number) for row in matrix for number in row):
                raise ValueError("a matrix of SpatialLinear must have finite numbers")

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return single(self, input_channels)

    def output_size(self, size: Size) -> Size:
        """See `Operation`."""
        expected = len(self.rows[0]), len(self.columns[0])
        if size != expected:
            raise ValueError(
                f"SpatialLinear must see maps of {expected[0]}x{expected[1]} pixels, got "
                f"{size[0]}x{size[1]}"
            )
        return len(self.rows), len(self.columns)


@dataclass(frozen=True, slots=True)
class Pad(Operation):
    """Zeros added at each side of a map; a negative number crops so many rows or columns there."""

    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return single(self, input_channels)

    def output_size(self, size: Size) -> Size:
        """See `Operation`."""
        kept_height = size[0] + min(self.top, 0) + min(self.bottom, 0)
        kept_width = size[1] + min(self.left, 0) + min(self.right, 0)
        if min(kept_height, kept_width) < 1:
            raise ValueError(
                f"Pad must leave at least one pixel of the map, got {self} on {size[0]}x{size[1]} "
                "pixels: use larger images or crop less"
            )
        return size[0] + self.top + self.bottom, size[1] + self.left + self.right


@dataclass(frozen=True, slots=True)
class GlobalMean(Operation):
    """Mean over height and width; leaves one pixel."""

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return single(self, input_channels)

    def output_size(self, size: Size) -> Size:
        """See `Operation`."""
        return (1, 1)


@dataclass(frozen=True, slots=True)
class Linear(Operation):
    """Fully connected layer over all channels and pixels of its input; leaves one pixel.

    `pixels` is how many pixels each of its input channels has: 1 after `GlobalMean`.
    """

    features: int
    pixels: int = 1
    bias: bool = True

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        single(self, input_channels)
        return self.features

    def output_size(self, size: Size) -> Size:
        """See `Operation`."""
        if size[0] * size[1] != self.pixels:
            raise ValueError(
                f"Linear must see {self.pixels} pixels per channel, got {size[0]}x{size[1]}: "
                "use images of another size or a GlobalMean before it"
            )
        return (1, 1)
