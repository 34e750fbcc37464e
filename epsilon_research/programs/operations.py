"""The closed set of layer operations that a network program is made of.

An operation says what it needs (its fields) and what it does to channel counts and spatial sizes.
What it *computes* stands once in each reader: `torch_reader.py` and `collapse/lowering.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

BATCH_NORM_EPS = 1e-5
"""PyTorch's default, and the value of both NAS-Bench-101 and NAS-Bench-201."""


class Operation(ABC):
    """One layer operation, without its wiring."""

    __slots__ = ()

    @abstractmethod
    def output_channels(self, input_channels: Sequence[int]) -> int:
        """Channels that come out when tensors of `input_channels` channels go in.

        Raises:
            ValueError: The operation does not take such inputs.
        """

    def output_size(self, size: int) -> int:
        """Height (or width) that comes out when `size` goes in."""
        return size


def _single(operation: Operation, input_channels: Sequence[int]) -> int:
    if len(input_channels) != 1:
        raise ValueError(
            f"{type(operation).__name__} must have exactly one input, got {len(input_channels)}"
        )
    return input_channels[0]


def _window_size(size: int, *, kernel_size: int, stride: int, padding: int) -> int:
    """Positions of a sliding window along one axis of `size` pixels."""
    positions = (size + 2 * padding - kernel_size) // stride + 1
    if size + 2 * padding < kernel_size:
        raise ValueError(
            f"the window must fit the padded map, got kernel {kernel_size} on {size} pixels "
            f"with padding {padding}: use larger images or a smaller kernel"
        )
    return positions


def _check_window(*, kernel_size: int, stride: int, padding: int) -> None:
    if kernel_size < 1 or stride < 1 or padding < 0:
        raise ValueError(
            "a window must have kernel_size >= 1, stride >= 1 and padding >= 0, "
            f"got {kernel_size}, {stride}, {padding}"
        )


def _check_pool(*, kernel_size: int, stride: int, padding: int) -> None:
    _check_window(kernel_size=kernel_size, stride=stride, padding=padding)
    if 2 * padding > kernel_size:
        # PyTorch's own limit; beyond it a window could lie in the padding alone.
        raise ValueError(
            f"a pool's padding must be at most half its kernel ({kernel_size}), got {padding}"
        )


@dataclass(frozen=True, slots=True)
class Input(Operation):
    """The minibatch itself; the first layer of every program and of no other place."""

    channels: int

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        if input_channels:
            raise ValueError(f"Input must have no inputs, got {len(input_channels)}")
        return self.channels


@dataclass(frozen=True, slots=True)
class Zero(Operation):
    """Zeros with the batch and spatial size of the input (NAS-Bench-201's `none`)."""

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return _single(self, input_channels)


@dataclass(frozen=True, slots=True)
class Convolution(Operation):
    """Square convolution without groups or dilation; zero padding."""

    channels: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    bias: bool = False

    def __post_init__(self) -> None:
        _check_window(kernel_size=self.kernel_size, stride=self.stride, padding=self.padding)

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        _single(self, input_channels)
        return self.channels

    def output_size(self, size: int) -> int:
        """See `Operation`."""
        return _window_size(
            size, kernel_size=self.kernel_size, stride=self.stride, padding=self.padding
        )


@dataclass(frozen=True, slots=True)
class BatchNorm(Operation):
    """Batch normalisation by the minibatch's statistics (biased variance), with a scale."""

    eps: float = BATCH_NORM_EPS

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return _single(self, input_channels)


@dataclass(frozen=True, slots=True)
class ReLU(Operation):
    """max(x, 0)."""

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return _single(self, input_channels)


@dataclass(frozen=True, slots=True)
class AveragePool(Operation):
    """Mean over a square window; padding counts as zeros or is left out of the mean."""

    kernel_size: int
    stride: int
    padding: int = 0
    count_include_pad: bool = False

    def __post_init__(self) -> None:
        _check_pool(kernel_size=self.kernel_size, stride=self.stride, padding=self.padding)

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return _single(self, input_channels)

    def output_size(self, size: int) -> int:
        """See `Operation`."""
        return _window_size(
            size, kernel_size=self.kernel_size, stride=self.stride, padding=self.padding
        )


@dataclass(frozen=True, slots=True)
class MaxPool(Operation):
    """Maximum over a square window; padding never wins."""

    kernel_size: int
    stride: int
    padding: int = 0

    def __post_init__(self) -> None:
        _check_pool(kernel_size=self.kernel_size, stride=self.stride, padding=self.padding)

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return _single(self, input_channels)

    def output_size(self, size: int) -> int:
        """See `Operation`."""
        return _window_size(
            size, kernel_size=self.kernel_size, stride=self.stride, padding=self.padding
        )


@dataclass(frozen=True, slots=True)
class Add(Operation):
    """Sum of one or more tensors of equal shape."""

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        if len(set(input_channels)) != 1:
            raise ValueError(
                f"Add must have inputs of equal channels, got {list(input_channels)}: "
                "truncate or project them first"
            )
        return input_channels[0]


@dataclass(frozen=True, slots=True)
class Concatenate(Operation):
    """Tensors joined along the channels."""

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        if not input_channels:
            raise ValueError("Concatenate must have at least one input, got none")
        return sum(input_channels)


@dataclass(frozen=True, slots=True)
class Truncate(Operation):
    """The first `channels` channels."""

    channels: int

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        if not 1 <= self.channels <= _single(self, input_channels):
            raise ValueError(
                f"Truncate must keep between 1 and {input_channels[0]} channels, "
                f"got {self.channels}"
            )
        return self.channels


@dataclass(frozen=True, slots=True)
class GlobalMean(Operation):
    """Mean over height and width; leaves one pixel."""

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return _single(self, input_channels)

    def output_size(self, size: int) -> int:
        """See `Operation`."""
        return min(size, 1)


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
        _single(self, input_channels)
        return self.features

    def output_size(self, size: int) -> int:
        """See `Operation`."""
        return min(size, 1)
