"""Functions that reduce axes, and the softmax."""

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

import torch

from epsilon_research.programs.operations import (
    Activation,
    AdaptiveMaxPool,
    Affine,
    ChannelMaximum,
    ChannelMean,
    GlobalMean,
    Softmax,
    SpatialLinear,
)
from epsilon_research.programs.tracing.contents import Content, UnsupportedLayerError
from epsilon_research.programs.tracing.moves import axis_to_channels, channels_to_axis, reshaped
from epsilon_research.programs.tracing.rules import arithmetic
from epsilon_research.programs.tracing.rules.arguments import activations, axes_of, is_activations

if TYPE_CHECKING:
    from epsilon_research.programs.tracing.trace import Trace


def _reduced_axes(x: Content, dim: Any) -> tuple[int, ...]:
    axes = axes_of(dim, len(x.shape))
    if 0 in axes:
        raise UnsupportedLayerError("a function over the batch axis mixes images")
    return axes


def _kept_shape(x: Content, axes: tuple[int, ...], *, keepdim: bool) -> tuple[int, ...]:
    if keepdim:
        return tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
    return tuple(size for axis, size in enumerate(x.shape) if axis not in axes)


def _pooled(
    trace: "Trace", x: Content, axes: tuple[int, ...], *, over_space: Any, over_channels: Any
) -> Content:
    """`x` with `axes` reduced to one number each: (batch, kept axes)."""
    kept = _kept_shape(x, axes, keepdim=False)
    if len(x.shape) == 4 and axes == (2, 3):
        return reshaped(trace.on_map(over_space, x, shape=(*x.shape[:2], 1, 1)), kept)
    if len(x.shape) == 4 and axes == (1,):
        found = trace.on_map(over_channels, x, shape=(x.shape[0], 1, *x.shape[2:]))
        return reshaped(found, kept)
    order = trace.writer.order_of(x)
    others = [axis for axis in range(1, len(x.shape)) if axis not in axes]
    others_shape = prod(x.shape[axis] for axis in others)
    order = order.permute(0, *others, *axes).reshape(x.shape[0], others_shape, -1, 1)
    maps = Content(x.place, tuple(order.shape), order)
    found = trace.on_map(over_space, maps, shape=(x.shape[0], others_shape, 1, 1))
    return reshaped(found, kept)


def mean(trace: "Trace", input: Any, dim: Any = None, keepdim: bool = False,  # noqa: FBT001, FBT002
         dtype: Any = None) -> Content:  # fmt: skip
    """Read `torch.mean` over axes other than the batch."""
    x = activations(input)
    axes = _reduced_axes(x, dim)
    if len(x.shape) == 4 and len(axes) == 1 and axes[0] > 1:
        found = _mean_of_one_axis(trace, x, axes[0])
    else:
        found = _pooled(trace, x, axes, over_space=GlobalMean(), over_channels=ChannelMean())
    return reshaped(found, _kept_shape(x, axes, keepdim=keepdim))


def _mean_of_one_axis(trace: "Trace", x: Content, axis: int) -> Content:
    size = x.shape[axis]
    matrices = [torch.eye(length).tolist() for length in x.shape[2:]]
    matrices[axis - 2] = [[1.0 / size] * size]
    rows, columns = (tuple(map(tuple, matrix)) for matrix in matrices)
    shape = list(x.shape)
    shape[axis] = 1
    return trace.on_map(SpatialLinear(rows, columns), x, shape=shape)


def total(trace: "Trace", input: Any, dim: Any = None, keepdim: bool = False,  # noqa: FBT001, FBT002
          dtype: Any = None) -> Content:  # fmt: skip
    """Read `torch.sum` over axes other than the batch."""
    x = activations(input)
    count = prod(x.shape[axis] for axis in _reduced_axes(x, dim))
    return trace.pointwise(Affine(float(count)), mean(trace, x, dim, keepdim))


def largest(trace: "Trace", input: Any, dim: Any = (), keepdim: bool = False) -> Content:  # noqa: FBT001, FBT002
    """Read `torch.amax` over axes other than the batch."""
    x = activations(input)
    axes = _reduced_axes(x, None if dim == () else dim)
    found = _pooled(
        trace, x, axes, over_space=AdaptiveMaxPool((1, 1)), over_channels=ChannelMaximum()
    )
    return reshaped(found, _kept_shape(x, axes, keepdim=keepdim))


def smallest(trace: "Trace", input: Any, dim: Any = (), keepdim: bool = False) -> Content:  # noqa: FBT001, FBT002
    """Read `torch.amin`."""
    opposite = largest(trace, arithmetic.negative(trace, input), dim, keepdim)
    return arithmetic.negative(trace, opposite)


def _with_indices(
    reduce: Callable[..., Content], compare: Callable[..., Content]
) -> Callable[..., Any]:
    """`torch.max` and `torch.min`: of two tensors, or along an axis with unknown indices."""

    def rule(trace: "Trace", input: Any, dim: Any = None, keepdim: bool = False,  # noqa: FBT001, FBT002
             *, other: Any = None) -> Any:  # fmt: skip
        other = dim if is_activations(dim) or isinstance(dim, torch.Tensor) else other
        if other is not None:
            return compare(trace, input, other)
        if dim is None:
            raise UnsupportedLayerError("a function over the batch axis mixes images")
        return [reduce(trace, input, dim, keepdim), None]

    return rule


def variance(
    trace: "Trace", input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False,  # noqa: FBT001, FBT002
    *, correction: Any = None,
) -> Content:  # fmt: skip
    """Read `torch.var` over axes other than the batch."""
    x = activations(input)
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 0 if unbiased is False else 1
    axes = _reduced_axes(x, dim)
    count = prod(x.shape[axis] for axis in axes)
    centred = arithmetic.sub(trace, x, mean(trace, x, axes, keepdim=True))
    squares = mean(trace, arithmetic.mul(trace, centred, centred), axes, keepdim)
    return arithmetic.mul(trace, squares, count / (count - correction))


def deviation(trace: "Trace", *args: Any, **kwargs: Any) -> Content:
    """Read `torch.std`."""
    return arithmetic.power(trace, variance(trace, *args, **kwargs), 0.5)


def norm(
    trace: "Trace", input: Any, p: Any = 2, dim: Any = None, keepdim: bool = False,  # noqa: FBT001, FBT002
    dtype: Any = None, out: Any = None,
) -> Content:  # fmt: skip
    """Read `torch.norm` of order 1 or 2 over axes other than the batch."""
    x = activations(input)
    if p in (2, 2.0, "fro", None):
        squares = total(trace, arithmetic.mul(trace, x, x), dim, keepdim)
        return arithmetic.power(trace, squares, 0.5)
    if p == 1:
        return total(trace, trace.pointwise(Activation("abs"), x), dim, keepdim)
    raise UnsupportedLayerError(f"a norm of order {p}")


def vector_norm(
    trace: "Trace", input: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False,  # noqa: FBT001, FBT002
    *, dtype: Any = None,
) -> Content:  # fmt: skip
    """Read `torch.linalg.vector_norm`."""
    return norm(trace, input, ord, dim, keepdim)


def normalize(
    trace: "Trace", input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None
) -> Content:
    """Read `torch.nn.functional.normalize`."""
    x = activations(input)
    size = arithmetic.clamp(trace, norm(trace, x, p, dim, keepdim=True), eps)
    return arithmetic.div(trace, x, size)


def _softmax(*, log: bool) -> Callable[..., Content]:
    def rule(
        trace: "Trace", input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None
    ) -> Content:
        x = activations(input)
        if dim is None:
            raise UnsupportedLayerError("softmax without an axis")
        (axis,) = _reduced_axes(x, dim)
        channels = axis_to_channels(trace, x, axis)
        found = trace.on_map(Softmax(log=log), channels, shape=channels.shape)
        return channels_to_axis(found, axis, x.shape)

    return rule


RULES = {
    "amax": largest,
    "amin": smallest,
    "linalg_vector_norm": vector_norm,
    "log_softmax": _softmax(log=True),
    "max": _with_indices(largest, arithmetic.maximum),
    "mean": mean,
    "min": _with_indices(smallest, arithmetic.minimum),
    "norm": norm,
    "normalize": normalize,
    "softmax": _softmax(log=False),
    "std": deviation,
    "sum": total,
    "var": variance,
}
