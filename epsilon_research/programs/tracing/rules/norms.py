"""Normalisations."""

from math import prod
from typing import TYPE_CHECKING, Any

from epsilon_research.programs.operations import (
    Affine,
    BatchNorm,
    ChannelNorm,
    GroupNorm,
    LocalResponseNorm,
)
from epsilon_research.programs.tracing.contents import BATCH, Content, UnsupportedLayerError
from epsilon_research.programs.tracing.moves import axis_to_channels, channels_to_axis, reshaped
from epsilon_research.programs.tracing.rules import arithmetic
from epsilon_research.programs.tracing.rules.arguments import activations
from epsilon_research.programs.tracing.symbolic import Weights
from epsilon_research.programs.tracing.weight_arithmetic import as_weights

if TYPE_CHECKING:
    from epsilon_research.programs.tracing.trace import Trace


def _is_plain_scale(weight: Any, bias: Any) -> bool:
    """Whether a norm has the constant weight as its scale, and no shift."""
    if weight is None or bias is None:
        return False
    scale = as_weights(weight)
    return scale.constant == 1 and scale.power == 1 and as_weights(bias).is_zero


def _scaled(trace: "Trace", x: Content, weight: Any, bias: Any, shape: tuple[int, ...]) -> Content:
    """X times a scale plus a shift, which have the axes `shape` of the tensor."""
    for parameter, rule in ((weight, arithmetic.mul), (bias, arithmetic.add)):
        if parameter is not None:
            numbers = as_weights(parameter)
            x = rule(trace, x, Weights(numbers.numbers.reshape(shape), numbers.power))
    return x


def _per_channel(x: Content) -> tuple[int, ...]:
    return (-1, *(1 for _ in x.shape[2:]))


def batch_norm(
    trace: "Trace", input: Any, running_mean: Any, running_var: Any, weight: Any = None,
    bias: Any = None, training: bool = False, momentum: float = 0.1,  # noqa: FBT001, FBT002
    eps: float = 1e-5,
) -> Content:  # fmt: skip
    """Read `torch.nn.functional.batch_norm`."""
    x = activations(input)
    for parameter in (running_mean, running_var, weight, bias):
        if parameter is not None and as_weights(parameter).numbers.shape != x.shape[1:2]:
            raise UnsupportedLayerError("a batch norm must have one number for each channel")
    if not training and running_mean is not None:
        return _by_running(trace, x, running_mean, running_var, weight, bias, eps)
    plain = _is_plain_scale(weight, bias)
    found = trace.on_map(BatchNorm(eps, affine=plain), x, shape=x.shape)
    return found if plain else _scaled(trace, found, weight, bias, _per_channel(x))


def _by_running(
    trace: "Trace", x: Content, mean: Any, var: Any, weight: Any, bias: Any, eps: float
) -> Content:
    """Statistics that are buffers of the network."""
    centres, widths = as_weights(mean).numbers, as_weights(var).numbers
    factor = (widths + eps) ** -0.5
    offset = -centres * factor
    numbers = [tuple(values.tolist()) for values in (factor, offset)]
    found = trace.on_map(Affine(numbers[0], offset=numbers[1]), x, shape=x.shape)
    return _scaled(trace, found, weight, bias, _per_channel(x))


def instance_norm(
    trace: "Trace", input: Any, running_mean: Any = None, running_var: Any = None,
    weight: Any = None, bias: Any = None, use_input_stats: bool = True,  # noqa: FBT001, FBT002
    momentum: float = 0.1, eps: float = 1e-5,
) -> Content:  # fmt: skip
    """Read `torch.nn.functional.instance_norm`."""
    x = activations(input)
    if not use_input_stats:
        return _by_running(trace, x, running_mean, running_var, weight, bias, eps)
    return group_norm(trace, x, x.shape[1], weight, bias, eps)


def group_norm(
    trace: "Trace", input: Any, num_groups: int, weight: Any = None, bias: Any = None,
    eps: float = 1e-5,
) -> Content:  # fmt: skip
    """Read `torch.nn.functional.group_norm`."""
    x = activations(input)
    plain = _is_plain_scale(weight, bias)
    found = trace.on_map(GroupNorm(num_groups, eps, affine=plain), x, shape=x.shape)
    return found if plain else _scaled(trace, found, weight, bias, _per_channel(x))


def layer_norm(
    trace: "Trace", input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None,
    eps: float = 1e-5,
) -> Content:  # fmt: skip
    """Read `torch.nn.functional.layer_norm`."""
    x = activations(input)
    axes = 1 if isinstance(normalized_shape, int) else len(normalized_shape)
    if axes >= len(x.shape):
        raise UnsupportedLayerError("a norm over the batch axis mixes images")
    plain = _is_plain_scale(weight, bias)
    if axes == 1 and len(x.shape) > 2:
        channels = axis_to_channels(trace, x, -1)
        found = trace.on_map(ChannelNorm(eps, affine=plain), channels, shape=channels.shape)
        found = channels_to_axis(found, len(x.shape) - 1, x.shape)
    elif axes == len(x.shape) - 1:
        found = trace.on_map(GroupNorm(1, eps, affine=plain), x, shape=x.shape)
    else:
        lead = prod(x.shape[1 : len(x.shape) - axes])
        rows = reshaped(x, (BATCH, lead, prod(x.shape[1:]) // lead, 1))
        if len(x.shape) == 4 and axes == 2:
            rows = x
        found = trace.on_map(GroupNorm(lead, eps, affine=plain), rows, shape=rows.shape)
        found = reshaped(found, x.shape) if rows is not x else found
    return found if plain else _scaled(trace, found, weight, bias, tuple(x.shape[-axes:]))


def rms_norm(
    trace: "Trace", input: Any, normalized_shape: Any, weight: Any = None, eps: Any = None
) -> Content:
    """Read `torch.nn.functional.rms_norm`."""
    from epsilon_research.programs.tracing.rules.reductions import mean

    x = activations(input)
    shape = [normalized_shape] if isinstance(normalized_shape, int) else list(normalized_shape)
    axes = tuple(range(len(x.shape) - len(shape), len(x.shape)))
    squares = mean(trace, arithmetic.mul(trace, x, x), axes, keepdim=True)
    # PyTorch's default: of the type of the input, float64 here.
    shifted = arithmetic.add(trace, squares, 2.0**-52 if eps is None else eps)
    found = arithmetic.mul(trace, x, arithmetic.power(trace, shifted, -0.5))
    return _scaled(trace, found, weight, None, tuple(shape))


def local_response_norm(
    trace: "Trace", input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Content:
    """Read `torch.nn.functional.local_response_norm`."""
    x = activations(input)
    return trace.on_map(LocalResponseNorm(size, alpha, beta, k), x, shape=x.shape)


RULES = {
    "batch_norm": batch_norm,
    "group_norm": group_norm,
    "instance_norm": instance_norm,
    "layer_norm": layer_norm,
    "local_response_norm": local_response_norm,
    "rms_norm": rms_norm,
}
