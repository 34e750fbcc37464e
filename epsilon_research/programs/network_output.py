"""Which tensor is scored of all that a network returns."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import torch


class NetworkError(ValueError):
    """A network that cannot be scored; the message says in one sentence what must hold."""


def select_output(outputs: Any, *, output: int | str | None = None) -> torch.Tensor:
    """The tensor that is scored among what a network returns.

    Args:
        outputs: A tensor, or tuples, lists, dictionaries or dataclasses of tensors.
        output: Index or key (of a dataclass or named tuple also the name of a field); None: the
            only tensor, or else the last one of two axes (batch, features).

    Raises:
        NetworkError: There is no such tensor, or nothing says which of several is meant.
    """
    if output is not None:
        return _tensor(_member(outputs, output), f"output {output!r} of the network")
    if isinstance(outputs, torch.Tensor):
        return outputs
    tensors = list(_tensors(outputs))
    if not tensors:
        _tensor(outputs, "what the network returns")
    if len(tensors) == 1:
        return tensors[0]
    flat = [tensor for tensor in tensors if tensor.ndim == 2]
    if not flat:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors)
        raise NetworkError(
            "one of a network's outputs must have two axes (batch, features), got shapes "
            f"{shapes}: pass output= with an index or a key"
        )
    return flat[-1]


def check_batch_axis(tensor: torch.Tensor, *, batch_size: int) -> torch.Tensor:
    """The same tensor, whose first axis is the batch.

    Raises:
        NetworkError: It is not.
    """
    if tensor.ndim == 0 or tensor.shape[0] != batch_size:
        raise NetworkError(
            f"the first axis of a network's output must be the batch of {batch_size} images, got "
            f"shape {tuple(tensor.shape)}: return one row for each image"
        )
    return tensor


def _member(outputs: Any, output: int | str) -> Any:
    if isinstance(outputs, torch.Tensor):
        raise NetworkError(
            f"output must be left out where a network returns one tensor, got {output!r}"
        )
    try:
        if isinstance(output, str) and not isinstance(outputs, Mapping):
            return getattr(outputs, output)
        return outputs[output]
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise NetworkError(
            f"output must be an index or a key of what the network returns ({_kinds(outputs)}), "
            f"got {output!r}: choose one of them"
        ) from error


def _tensor(value: Any, what: str) -> torch.Tensor:
    if not isinstance(value, torch.Tensor):
        raise NetworkError(
            f"{what} must be a tensor, got {_kinds(value)}: return or choose a tensor"
        )
    return value


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    for item in _items(value):
        yield from _tensors(item)


def _items(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, tuple | list):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in fields(value)]
    return []


def _kinds(value: Any) -> str:
    name = type(value).__name__
    if isinstance(value, Mapping):
        return f"{name} with keys {', '.join(map(repr, value))}"
    items = _items(value)
    return f"{name} of {', '.join(type(item).__name__ for item in items)}" if items else name
