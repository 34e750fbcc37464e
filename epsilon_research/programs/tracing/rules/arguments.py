"""How rules read their arguments."""

from typing import Any

from epsilon_research.programs.tracing.contents import Content, Memory, UnsupportedLayerError
from epsilon_research.programs.tracing.symbolic import Traced, Weights, content_of
from epsilon_research.programs.tracing.weight_arithmetic import as_weights


def activations(value: Any) -> Content:
    """Return the content that a tensor of activations has.

    Raises:
        UnsupportedLayerError: It does not come from the images.
    """
    if isinstance(value, Content):
        return value
    if isinstance(value, Traced) and isinstance(value.meaning, Memory):
        return content_of(value)
    raise UnsupportedLayerError("an input that comes from the images was expected")


def is_activations(value: Any) -> bool:
    """Return whether a value comes from the images."""
    return isinstance(value, Content) or (
        isinstance(value, Traced) and isinstance(value.meaning, Memory)
    )


def uniform(weights: Weights, what: str) -> float:
    """The number that all weights are.

    Raises:
        UnsupportedLayerError: They differ, as behind a mask.
    """
    constant = weights.constant
    if constant is None:
        raise UnsupportedLayerError(f"{what} must be one constant, got different ones")
    return constant


def number_of(value: Any, what: str) -> float:
    """A number that depends neither on the images nor on the weight.

    Raises:
        UnsupportedLayerError: It is a tensor of different numbers, or depends on either.
    """
    weights = as_weights(value)
    if weights.power:
        raise UnsupportedLayerError(f"{what} must not depend on the weights")
    return uniform(weights, what)


def pair_of(value: Any) -> tuple[int, int]:
    """The number for the height and the number for the width."""
    if isinstance(value, int):
        return value, value
    numbers = tuple(int(number) for number in value)
    return (numbers[0], numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])


def axes_of(dim: Any, num_axes: int) -> tuple[int, ...]:
    """Axes counted from the front, sorted; all but none is every axis."""
    if dim is None:
        return tuple(range(num_axes))
    given = (dim,) if isinstance(dim, int) else tuple(dim)
    return tuple(sorted(axis % num_axes for axis in given))
