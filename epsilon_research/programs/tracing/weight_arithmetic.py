"""What functions of parameters and constants give: known numbers times a power of w."""

from typing import Any

import torch

from epsilon_research.programs.tracing.contents import UnsupportedLayerError
from epsilon_research.programs.tracing.moves import MOVES
from epsilon_research.programs.tracing.symbolic import Traced, Weights

_DEGREE_ONE = MOVES | frozenset(
    (  # noqa: SIM905  # as in `moves.py`
        "__neg__ abs amax amin cat concat concatenate double float linalg_vector_norm max mean min "
        "neg norm relu std stack sum to type type_as"
    ).split()
)
"""f(w · x) = w · f(x) for w > 0, so the power of w stays; `var` doubles it."""


_EXACT = (torch.float32, torch.float64)


def as_weights(value: Any) -> Weights:
    """A number, a tensor of known numbers, or a traced parameter, as `Weights`.

    Raises:
        UnsupportedLayerError: It is anything else.
    """
    if isinstance(value, Weights):
        return value
    if isinstance(value, Traced):
        if isinstance(value.meaning, Weights):
            return value.meaning
        raise UnsupportedLayerError("a parameter or a constant was expected")
    if isinstance(value, torch.Tensor):
        if value.device.type == "meta":
            raise UnsupportedLayerError("a tensor without numbers has no meaning")
        return Weights(value.detach().to("cpu", torch.float64))
    if isinstance(value, int | float):
        return Weights(torch.tensor(float(value), dtype=torch.float64))
    raise UnsupportedLayerError(f"a number or a tensor was expected, got {type(value).__name__}")


def weights_of_function(func: Any, name: str, args: tuple, kwargs: dict[str, Any]) -> list[Weights]:
    """The results of a function whose tensors do not depend on the images.

    Raises:
        UnsupportedLayerError: The result is not a power of w times known numbers.
    """
    tensors = [value for value in _flat(args) if isinstance(value, torch.Tensor)]
    tensors += [value for value in _flat(tuple(kwargs.values())) if isinstance(value, torch.Tensor)]
    parts = [as_weights(tensor) for tensor in tensors]
    powers = {part.power for part in parts if not part.is_zero}
    operator = name.strip("_").removeprefix("r") if name.startswith("__r") else name.strip("_")
    if operator in ("mul", "multiply"):
        power = sum(part.power for part in parts)
    elif operator in ("div", "truediv", "true_divide", "divide"):
        power = _quotient_power(args, swapped=name.startswith("__r"))
    elif powers <= {0}:
        power = 0
    elif (
        operator in ("add", "sub", "addcmul") and len(parts) == len(args) and len(powers) == 1
    ) or (name in _DEGREE_ONE and len(powers) == 1):
        power = powers.pop()
    elif name in ("var", "square") and len(powers) == 1:
        power = 2 * powers.pop()
    else:
        raise UnsupportedLayerError("a function of parameters that is not a power of the weight")
    with torch.no_grad():
        found = func(*_numbers(args), **{k: _numbers((v,))[0] for k, v in kwargs.items()})
    results = [found] if isinstance(found, torch.Tensor) else list(found)
    if power and any(result.dtype not in _EXACT for result in results):
        raise UnsupportedLayerError("parameters must not be rounded")
    return [Weights(result, 0 if power and not result.any() else power) for result in results]


def _quotient_power(args: tuple, *, swapped: bool) -> int:
    first, second = (as_weights(value) for value in args[:2])
    if first.is_zero and not swapped:
        return 0
    power = first.power - second.power
    return -power if swapped else power


def _flat(values: Any) -> Any:
    for value in values:
        if isinstance(value, tuple | list):
            yield from _flat(value)
        else:
            yield value


def _numbers(values: Any) -> Any:
    found = []
    for value in values:
        if isinstance(value, Traced) or (
            isinstance(value, torch.Tensor) and value.is_floating_point()
        ):
            found.append(as_weights(value).numbers)
        elif isinstance(value, tuple | list) and not isinstance(value, torch.Size):
            found.append(type(value)(_numbers(value)))
        else:
            found.append(value)
    return type(values)(found) if isinstance(values, tuple | list) else found
