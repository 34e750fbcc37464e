"""Functions that move numbers and compute none.

They need no rule each: the function itself moves the order of a tensor, see `contents.py`.
"""

from typing import TYPE_CHECKING, Any

import torch

from epsilon_research.programs.tracing.contents import (
    Content,
    Memory,
    UnsupportedLayerError,
    natural_order,
)
from epsilon_research.programs.tracing.symbolic import Traced, Weights, content_of

if TYPE_CHECKING:
    from epsilon_research.programs.tracing.trace import Trace

MOVES = frozenset(
    (  # noqa: SIM905  # a list of quoted words is three times as long
        "H T __getitem__ adjoint as_strided broadcast_to channel_shuffle chunk clone contiguous "
        "data detach diagonal expand expand_as flatten flip fliplr flipud gather hsplit "
        "index_select mT mH movedim moveaxis narrow native_channel_shuffle permute pixel_shuffle "
        "pixel_unshuffle ravel repeat repeat_interleave reshape reshape_as roll rot90 select split "
        "split_with_sizes squeeze swapaxes swapdims t take tensor_split tile transpose unbind "
        "unflatten unfold unsafe_chunk unsafe_split unsqueeze view view_as vsplit"
    ).split()
)


def moved(  # noqa: C901  # one walk over the arguments
    trace: "Trace", func: Any, args: tuple, kwargs: dict[str, Any], meta: Any
) -> Any:
    """The result of a function of `MOVES`: new tensors, or views of the same memory."""
    source = next((arg for arg in args if isinstance(arg, Traced)), None)
    source = source if source is not None else kwargs.get("input")
    if not isinstance(source, Traced) or not isinstance(source.meaning, Memory):
        raise UnsupportedLayerError("what is moved must come from the images")
    memory = source.meaning
    base = content_of(source).shape
    view = source.positions
    view = natural_order(base) if view is None else view.reshape(base)

    def ordered(value: Any) -> Any:
        if value is source:
            return view
        if isinstance(value, Traced):
            if isinstance(value.meaning, Memory):
                # Only its shape is read, as by `view_as`.
                return natural_order(content_of(value).shape)
            if isinstance(value.meaning, Weights):
                return value.meaning.numbers
        if isinstance(value, tuple | list) and not isinstance(value, torch.Size):
            return type(value)([ordered(item) for item in value])
        return value

    found = func(*[ordered(arg) for arg in args], **{k: ordered(v) for k, v in kwargs.items()})
    if isinstance(meta, torch.Tensor):
        return _result(trace, source, memory, found, meta)
    pairs = zip(found, meta, strict=True)
    return type(meta)([_result(trace, source, memory, order, part) for order, part in pairs])


def assigned(trace: "Trace", target: Any, key: Any, value: Any) -> None:
    """`target[key] = value`, for a number, a tensor of known numbers, or activations."""
    if not isinstance(target, Traced) or not isinstance(target.meaning, Memory):
        raise UnsupportedLayerError("parameters must not be changed in the forward pass")
    shape = content_of(target).shape
    positions = target.positions
    positions = natural_order(shape) if positions is None else positions.reshape(shape)
    with torch._C.DisableTorchFunctionSubclass():
        part = target[key]
    chosen = Traced.of(part, target.meaning, trace.dispatch, positions[key])
    trace.dispatch(torch.Tensor.copy_, (chosen, torch.as_tensor(value)), {})


def _result(
    trace: "Trace", source: Traced, memory: Memory, view: torch.Tensor, meta: torch.Tensor
) -> Traced:
    with torch._C.DisableTorchFunctionSubclass():
        shared = meta.untyped_storage()._cdata == source.untyped_storage()._cdata
        if meta is source:
            return source
    result = Traced.of(meta, memory, trace.dispatch, view)
    if shared:
        return result
    return Traced.of(meta, Memory(content_of(result)), trace.dispatch)


def expanded(trace: "Trace", content: Content, shape: tuple[int, ...]) -> Content:
    """`content` broadcast to `shape`."""
    order = trace.writer.order_of(content)
    return Content(content.place, shape, order.expand(shape))


def reshaped(content: Content, shape: tuple[int, ...]) -> Content:
    """The same numbers in the same order as a tensor of `shape`."""
    order = natural_order(shape) if content.order is None else content.order.reshape(shape)
    return Content(content.place, shape, order)


def axis_to_channels(trace: "Trace", content: Content, axis: int) -> Content:
    """(batch, axis, all other axes, 1): one axis as channels, the rest as pixels."""
    order = trace.writer.order_of(content).movedim(axis, 1)
    order = order.reshape(order.shape[0], order.shape[1], -1, 1)
    return Content(content.place, tuple(order.shape), order)


def channels_to_axis(content: Content, axis: int, shape: tuple[int, ...]) -> Content:
    """The other way: `content` is (batch, n, rest, 1), in order; the result has n at `axis`."""
    batch, size = content.shape[:2]
    others = [length for position, length in enumerate(shape) if position not in (0, axis)]
    order = natural_order(content.shape).reshape(batch, size, *others).movedim(1, axis)
    return Content(content.place, tuple(order.shape), order)
