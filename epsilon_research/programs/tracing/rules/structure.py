"""Functions that join tensors, and tensors like others."""

from typing import TYPE_CHECKING, Any

import torch

from epsilon_research.programs.operations import Add, Affine, Concatenate, SpatialLinear
from epsilon_research.programs.tracing.contents import Content
from epsilon_research.programs.tracing.moves import reshaped
from epsilon_research.programs.tracing.rules import arithmetic
from epsilon_research.programs.tracing.rules.arguments import activations, is_activations
from epsilon_research.programs.tracing.symbolic import Weights
from epsilon_research.programs.tracing.weight_arithmetic import as_weights

if TYPE_CHECKING:
    from epsilon_research.programs.tracing.trace import Trace


def cat(trace: "Trace", tensors: Any, dim: int = 0, *, axis: Any = None) -> Content:
    """Read `torch.cat` along an axis other than the batch."""
    dim = dim if axis is None else axis
    found = [_constant_as_content(trace, tensor, tensors) for tensor in tensors]
    dim %= len(found[0].shape)
    shape = list(found[0].shape)
    shape[dim] = sum(content.shape[dim] for content in found)
    if len({content.place for content in found}) == 1:
        orders = [trace.writer.order_of(content) for content in found]
        return Content(found[0].place, tuple(shape), torch.cat(orders, dim))
    if dim == 1 and len(shape) in (2, 4):
        return trace.on_map(Concatenate(), *found, shape=shape)
    if dim in (2, 3) and len(shape) == 4:
        return _side_by_side(trace, found, dim, shape)
    return _joined(trace, found, dim, shape)


def _side_by_side(trace: "Trace", contents: list[Content], dim: int, shape: list[int]) -> Content:
    """Maps one below or beside the other: each padded with zeros, and added."""
    start = 0
    parts = []
    for content in contents:
        size = content.shape[dim]
        matrices = [torch.eye(length) for length in content.shape[2:]]
        placed = torch.zeros(shape[dim], size)
        placed[start : start + size] = torch.eye(size)
        matrices[dim - 2] = placed
        start += size
        rows, columns = (tuple(map(tuple, matrix.tolist())) for matrix in matrices)
        parts.append(trace.on_map(SpatialLinear(rows, columns), content, shape=shape))
    return trace.on_map(Add(), *parts, shape=shape)


def _joined(trace: "Trace", contents: list[Content], dim: int, shape: list[int]) -> Content:
    """Any axis, through features."""
    found = contents[0]
    for content in contents[1:]:
        place, first, second = trace.writer.joined(found, content)
        size = first + second
        orders = []
        for part, own, offset in ((found, first, 0), (content, second, first)):
            order = trace.writer.order_of(part)
            sample = order.div(own, rounding_mode="floor")
            orders.append(sample * size + order.remainder(own) + offset)
        joined = torch.cat(orders, dim)
        found = Content(place, tuple(joined.shape), joined)
    return found


def stack(trace: "Trace", tensors: Any, dim: int = 0) -> Content:
    """Read `torch.stack` along an axis behind the batch."""
    found = [_constant_as_content(trace, tensor, tensors) for tensor in tensors]
    dim %= len(found[0].shape) + 1
    wide = [(*c.shape[:dim], 1, *c.shape[dim:]) for c in found]
    parts = [reshaped(c, shape) for c, shape in zip(found, wide, strict=True)]
    return cat(trace, parts, dim)


def _constant_as_content(trace: "Trace", tensor: Any, tensors: Any) -> Content:
    """Numbers that do not depend on the images, as activations."""
    if is_activations(tensor):
        return activations(tensor)
    numbers = as_weights(tensor)
    shape = tuple(numbers.numbers.shape)
    one = Content(0, (trace.images.shape[0], 1), torch.arange(trace.images.shape[0])[:, None]
                  * trace.writer.shapes[0][0] * trace.writer.shapes[0][1]
                  * trace.writer.shapes[0][2])  # fmt: skip
    zero = trace.pointwise(Affine(0.0), one)
    order = trace.writer.order_of(zero)
    spread = Content(zero.place, shape, order.reshape(-1, *(1 for _ in shape[1:])).expand(shape))
    return arithmetic.add(trace, spread, numbers)


def _like(number: float) -> Any:
    def rule(trace: "Trace", input: Any, **kwargs: Any) -> Weights:
        shape = activations(input).shape
        return Weights(torch.tensor(number, dtype=torch.float64).expand(shape))

    return rule


def _new(number: float) -> Any:
    def rule(trace: "Trace", input: Any, *size: Any, **kwargs: Any) -> Weights:
        shape = size[0] if len(size) == 1 and not isinstance(size[0], int) else size
        return Weights(torch.tensor(number, dtype=torch.float64).expand(tuple(shape)))

    return rule


def zero_(trace: "Trace", input: Any) -> Content:
    """Read `torch.Tensor.zero_`."""
    return trace.pointwise(Affine(0.0), activations(input))


def fill(trace: "Trace", input: Any, value: Any) -> Content:
    """Read `torch.Tensor.fill_`, with a number."""
    return trace.pointwise(Affine(0.0, offset=float(value)), activations(input))


def copied(trace: "Trace", input: Any, src: Any, non_blocking: bool = False) -> Content:  # noqa: FBT001, FBT002
    """Read `torch.Tensor.copy_`."""
    if is_activations(src):
        return activations(src)
    return arithmetic.add(trace, zero_(trace, input), src)


RULES = {
    "cat": cat,
    "concat": cat,
    "concatenate": cat,
    "copy": copied,
    "fill": fill,
    "new_ones": _new(1.0),
    "new_zeros": _new(0.0),
    "ones_like": _like(1.0),
    "stack": stack,
    "zero": zero_,
    "zeros_like": _like(0.0),
}
