"""What every operation says of itself."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

Size = tuple[int, int]
"""Height and width in pixels."""

Pair = int | tuple[int, int]
"""One number for both axes, or one for the height and one for the width."""


class Operation(ABC):
    """One layer operation, without its wiring."""

    __slots__ = ()

    @abstractmethod
    def output_channels(self, input_channels: Sequence[int]) -> int:
        """Channels that come out when tensors of `input_channels` channels go in.

        Raises:
            ValueError: The operation does not take such inputs.
        """

    def output_size(self, size: Size) -> Size:
        """Height and width that come out when a map of `size` goes in.

        Raises:
            ValueError: The operation does not take maps of that size.
        """
        return size


def pair(value: Pair) -> tuple[int, int]:
    """The number for the height and the number for the width."""
    return value if isinstance(value, tuple) else (value, value)


def single(operation: Operation, input_channels: Sequence[int]) -> int:
    """Channels of the only input.

    Raises:
        ValueError: There is not exactly one input.
    """
    if len(input_channels) != 1:
        raise ValueError(
            f"{type(operation).__name__} must have exactly one input, got {len(input_channels)}"
        )
    return input_channels[0]


def equal(operation: Operation, input_channels: Sequence[int]) -> int:
    """Channels of each of some inputs.

    Raises:
        ValueError: The inputs differ in channels, or there is none.
    """
    if len(set(input_channels)) != 1:
        raise ValueError(
            f"{type(operation).__name__} must have inputs of equal channels, got "
            f"{list(input_channels)}: truncate or project them first"
        )
    return input_channels[0]


def check_groups(operation: Operation, channels: int, groups: int) -> None:
    """Refuses channels that groups cannot share evenly.

    Raises:
        ValueError: `groups` is below 1 or does not divide `channels`.
    """
    if groups < 1 or channels % groups:
        raise ValueError(
            f"the groups of {type(operation).__name__} must divide its channels, got {groups} "
            f"groups for {channels} channels"
        )
