"""Sums, products, powers and bounds, of activations and of constants."""

from collections.abc import Callable
from math import inf, prod
from typing import TYPE_CHECKING, Any

import torch

from epsilon_research.programs.operations import (
    Activation,
    Add,
    Affine,
    Broadcast,
    Divide,
    Maximum,
    Multiply,
)
from epsilon_research.programs.tracing.contents import Content, UnsupportedLayerError, layout
from epsilon_research.programs.tracing.moves import expanded, reshaped
from epsilon_research.programs.tracing.rules.arguments import (
    activations,
    is_activations,
    number_of,
)
from epsilon_research.programs.tracing.symbolic import Weights
from epsilon_research.programs.tracing.weight_arithmetic import as_weights

if TYPE_CHECKING:
    from epsilon_research.programs.tracing.trace import Trace

_MOST_NUMBERS = 50_000
"""Constants of one sample that are written into a program."""


def clamp(trace: "Trace", input: Any, min: Any = None, max: Any = None) -> Content:
    """Read `torch.clamp` between two numbers."""
    low = -inf if min is None else number_of(min, "a bound")
    high = inf if max is None else number_of(max, "a bound")
    return trace.pointwise(Activation("clamp", (low, high)), activations(input))


def negative(trace: "Trace", input: Any) -> Content:
    """Return −x."""
    return trace.pointwise(Affine(-1.0), activations(input))


def power(trace: "Trace", input: Any, exponent: Any) -> Content:
    """Read `torch.pow`, with a number as the exponent."""
    x = activations(input)
    number = number_of(exponent, "an exponent")
    if number == 2:
        return mul(trace, x, x)
    return trace.pointwise(Activation("power", (number,)), x)


def add(trace: "Trace", input: Any, other: Any, *, alpha: float = 1.0) -> Content:
    """Read `torch.add`."""
    if not is_activations(input):
        return _shifted(trace, _times(trace, activations(other), float(alpha)), as_weights(input))
    if not is_activations(other):
        constant = as_weights(other)
        scaled = Weights(constant.numbers * float(alpha), constant.power)
        return _shifted(trace, activations(input), scaled)
    first, second = activations(input), _times(trace, activations(other), float(alpha))
    return _binary(trace, Add(), first, second)


def sub(trace: "Trace", input: Any, other: Any, *, alpha: float = 1.0) -> Content:
    """Read `torch.sub`."""
    return add(trace, input, other, alpha=-float(alpha))


def rsub(trace: "Trace", input: Any, other: Any, *, alpha: float = 1.0) -> Content:
    """Return other − alpha · input."""
    return add(trace, other, input, alpha=-float(alpha))


def mul(trace: "Trace", input: Any, other: Any) -> Content:
    """Read `torch.mul`."""
    if is_activations(input) and is_activations(other):
        return _binary(trace, Multiply(), activations(input), activations(other))
    images, constant = (input, other) if is_activations(input) else (other, input)
    return _factor(trace, activations(images), as_weights(constant))


def div(trace: "Trace", input: Any, other: Any, *, rounding_mode: Any = None) -> Content:
    """Read `torch.div`."""
    if rounding_mode is not None:
        raise UnsupportedLayerError("division with rounding")
    if not is_activations(other):
        divisor = as_weights(other)
        return _factor(trace, activations(input), Weights(1.0 / divisor.numbers, -divisor.power))
    if not is_activations(input):
        inverse = power(trace, other, -1.0)
        return _factor(trace, inverse, as_weights(input))
    return _binary(trace, Divide(), activations(input), activations(other))


def rdiv(trace: "Trace", input: Any, other: Any) -> Content:
    """Return other / input."""
    return div(trace, other, input)


def maximum(trace: "Trace", input: Any, other: Any) -> Content:
    """Read `torch.maximum`."""
    if not is_activations(other):
        return clamp(trace, input, min=other)
    return _binary(trace, Maximum(), activations(input), activations(other))


def minimum(trace: "Trace", input: Any, other: Any) -> Content:
    """Read `torch.minimum`."""
    if not is_activations(other):
        return clamp(trace, input, max=other)
    return negative(trace, maximum(trace, negative(trace, input), negative(trace, other)))


def _times(trace: "Trace", x: Content, factor: float) -> Content:
    return x if factor == 1 else trace.pointwise(Affine(factor), x)


def _binary(trace: "Trace", operation: Any, first: Content, second: Content) -> Content:
    shape = tuple(torch.broadcast_shapes(first.shape, second.shape))
    layouts = [trace.writer.shapes[content.place] for content in (first, second)]
    alike = first.shape == second.shape and layouts[0] == layouts[1]
    if alike and _same_order(first, second):
        place = trace.writer.append(operation, first.place, second.place)
        return Content(place, shape, first.order)
    places = _broadcast(trace, first, second, shape)
    return Content(trace.writer.append(operation, *places), shape)


def _same_order(first: Content, second: Content) -> bool:
    if first.order is None or second.order is None:
        return first.order is second.order
    return torch.equal(first.order, second.order)


def _broadcast(
    trace: "Trace", first: Content, second: Content, shape: tuple[int, ...]
) -> tuple[int, int]:
    """Positions of both in the layout of `shape`."""
    places: list[int | None] = [None, None]
    for position, content in enumerate((first, second)):
        if content.shape == shape:
            places[position] = trace.writer.in_order(content)
    for position, content in enumerate((first, second)):
        other = places[1 - position]
        if places[position] is None and other is not None and _stretches(content, shape):
            padded = (shape[0], *((1,) * (len(shape) - len(content.shape))), *content.shape[1:])
            source = trace.writer.in_order(reshaped(content, padded))
            places[position] = trace.writer.append(Broadcast(), source, other)
        elif places[position] is None:
            places[position] = trace.writer.in_order(expanded(trace, content, shape))
    assert places[0] is not None
    assert places[1] is not None
    return places[0], places[1]


def _stretches(content: Content, shape: tuple[int, ...]) -> bool:
    """Whether the layouts differ in axes of one number only."""
    if len(content.shape) != len(shape) or len(shape) > 4 or content.shape[:1] != shape[:1]:
        return False
    pairs = zip(layout(content.shape), layout(shape), strict=True)
    return all(small in (1, large) for small, large in pairs)


def _shifted(trace: "Trace", x: Content, constant: Weights) -> Content:
    """X plus a constant."""
    if constant.is_zero:
        return _spread(trace, x, constant)
    x = _spread(trace, x, constant)
    if constant.constant is not None:
        operation = Affine(offset=constant.constant, offset_power=constant.power)
        return trace.pointwise(operation, x)
    flat, numbers = _number_by_number(trace, x, constant)
    found = trace.pointwise(Affine(offset=numbers, offset_power=constant.power), flat)
    return _folded(trace, found, x.shape, numbers)


def _factor(trace: "Trace", x: Content, constant: Weights) -> Content:
    """X times a constant."""
    x = _spread(trace, x, constant)
    if constant.constant is not None:
        if constant.constant == 1 and constant.power == 0:
            return x
        return trace.pointwise(Affine(constant.constant, constant.power), x)
    flat, numbers = _number_by_number(trace, x, constant)
    found = trace.pointwise(Affine(numbers, constant.power), flat)
    return _folded(trace, found, x.shape, numbers)


def _spread(trace: "Trace", x: Content, constant: Weights) -> Content:
    """X broadcast against a constant that has more numbers."""
    shape = tuple(torch.broadcast_shapes(x.shape, constant.numbers.shape))
    return x if shape == x.shape else expanded(trace, x, shape)


def _number_by_number(
    trace: "Trace", x: Content, constant: Weights
) -> tuple[Content, tuple[float, ...]]:
    """X in order with one number of the constant for each channel, or for each feature."""
    full = constant.numbers.expand(x.shape)
    if not bool((full == full[:1]).all()):
        raise UnsupportedLayerError("a constant that differs between images")
    channels, height, width = layout(x.shape)
    table = full[0].reshape(channels, height * width)
    in_order = Content(trace.writer.in_order(x), x.shape)
    if bool((table == table[:, :1]).all()):
        return in_order, tuple(table[:, 0].tolist())
    if prod(x.shape[1:]) > _MOST_NUMBERS:
        raise UnsupportedLayerError(
            f"a constant of {prod(x.shape[1:])} numbers, of at most {_MOST_NUMBERS}"
        )
    flat = reshaped(in_order, (x.shape[0], prod(x.shape[1:])))
    features = Content(trace.writer.in_order(flat), flat.shape)
    return features, tuple(table.flatten().tolist())


def _folded(
    trace: "Trace", found: Content, shape: tuple[int, ...], numbers: tuple[float, ...]
) -> Content:
    """Features back in the shape of the tensor; maps are in it already."""
    if found.shape == shape:
        return found
    return reshaped(found, shape)


def _power(exponent: float) -> Callable[..., Content]:
    return lambda trace, input: power(trace, input, exponent)


RULES = {
    "add": add,
    "clamp": clamp,
    "clamp_max": lambda trace, input, max: clamp(trace, input, None, max),
    "clamp_min": lambda trace, input, min: clamp(trace, input, min),
    "clip": clamp,
    "div": div,
    "divide": div,
    "maximum": maximum,
    "minimum": minimum,
    "mul": mul,
    "multiply": mul,
    "neg": negative,
    "negative": negative,
    "pow": power,
    "rdiv": rdiv,
    "reciprocal": _power(-1.0),
    "rsqrt": _power(-0.5),
    "rsub": rsub,
    "sqrt": _power(0.5),
    "square": _power(2.0),
    "sub": sub,
    "subtract": sub,
    "true_divide": div,
}
