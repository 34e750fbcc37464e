"""Functions of neighbouring pixels without weights: pools, padding, resampling."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from epsilon_research.programs.operations import (
    AdaptiveMaxPool,
    Affine,
    AveragePool,
    GlobalMean,
    MaxPool,
    SpatialLinear,
)
from epsilon_research.programs.tracing.contents import Content, UnsupportedLayerError
from epsilon_research.programs.tracing.moves import reshaped
from epsilon_research.programs.tracing.rules import arithmetic
from epsilon_research.programs.tracing.rules.arguments import activations, pair_of

if TYPE_CHECKING:
    from epsilon_research.programs.tracing.trace import Trace


def _maps(value: Any) -> Content:
    x = activations(value)
    if len(x.shape) != 4:
        raise UnsupportedLayerError("maps (batch, channels, height, width) were expected")
    return x


def spatially_linear(
    trace: "Trace", x: Content, function: Callable[[torch.Tensor], torch.Tensor]
) -> Content:
    """A function that is linear in each map, along rows and along columns one after the other.

    Its two matrices are what the function itself does to maps with one bright row or column.

    Raises:
        UnsupportedLayerError: The function is not of that kind.
    """
    height, width = x.shape[2:]
    bright_rows = torch.eye(height, dtype=torch.float64)[:, None, :, None].expand(-1, 1, -1, width)
    bright_columns = torch.eye(width, dtype=torch.float64)[:, None, None].expand(-1, 1, height, -1)
    with torch.no_grad():
        by_row = function(bright_rows.contiguous())[:, 0]
        by_column = function(bright_columns.contiguous())[:, 0]
    # The response to an even map is a product of two vectors, too; where it is largest, neither
    # of them is small.
    even = by_row.sum(dim=0)
    best = int(even.abs().argmax())
    row, column = divmod(best, even.shape[1])
    rows = by_row[:, :, column].T
    columns = by_column[:, row].T / even[row, column]
    random = torch.rand(1, 1, height, width, dtype=torch.float64, generator=torch.Generator())
    with torch.no_grad():
        expected = function(random)[0, 0]
    if not torch.allclose(rows @ random[0, 0] @ columns.T, expected, rtol=1e-9, atol=1e-9):
        raise UnsupportedLayerError("it is not linear along rows and columns")
    matrices = (tuple(map(tuple, matrix.tolist())) for matrix in (rows, columns))
    shape = (*x.shape[:2], *even.shape)
    return trace.on_map(SpatialLinear(*matrices), x, shape=shape)


def max_pool2d(
    trace: "Trace", input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
    dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,  # noqa: FBT001, FBT002
) -> Content:  # fmt: skip
    """Read `torch.nn.functional.max_pool2d`."""
    if return_indices:
        raise UnsupportedLayerError("positions of maxima")
    x = _maps(input)
    operation = MaxPool(
        _short(kernel_size),
        _short(stride or kernel_size),
        _short(padding),
        _short(dilation),
        ceil_mode=ceil_mode,
    )
    place = trace.writer.append(operation, trace.writer.in_order(x))
    return Content(place, (x.shape[0], *trace.writer.shapes[place]))


def _short(value: Any) -> Any:
    height, width = pair_of(value)
    return height if height == width else (height, width)


def avg_pool2d(
    trace: "Trace", input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
    ceil_mode: bool = False, count_include_pad: bool = True,  # noqa: FBT001, FBT002
    divisor_override: Any = None,
) -> Content:  # fmt: skip
    """Read `torch.nn.functional.avg_pool2d`."""
    x = _maps(input)
    stride = stride or kernel_size
    operation = AveragePool(
        _short(kernel_size),
        _short(stride),
        _short(padding),
        # Without padding both count the same pixels, and equal layers should compare equal.
        count_include_pad=count_include_pad and pair_of(padding) != (0, 0),
        ceil_mode=ceil_mode,
    )
    if divisor_override is not None:
        return spatially_linear(
            trace,
            x,
            lambda maps: functional.avg_pool2d(
                maps, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
            ),
        )
    place = trace.writer.append(operation, trace.writer.in_order(x))
    return Content(place, (x.shape[0], *trace.writer.shapes[place]))


def adaptive_avg_pool2d(trace: "Trace", input: Any, output_size: Any) -> Content:
    """Read `torch.nn.functional.adaptive_avg_pool2d`."""
    x = _maps(input)
    size = _target(output_size, x)
    if size == (1, 1):
        return trace.on_map(GlobalMean(), x, shape=(*x.shape[:2], 1, 1))
    if size == tuple(x.shape[2:]):
        return x
    return spatially_linear(trace, x, lambda maps: functional.adaptive_avg_pool2d(maps, size))


def adaptive_max_pool2d(
    trace: "Trace", input: Any, output_size: Any, return_indices: bool = False  # noqa: FBT001, FBT002
) -> Content:  # fmt: skip
    """Read `torch.nn.functional.adaptive_max_pool2d`."""
    if return_indices:
        raise UnsupportedLayerError("positions of maxima")
    x = _maps(input)
    size = _target(output_size, x)
    return trace.on_map(AdaptiveMaxPool(size), x, shape=(*x.shape[:2], *size))


def _target(output_size: Any, x: Content) -> tuple[int, int]:
    given = (output_size,) * 2 if isinstance(output_size, int | None) else tuple(output_size)
    height, width = (
        own if wanted is None else int(wanted)
        for wanted, own in zip(given, x.shape[2:], strict=True)
    )
    return height, width


def interpolate(trace: "Trace", input: Any, *args: Any, **kwargs: Any) -> Content:
    """Read `torch.nn.functional.interpolate`."""
    x = _maps(input)
    return spatially_linear(trace, x, lambda maps: functional.interpolate(maps, *args, **kwargs))


def pad(trace: "Trace", input: Any, pad: Any, mode: str = "constant", value: Any = None) -> Content:
    """Read `torch.nn.functional.pad`."""
    x = activations(input)
    amounts = [int(amount) for amount in pad]
    if not any(amounts):
        return x
    constant = float(value or 0.0)
    if mode != "constant" or (len(x.shape) == 4 and not any(amounts[4:])):
        maps = _maps(x)
        found = spatially_linear(
            trace, maps, lambda probe: functional.pad(probe, amounts[:4], mode)
        )
        if not constant:
            return found
        # The edge alone: a constant less what padding with zeros leaves of it.
        ones = trace.pointwise(Affine(0.0, offset=1.0), maps)
        inside = spatially_linear(trace, ones, lambda probe: functional.pad(probe, amounts[:4]))
        edge = trace.pointwise(Affine(-constant, offset=constant), inside)
        return arithmetic.add(trace, found, edge)
    return _padded_axes(trace, x, amounts, constant)


def _padded_axes(trace: "Trace", x: Content, amounts: list[int], constant: float) -> Content:
    """Padding of any axis, with numbers of a channel that is constant."""
    writer = trace.writer
    filler = trace.pointwise(Affine(0.0, offset=constant), Content(0, trace.images.shape))
    place, size_own, size_filler = writer.joined(x, filler)
    size = size_own + size_filler
    order = writer.order_of(x)
    sample = order.div(size_own, rounding_mode="floor")
    moved = sample * size + order.remainder(size_own)
    padded = functional.pad(moved, amounts, value=-1)
    samples = torch.arange(padded.shape[0]).reshape(-1, *(1 for _ in padded.shape[1:]))
    padded = torch.where(padded < 0, samples * size + size_own, padded)
    return Content(place, tuple(padded.shape), padded)


def unpooled(name: str, dimensions: int) -> Callable[..., Content]:
    """A pool of sequences (batch, channels, length) as one of maps of width 1."""
    rule = RULES[name]

    def one_dimensional(trace: "Trace", input: Any, size: Any, *args: Any, **kwargs: Any) -> Any:
        x = activations(input)
        image = reshaped(x, (*x.shape, 1))
        first = size if isinstance(size, int) else size[0]
        if name.startswith("adaptive"):
            found = rule(trace, image, (first, 1))
        else:
            stride = args[0] if args else kwargs.get("stride") or first
            around = args[1] if len(args) > 1 else kwargs.get("padding", 0)
            step, edge = (v if isinstance(v, int) else v[0] for v in (stride, around))
            found = rule(trace, image, (first, 1), (step, 1), (edge, 0))
        return reshaped(found, found.shape[:3])

    return one_dimensional


RULES: dict[str, Callable[..., Any]] = {
    "adaptive_avg_pool2d": adaptive_avg_pool2d,
    "adaptive_max_pool2d": adaptive_max_pool2d,
    "avg_pool2d": avg_pool2d,
    "interpolate": interpolate,
    "max_pool2d": max_pool2d,
    "pad": pad,
}
RULES["adaptive_avg_pool1d"] = unpooled("adaptive_avg_pool2d", 1)
RULES["adaptive_max_pool1d"] = unpooled("adaptive_max_pool2d", 1)
RULES["avg_pool1d"] = unpooled("avg_pool2d", 1)
RULES["max_pool1d"] = unpooled("max_pool2d", 1)
