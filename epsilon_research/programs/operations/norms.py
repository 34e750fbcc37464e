"""Operations that divide by statistics of what they see.

Where `affine` is set, a scale of the constant weight multiplies the result, and a shift of 0 is
counted as a parameter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from epsilon_research.programs.operations.base import Operation, check_groups, single

BATCH_NORM_EPS = 1e-5
"""PyTorch's default, and the value of both NAS-Bench-101 and NAS-Bench-201."""


@dataclass(frozen=True, slots=True)
class BatchNorm(Operation):
    """Batch normalisation of each channel by the minibatch's statistics (biased variance)."""

    eps: float = BATCH_NORM_EPS
    affine: bool = True

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return single(self, input_channels)


@dataclass(frozen=True, slots=True)
class GroupNorm(Operation):
    """Normalisation of each sample by the statistics of all pixels of a group of channels.

    One group is a layer norm over channels and pixels, as many groups as channels are an instance
    norm.
    """

    groups: int
    eps: float = 1e-5
    affine: bool = True

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        check_groups(self, single(self, input_channels), self.groups)
        return input_channels[0]


@dataclass(frozen=True, slots=True)
class ChannelNorm(Operation):
    """Normalisation of each pixel of each sample by the statistics of its channels.

    The layer norm of channels-last networks.
    """

    eps: float = 1e-5
    affine: bool = True

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return single(self, input_channels)


@dataclass(frozen=True, slots=True)
class LocalResponseNorm(Operation):
    """x / (k + alpha / size · Σ x² over `size` neighbouring channels)^beta, as in PyTorch."""

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"LocalResponseNorm must see at least 1 channel, got {self.size}")

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return single(self, input_channels)


@dataclass(frozen=True, slots=True)
class Softmax(Operation):
    """exp(x) over its sum in a group of neighbouring channels, at each pixel; or its logarithm."""

    groups: int = 1
    log: bool = False

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        check_groups(self, single(self, input_channels), self.groups)
        return input_channels[0]
