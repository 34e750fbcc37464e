"""The instructions of `general.py` in 80-bit arithmetic, one NumPy expression each.

Every function takes the operands, longdouble (batch, height, width), the instruction and the
weight, and returns the result but for the power of the weight, which `extended.py` multiplies.
"""

from collections.abc import Callable, Sequence

import numpy as np

from epsilon_research.collapse.activations import KINDS
from epsilon_research.collapse.plan import Instruction, Op

Wide = np.longdouble
Maps = Sequence[np.ndarray]


def _counts(instruction: Instruction) -> np.ndarray:
    """How often each operand counts, (operands, 1, 1, 1)."""
    return np.array([n for _, n in instruction.operands], Wide)[:, None, None, None]


def _bands(
    instruction: Instruction, size: tuple[int, ...]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Columns, and numbers, of the entries of each row of both matrices; see `matrices.encode`."""
    indices = np.frombuffer(instruction.indices, np.int32)
    numbers = np.array(instruction.numbers, Wide)
    columns, factors = [], []
    for length in size:
        starts, indices = indices[: length + 1], indices[length + 1 :]
        entries, indices = indices[: starts[-1]], indices[starts[-1] :]
        columns += np.split(entries, starts[1:-1])
        if len(numbers):
            own, numbers = numbers[: starts[-1]], numbers[starts[-1] :]
            factors += np.split(own, starts[1:-1])
    return columns, factors


def _spatial(maps: Maps, instruction: Instruction, weight: np.longdouble) -> np.ndarray:
    x = (_counts(instruction) * np.array(maps)).sum(axis=0)
    columns, factors = _bands(instruction, instruction.size)
    for axis, length in zip((1, 2), instruction.size, strict=True):
        x = np.moveaxis(x, axis, 0)
        pairs = zip(columns[:length], factors[:length], strict=True)
        x = np.array([np.tensordot(f, x[c], axes=1) for c, f in pairs])
        x = np.moveaxis(x, 0, axis)
        columns, factors = columns[length:], factors[length:]
    return x


def _spatial_maximum(maps: Maps, instruction: Instruction, weight: np.longdouble) -> np.ndarray:
    (x,) = maps
    columns, _ = _bands(instruction, instruction.size)
    for axis, length in zip((1, 2), instruction.size, strict=True):
        x = np.moveaxis(x, axis, 0)
        x = np.array([x[entries].max(axis=0, initial=-np.inf) for entries in columns[:length]])
        x = np.moveaxis(x, 0, axis)
        columns = columns[length:]
    return x


def _gather(maps: Maps, instruction: Instruction, weight: np.longdouble) -> np.ndarray:
    operand, pixel = np.frombuffer(instruction.indices, np.int32).reshape(-1, 2).T
    flat = np.array(maps).reshape(len(maps), len(maps[0]), -1)
    return flat[operand, :, pixel].T.reshape(-1, *instruction.size)


def _erf(x: np.ndarray) -> np.ndarray:
    """The error function by a series of positive terms, DLMF 7.6.2."""
    squares = np.minimum(x * x, 60)
    term = total = np.ones_like(x)
    for n in range(1, 400):
        term = term * 2 * squares / (2 * n + 1)
        total = total + term
    inside = 2 / np.sqrt(np.arctan(Wide(1)) * 4) * x * np.exp(-squares) * total
    return np.where(np.abs(x) < 7, inside, np.sign(x))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _elu(x: np.ndarray, alpha: np.longdouble) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _softplus(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


_GELU_TANH = np.sqrt(1 / (np.arctan(Wide(1)) * 2))
_SELU_SCALE = Wide("1.0507009873554804934193349852946")
_SELU_ALPHA = Wide("1.6732632423543772848170429916717")

_ACTIVATIONS: dict[str, Callable[..., np.ndarray]] = {
    "clamp": np.clip,
    "leaky_relu": lambda x, slope: np.where(x > 0, x, slope * x),
    "elu": _elu,
    "celu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha)),
    "selu": lambda x: _SELU_SCALE * _elu(x, _SELU_ALPHA),
    "gelu": lambda x: x * (1 + _erf(x * np.sqrt(Wide(0.5)))) / 2,
    "gelu_tanh": lambda x: x * (1 + np.tanh(_GELU_TANH * x * (1 + Wide(0.044715) * x * x))) / 2,
    "silu": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "hardswish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "tanh": np.tanh,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "abs": np.abs,
    "sigmoid": _sigmoid,
    "hardsigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "softplus": lambda x, beta, threshold: np.where(
        beta * x > threshold, x, _softplus(beta * x) / beta
    ),
    "exp": np.exp,
    "log": np.log,
    "power": np.power,
}


def _apply(maps: Maps, instruction: Instruction, weight: np.longdouble) -> np.ndarray:
    (x,) = maps
    kind, numbers = KINDS[instruction.kind], [Wide(number) for number in instruction.numbers]
    if kind == "affine":
        factor, offset, offset_power = numbers
        return factor * weight**instruction.power * x + offset * weight**offset_power
    if kind == "leaky_relu":
        numbers = [numbers[0] * weight**instruction.power]
    return _ACTIVATIONS[kind](x, *numbers)


def _sample_norm(maps: Maps, instruction: Instruction, weight: np.longdouble) -> np.ndarray:
    return _norm(maps, instruction, axes=(0, 2, 3))


def _pixel_norm(maps: Maps, instruction: Instruction, weight: np.longdouble) -> np.ndarray:
    return _norm(maps, instruction, axes=(0,))


def _norm(maps: Maps, instruction: Instruction, *, axes: tuple[int, ...]) -> np.ndarray:
    """The first map, normalised by the mean and the variance of all others."""
    own, members = maps[0], np.array(maps[1:])
    counts = np.broadcast_to(_counts(instruction)[1:], members.shape)
    # Any number near theirs will do, so that equal ones give exactly 0.
    pivot = members[0, :, :1, :1] if len(axes) > 1 else members[0]

    def mean(of: np.ndarray) -> np.ndarray:
        return np.average(of, axis=axes, weights=counts).reshape(pivot.shape)

    centre = mean(members - pivot)
    variance = mean((members - pivot - centre) ** 2)
    centred = own - pivot - centre
    # Where all numbers are equal the result is 0, also without eps.
    spread = np.sqrt(variance + Wide(instruction.numbers[0]))
    return np.divide(centred, spread, out=np.zeros_like(centred), where=centred != 0)


def _response_norm(maps: Maps, instruction: Instruction, weight: np.longdouble) -> np.ndarray:
    alpha, beta, k = (Wide(number) for number in instruction.numbers)
    squares = (_counts(instruction)[1:] * np.array(maps[1:]) ** 2).sum(axis=0)
    return maps[0] / (k + alpha * squares) ** beta


def _softmax(maps: Maps, instruction: Instruction, weight: np.longdouble) -> np.ndarray:
    members = np.array(maps[1:])
    largest = members.max(axis=0)
    total = (_counts(instruction)[1:] * np.exp(members - largest)).sum(axis=0)
    own = maps[0] - largest
    return own - np.log(total) if instruction.kind else np.exp(own) / total


GENERAL: dict[Op, Callable[[Maps, Instruction, np.longdouble], np.ndarray]] = {
    Op.SPATIAL: _spatial,
    Op.SPATIAL_MAXIMUM: _spatial_maximum,
    Op.GATHER: _gather,
    Op.APPLY: _apply,
    Op.MULTIPLY: lambda maps, instruction, weight: maps[0] * maps[1],
    Op.DIVIDE: lambda maps, instruction, weight: maps[0] / maps[1],
    Op.LARGEST: lambda maps, instruction, weight: np.array(maps).max(axis=0),
    Op.SAMPLE_NORM: _sample_norm,
    Op.PIXEL_NORM: _pixel_norm,
    Op.RESPONSE_NORM: _response_norm,
    Op.SOFTMAX: _softmax,
}
