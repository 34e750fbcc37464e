"""The tensor that is sent through a network to see what the network does.

A `Traced` tensor has a shape and a type but no numbers (it lies on PyTorch's `meta` device). Each
function of PyTorch that meets one runs on the meta tensors first, so that shapes and errors are
PyTorch's own, and then a rule says what it means. Tensors that do not depend on the images are
`Weights`: known numbers times a power of the constant weight.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from epsilon_research.programs.tracing.contents import Content, Memory


@dataclass(frozen=True, slots=True)
class Weights:
    """Known numbers (float64, any shape) times the constant weight to the `power`."""

    numbers: torch.Tensor
    power: int = 0

    @property
    def constant(self) -> float | None:
        """The number that all are, None if they differ."""
        flat = self.numbers
        if not flat.numel():
            return None
        first = flat[(0,) * flat.ndim]
        # Expanded numbers share one place in memory.
        if all(stride == 0 for stride in flat.stride()):
            return float(first)
        return float(first) if bool((flat == first).all()) else None

    @property
    def is_zero(self) -> bool:
        """Return whether all numbers are 0."""
        return self.constant == 0


class Traced(torch.Tensor):
    """A meta tensor with a meaning: activations, weights, or unknown (None)."""

    meaning: "Memory | Weights | None"
    positions: torch.Tensor | None
    """Where the tensor's numbers stand in the content of its memory, flat; None: all, in order."""
    dispatcher: Callable[..., Any]

    @staticmethod
    def of(
        shape_of: torch.Tensor,
        meaning: "Memory | Weights | None",
        dispatcher: Callable[..., Any],
        view: torch.Tensor | None = None,
    ) -> "Traced":
        """A traced tensor with the shape and type of a meta tensor."""
        made = torch.Tensor._make_subclass(Traced, shape_of)
        made.meaning, made.positions, made.dispatcher = meaning, view, dispatcher
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> "Traced":
        return self

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Hands every function over to the trace that the tensor belongs to."""
        first = next(_traced((*args, *(kwargs or {}).values())), None)
        if first is None or not hasattr(first, "dispatcher"):
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **(kwargs or {}))
        return first.dispatcher(func, args, kwargs or {})


def _traced(values: Any) -> Any:
    for value in values:
        if isinstance(value, Traced):
            yield value
        elif isinstance(value, list | tuple):
            yield from _traced(value)


def content_of(tensor: Traced) -> Content:
    """Return the content that a tensor of activations has now."""
    memory = tensor.meaning
    assert isinstance(memory, Memory)
    content = memory.content
    if tensor.positions is None:
        return content
    shape = tuple(_shape(tensor))
    if content.order is None:
        return Content(content.place, shape, tensor.positions.reshape(shape))
    return Content(content.place, shape, content.order.flatten()[tensor.positions].reshape(shape))


def _shape(tensor: torch.Tensor) -> torch.Size:
    with torch._C.DisableTorchFunctionSubclass():
        return tensor.shape
