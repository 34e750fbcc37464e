"""Layers with weights: convolutions and linear layers."""

from math import prod
from typing import TYPE_CHECKING, Any

import torch

from epsilon_research.programs.operations import (
    Affine,
    Convolution,
    Linear,
    SpatialLinear,
    TransposedConvolution,
)
from epsilon_research.programs.tracing.contents import Content, UnsupportedLayerError, layout
from epsilon_research.programs.tracing.moves import axis_to_channels, channels_to_axis, reshaped
from epsilon_research.programs.tracing.rules.arguments import activations, pair_of, uniform
from epsilon_research.programs.tracing.symbolic import Weights
from epsilon_research.programs.tracing.weight_arithmetic import as_weights

if TYPE_CHECKING:
    from epsilon_research.programs.tracing.trace import Trace


def conv2d(
    trace: "Trace", input: Any, weight: Any, bias: Any = None, stride: Any = 1,
    padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> Content:  # fmt: skip
    """Read `torch.nn.functional.conv2d`."""
    x = activations(input)
    kernel = as_weights(weight)
    if len(x.shape) != 4:
        raise UnsupportedLayerError("a convolution of one image without a batch axis")
    outputs = kernel.numbers.shape[0]
    _check_weights(kernel, bias, inputs=x.shape[1] // groups, axes=4)
    sizes, dilations = pair_of(kernel.numbers.shape[2:]), pair_of(dilation)
    if kernel.power == 0 and not kernel.is_zero:
        return _with_bias(trace, _fixed_filter(trace, x, kernel, stride, padding, dilation, groups),
                          bias)  # fmt: skip
    factor = uniform(kernel, "the weights of a convolution")
    stride, amount = pair_of(stride), padding
    if padding == "same":
        x = _padded_same(trace, x, sizes, dilations)
        amount = 0
    elif padding == "valid":
        amount = 0
    operation = Convolution(
        outputs,
        _short(sizes),
        _short(stride),
        _short(pair_of(amount)),
        bias=bias is not None,
        dilation=_short(dilations),
        groups=groups,
    )
    place = trace.writer.append(operation, trace.writer.in_order(x))
    shape = (x.shape[0], *trace.writer.shapes[place])
    return _with_bias(trace, _scaled(trace, Content(place, shape), factor, kernel.power - 1), bias)


def _check_weights(kernel: Weights, bias: Any, *, inputs: int, axes: int) -> None:
    shape = tuple(kernel.numbers.shape)
    if len(shape) != axes or shape[1] != inputs:
        raise UnsupportedLayerError(f"{inputs} inputs do not fit weights of shape {shape}")
    if bias is not None and as_weights(bias).numbers.shape != shape[:1]:
        raise UnsupportedLayerError("a bias must have one number for each output")


def _short(numbers: tuple[int, int]) -> Any:
    return numbers[0] if numbers[0] == numbers[1] else numbers


def _padded_same(
    trace: "Trace", x: Content, sizes: tuple[int, ...], dilations: tuple[int, int]
) -> Content:
    from epsilon_research.programs.tracing.rules.spatial import pad

    total = [d * (k - 1) for k, d in zip(sizes, dilations, strict=True)]
    (top, left), (bottom, right) = [t // 2 for t in total], [t - t // 2 for t in total]
    return pad(trace, x, (left, right, top, bottom))


def _scaled(trace: "Trace", x: Content, factor: float, power: int) -> Content:
    if factor == 1 and power == 0:
        return x
    return trace.pointwise(Affine(factor, power if factor else 0), x)


def _with_bias(trace: "Trace", x: Content, bias: Any) -> Content:
    if bias is None:
        return x
    offset = as_weights(bias)
    if offset.is_zero:
        return x
    constant = offset.constant
    numbers = tuple(offset.numbers.tolist()) if constant is None else constant
    return trace.pointwise(Affine(offset=numbers, offset_power=offset.power), x)


def _fixed_filter(
    trace: "Trace", x: Content, kernel: Weights, stride: Any, padding: Any, dilation: Any,
    groups: int,
) -> Content:  # fmt: skip
    """A filter whose numbers are not parameters, e.g. a blur, the same in every channel."""
    numbers = kernel.numbers
    first = numbers[0, 0]
    same = groups == numbers.shape[0] == x.shape[1] and bool((numbers == first).all())
    if not same:
        raise UnsupportedLayerError("filters that are not parameters must be one, for each channel")
    u, s, v = torch.linalg.svd(first)
    if s.numel() > 1 and float(s[1]) > 1e-14 * float(s[0]):
        raise UnsupportedLayerError("filters must be a product of two vectors")
    size = layout(x.shape)[1:]
    bands = []
    vectors = (u[:, 0] * s[0], v[0])
    for axis in (0, 1):
        step, around = pair_of(stride)[axis], pair_of(padding)[axis]
        lines = torch.eye(size[axis], dtype=torch.float64)[:, None]
        band = torch.nn.functional.conv1d(
            lines, vectors[axis][None, None], None, step, around, pair_of(dilation)[axis]
        )[:, 0].T
        bands.append(tuple(map(tuple, band.tolist())))
    place = trace.writer.append(SpatialLinear(*bands), trace.writer.in_order(x))
    return Content(place, (x.shape[0], *trace.writer.shapes[place]))


def conv_transpose2d(
    trace: "Trace", input: Any, weight: Any, bias: Any = None, stride: Any = 1,
    padding: Any = 0, output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Content:  # fmt: skip
    """Read `torch.nn.functional.conv_transpose2d`."""
    x = activations(input)
    kernel = as_weights(weight)
    factor = uniform(kernel, "the weights of a convolution")
    operation = TransposedConvolution(
        kernel.numbers.shape[1] * groups,
        tuple(kernel.numbers.shape[2:]),  # pyright: ignore[reportArgumentType]
        pair_of(stride),
        pair_of(padding),
        pair_of(output_padding),
        bias=bias is not None,
        dilation=pair_of(dilation),
        groups=groups,
    )
    place = trace.writer.append(operation, trace.writer.in_order(x))
    found = Content(place, (x.shape[0], *trace.writer.shapes[place]))
    return _with_bias(trace, _scaled(trace, found, factor, kernel.power - 1), bias)


def conv1d(
    trace: "Trace", input: Any, weight: Any, bias: Any = None, stride: Any = 1,
    padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> Content:  # fmt: skip
    """Read `torch.nn.functional.conv1d`: the row of pixels is a column of the map."""
    x = activations(input)
    kernel = as_weights(weight)
    first = [value if isinstance(value, int | str) else value[0] for value in
             (stride, padding, dilation)]  # fmt: skip
    wide = Weights(kernel.numbers[..., None], kernel.power)
    image = reshaped(x, (*x.shape, 1))
    around = first[1] if isinstance(first[1], str) else (first[1], 0)
    found = conv2d(trace, image, wide, bias, (first[0], 1), around, (first[2], 1), groups)
    return reshaped(found, found.shape[:3])


def linear(trace: "Trace", input: Any, weight: Any, bias: Any = None) -> Content:
    """Read `torch.nn.functional.linear`."""
    x = activations(input)
    kernel = as_weights(weight)
    _check_weights(kernel, bias, inputs=x.shape[-1], axes=2)
    factor = uniform(kernel, "the weights of a linear layer")
    features = kernel.numbers.shape[0]
    found = _flat_linear(trace, x, features, bias=bias is not None) if len(x.shape) == 2 else None
    if found is None:
        channels = axis_to_channels(trace, x, -1)
        place = trace.writer.in_order(channels)
        rest = channels.shape[2]
        operation = (
            Linear(features, bias=bias is not None)
            if rest == 1
            else Convolution(features, 1, bias=bias is not None)
        )
        place = trace.writer.append(operation, place)
        found = Content(place, (x.shape[0], features, rest, 1))
        found = _with_bias(trace, _scaled(trace, found, factor, kernel.power - 1), bias)
        return channels_to_axis(found, len(x.shape) - 1, (*x.shape[:-1], features))
    return _with_bias(trace, _scaled(trace, found, factor, kernel.power - 1), bias)


def _flat_linear(trace: "Trace", x: Content, features: int, *, bias: bool) -> Content | None:
    """A linear layer over flattened maps reads them as they are."""
    shape = trace.writer.shapes[x.place]
    pixels = shape[1] * shape[2]
    if pixels == 1 or x.order is None or prod(shape) != x.shape[1]:
        return None
    natural = torch.arange(x.order.numel()).reshape(x.shape)
    if not torch.equal(x.order, natural):
        return None
    operation = Linear(features, pixels=pixels, bias=bias)
    return Content(trace.writer.append(operation, x.place), (x.shape[0], features))


def matmul(trace: "Trace", input: Any, other: Any) -> Content:
    """Read `torch.matmul` with a matrix of parameters on the right."""
    kernel = as_weights(other)
    if kernel.numbers.ndim != 2:
        raise UnsupportedLayerError("products of activations must have a matrix of parameters")
    return linear(trace, input, Weights(kernel.numbers.T, kernel.power))


RULES = {
    "conv1d": conv1d,
    "conv2d": conv2d,
    "conv_transpose2d": conv_transpose2d,
    "linear": linear,
    "matmul": matmul,
    "mm": matmul,
}
