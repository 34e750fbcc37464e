"""Operations that look at one pixel at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from epsilon_research.programs.operations.base import Operation, equal, single

PerChannel = float | tuple[float, ...]
"""One number for all channels, or one for each."""

ACTIVATIONS = {
    "abs": 0,
    "celu": 1,
    "clamp": 2,
    "elu": 1,
    "exp": 0,
    "gelu": 0,
    "gelu_tanh": 0,
    "hardsigmoid": 0,
    "hardswish": 0,
    "leaky_relu": 1,
    "log": 0,
    "mish": 0,
    "power": 1,
    "selu": 0,
    "sigmoid": 0,
    "silu": 0,
    "softplus": 2,
    "softsign": 0,
    "tanh": 0,
}
"""Activation functions, as PyTorch defines them, and how many parameters each has: the alpha of ELU
and CELU, the smallest and largest value of clamp (ReLU6 is clamp to 0 and 6; infinities leave an
end open), the negative slope, the exponent, and beta and threshold of softplus."""


@dataclass(frozen=True, slots=True)
class ReLU(Operation):
    """max(x, 0)."""

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return single(self, input_channels)


@dataclass(frozen=True, slots=True)
class Activation(Operation):
    """One of `ACTIVATIONS`, with its parameters."""

    kind: str
    parameters: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in ACTIVATIONS:
            raise ValueError(
                f"an activation must be one of {', '.join(ACTIVATIONS)}, got {self.kind}"
            )
        if len(self.parameters) != ACTIVATIONS[self.kind]:
            raise ValueError(
                f"{self.kind} must have {ACTIVATIONS[self.kind]} parameters, got {self.parameters}"
            )

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return single(self, input_channels)


@dataclass(frozen=True, slots=True)
class PReLU(Operation):
    """x where it is positive, else the constant weight times x.

    `num_parameters` is 1 or the number of channels; it is only counted.
    """

    num_parameters: int = 1

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return single(self, input_channels)


@dataclass(frozen=True, slots=True)
class Affine(Operation):
    """factor · w^power · x + offset · w^offset_power, with w the constant weight.

    Factors and offsets are numbers that no initialisation changes: gains, scales, normalisation
    constants, subtraction. Powers of the weight come from parameters that are used outside layers.
    """

    factor: PerChannel = 1.0
    power: int = 0
    offset: PerChannel = 0.0
    offset_power: int = 0

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        channels = single(self, input_channels)
        for numbers in (self.factor, self.offset):
            if isinstance(numbers, tuple) and len(numbers) != channels:
                raise ValueError(
                    f"Affine must have one number for each of {channels} channels, got "
                    f"{len(numbers)}"
                )
        return channels

    @property
    def reads_weight(self) -> bool:
        """Return whether the constant weight has a part in it."""
        return bool(self.power or self.offset_power)


@dataclass(frozen=True, slots=True)
class Add(Operation):
    """Sum of one or more tensors of equal shape."""

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return equal(self, input_channels)


@dataclass(frozen=True, slots=True)
class Multiply(Operation):
    """Product of two tensors of equal shape; see `Broadcast` for gates."""

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return _pair_of_inputs(self, input_channels)


@dataclass(frozen=True, slots=True)
class Divide(Operation):
    """The first of two tensors of equal shape over the second."""

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return _pair_of_inputs(self, input_channels)


@dataclass(frozen=True, slots=True)
class Maximum(Operation):
    """The larger of two tensors of equal shape, number by number."""

    def output_channels(self, input_channels: Sequence[int]) -> int:
        """See `Operation`."""
        return _pair_of_inputs(self, input_channels)


def _pair_of_inputs(operation: Operation, input_channels: Sequence[int]) -> int:
    if len(input_channels) != 2:
        raise ValueError(
            f"{type(operation).__name__} must have two inputs, got {len(input_channels)}"
        )
    return equal(operation, input_channels)
