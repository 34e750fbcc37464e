"""Operations that choose, move or join channels, and the input."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from epsilon_research.programs.operations.base import Operation, Size, check_groups, single

Shape = tuple[int, int, int]
"""Channels, height and width."""


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
        return single(self, input_channels)


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
        if not 1 <= self.channels <= single(self, input_channels):
            raise ValueError(
                f"Truncate must keep between 1 and {input_channels[0]} channels, "
                f"got {self.channels}"
            )
        return self.channels


@dataclass(frozen=True, slots=True)
class ShuffleChannels(Operation):
    """Channel c of group g becomes channel g of group c, as in ShuffleNet.

    `groups` groups of neighbouring channels are read across: (groups, n) transposed.
    """

    groups: int

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        check_groups(self, single(self, input_channels), self.groups)
        return input_channels[0]


@dataclass(frozen=True)
class Rearrange(Operation):
    """Numbers of one sample read in another order: every view, permutation, slice, flip or roll.

    `positions` are the bytes of a C-ordered int32 array of shape `output` (channels, height,
    width); each is a position in the flattened input of shape `input`.
    """

    input: Shape
    output: Shape
    positions: bytes

    @classmethod
    def of(cls, positions: np.ndarray, *, shape: Shape) -> "Rearrange":
        """The operation that reads `positions` (channels, height, width) of a tensor of `shape`.

        Raises:
            ValueError: `positions` does not have three axes, or one lies outside the input.
        """
        channels, height, width = shape
        if positions.ndim != 3 or positions.size == 0:
            raise ValueError(
                f"positions must be (channels, height, width), got shape {positions.shape}"
            )
        if positions.min() < 0 or positions.max() >= channels * height * width:
            raise ValueError(
                f"positions must lie in a tensor of shape {shape}, got {positions.min()} to "
                f"{positions.max()}"
            )
        output = (positions.shape[0], positions.shape[1], positions.shape[2])
        return cls(shape, output, np.ascontiguousarray(positions, np.int32).tobytes())

    @cached_property
    def index(self) -> np.ndarray:
        """The positions as an int32 array (channels, height, width)."""
        return np.frombuffer(self.positions, np.int32).reshape(self.output)

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        if single(self, input_channels) != self.input[0]:
            raise ValueError(
                f"Rearrange must see {self.input[0]} channels, got {input_channels[0]}"
            )
        return self.output[0]

    def output_size(self, size: Size) -> Size:
        """See `Operation`."""
        if size != self.input[1:]:
            raise ValueError(
                f"Rearrange must see maps of {self.input[1]}x{self.input[2]} pixels, got "
                f"{size[0]}x{size[1]}"
            )
        return self.output[1:]


@dataclass(frozen=True, slots=True)
class Broadcast(Operation):
    """The first input stretched to the shape of the second, whose numbers do not matter.

    Its channels, height and width must each be 1 or that of the second.
    """

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        if len(input_channels) != 2 or input_channels[0] not in (1, input_channels[1]):
            raise ValueError(
                "Broadcast must have two inputs, the first with 1 channel or as many as the "
                f"second, got {list(input_channels)}"
            )
        return input_channels[1]


@dataclass(frozen=True, slots=True)
class ChannelMean(Operation):
    """Mean over all channels; leaves one channel."""

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        single(self, input_channels)
        return 1


@dataclass(frozen=True, slots=True)
class ChannelMaximum(Operation):
    """Maximum over all channels; leaves one channel."""

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        single(self, input_channels)
        return 1
