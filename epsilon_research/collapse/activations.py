"""Activation functions of a value m · 2^e, with the exponent carried.

f(x) = x · g(x) wherever f vanishes at 0: g is evaluated at the real x, which may underflow to 0 or
overflow to infinity without harm, and m · g(x) keeps the exponent of x. A function that does not
vanish at 0 is a constant plus such a function: the constant is returned beside it, so that small
deviations from it are kept however small they are. Functions that saturate have exponent 0 where
that of x is positive.
"""

import math

import numpy as np

from epsilon_research.compiled import njit

KINDS = (
    "affine", "clamp", "leaky_relu", "elu", "celu", "selu", "gelu", "gelu_tanh", "silu", "mish",
    "hardswish", "tanh", "softsign", "abs", "sigmoid", "hardsigmoid", "softplus", "exp", "log",
    "power",
)  # fmt: skip
"""Functions in the order of an instruction's `kind`."""

(
    AFFINE, CLAMP, LEAKY_RELU, ELU, CELU, SELU, GELU, GELU_TANH, SILU, MISH,
    HARDSWISH, TANH, SOFTSIGN, ABS, SIGMOID, HARDSIGMOID, SOFTPLUS, EXP, LOG, POWER_LAW,
) = range(20)  # fmt: skip

_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717
_SMALL = -8
"""Exponent below which a function that is not 0 at 0 is its constant and a deviation."""

_SLOPES = 256
"""Numbers of a block whose slopes are looked at."""

_GELU_TANH = math.sqrt(2.0 / math.pi)


@njit(cache=True, nogil=True)
def _sigmoid(x):
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    z = math.exp(x)
    return z / (1.0 + z)


@njit(cache=True, nogil=True)
def _softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


@njit(cache=True, nogil=True)
def _over_x(numerator, x, limit):
    """Numerator / x, its limit where x has underflowed."""
    return limit if x == 0.0 else numerator / x


@njit(cache=True, nogil=True)
def _gain(kind, x, a, b):  # noqa: C901  # a table
    """g(x) of f(x) = x · g(x)."""
    if kind == ELU:
        return 1.0 if x > 0.0 else _over_x(a * math.expm1(x), x, a)
    if kind == CELU:
        return 1.0 if x > 0.0 else _over_x(a * math.expm1(x / a), x, 1.0)
    if kind == SELU:
        if x > 0.0:
            return _SELU_SCALE
        return _SELU_SCALE * _over_x(_SELU_ALPHA * math.expm1(x), x, _SELU_ALPHA)
    if kind == GELU:
        return 0.5 * math.erfc(-x * math.sqrt(0.5))
    if kind == GELU_TANH:
        return 0.5 * (1.0 + math.tanh(_GELU_TANH * x * (1.0 + 0.044715 * x * x)))
    if kind == SILU:
        return _sigmoid(x)
    if kind == MISH:
        return math.tanh(_softplus(x))
    if kind == HARDSWISH:
        return min(max(x + 3.0, 0.0), 6.0) / 6.0
    if kind == TANH:
        return _over_x(math.tanh(x), x, 1.0)
    if kind == SOFTSIGN:
        return 1.0 / (1.0 + abs(x))
    if kind == SIGMOID:
        return _over_x(0.5 * math.tanh(0.5 * x), x, 0.25)
    if kind == SOFTPLUS:
        return _over_x(math.log1p(0.5 * math.expm1(a * x)) / a, x, 0.5)
    # EXP
    return _over_x(math.expm1(x), x, 1.0)


@njit(cache=True, nogil=True)
def _direct(kind, x, a, b):
    """F(x) of a function that saturates or is not 0 at 0, at a real x that is not tiny."""
    if kind == TANH:
        return math.tanh(x)
    if kind == SOFTSIGN:
        return math.copysign(1.0, x) if abs(x) == np.inf else x / (1.0 + abs(x))
    if kind == SIGMOID:
        return _sigmoid(x)
    if kind == HARDSIGMOID:
        return min(max(x + 3.0, 0.0), 6.0) / 6.0
    if kind == EXP:
        return math.exp(x) if x < 709.0 else np.inf
    return x if a * x > b else _softplus(a * x) / a


@njit(cache=True, nogil=True)
def _is_direct(kind, exponent):
    """Whether a function's value is written as it is, without a constant kept apart."""
    if kind in (TANH, SOFTSIGN):
        return exponent > 0
    return kind in (SIGMOID, HARDSIGMOID, SOFTPLUS, EXP) and exponent >= _SMALL


@njit(cache=True, nogil=True)
def constant_of(kind, numbers, exponent):
    """Return the part that is kept apart of a function that is not 0 at 0, for that exponent."""
    if _is_direct(kind, exponent):
        return 0.0
    if kind in (SIGMOID, HARDSIGMOID):
        return 0.5
    if kind == SOFTPLUS:
        return math.log(2.0) / numbers[0]
    return 1.0 if kind == EXP else 0.0


@njit(cache=True, nogil=True)
def weight_power(weight, power):
    """The mantissa and the exponent of weight^power."""
    mantissa, exponent = math.frexp(weight)
    return mantissa**power, exponent * power


@njit(cache=True, nogil=True)
def result_exponent(kind, exponent, numbers, power, weight):
    """The exponent of what `apply` writes."""
    if kind == AFFINE:
        return exponent + weight_power(weight, power)[1]
    if _is_direct(kind, exponent):
        return max(exponent, 0) if kind == SOFTPLUS else 0
    if kind == CLAMP and (numbers[0] > 0.0 or numbers[1] < 0.0):
        return 0
    if kind == LOG:
        return 0
    if kind == POWER_LAW:
        return math.floor(exponent * numbers[0])
    return exponent


@njit(cache=True, nogil=True)
def apply(kind, x, out, exponent, numbers, power, weight):  # noqa: C901  # a table
    """Writes f(x · 2^exponent) without its constant, in units of 2^`result_exponent`."""
    a = numbers[0] if len(numbers) > 0 else 0.0
    b = numbers[1] if len(numbers) > 1 else 0.0
    if kind == AFFINE:
        factor = a * weight_power(weight, power)[0]
        for i in range(len(x)):
            out[i] = factor * x[i]
    elif kind == CLAMP:
        if a > 0.0 or b < 0.0:
            for i in range(len(x)):
                out[i] = min(max(math.ldexp(x[i], exponent), a), b)
        else:
            low, high = math.ldexp(a, -exponent), math.ldexp(b, -exponent)
            for i in range(len(x)):
                out[i] = min(max(x[i], low), high)
    elif kind == LEAKY_RELU:
        mantissa, own = weight_power(weight, power)
        slope = math.ldexp(a * mantissa, own)
        for i in range(len(x)):
            out[i] = x[i] if x[i] > 0.0 else slope * x[i]
    elif kind == ABS:
        for i in range(len(x)):
            out[i] = abs(x[i])
    elif kind == LOG:
        for i in range(len(x)):
            out[i] = math.log(x[i]) + exponent * math.log(2.0) if x[i] > 0.0 else -np.inf
    elif kind == POWER_LAW:
        scaled = exponent * a
        rest = 2.0 ** (scaled - math.floor(scaled))
        for i in range(len(x)):
            out[i] = np.power(x[i], a) * rest
    elif _is_direct(kind, exponent):
        own = max(exponent, 0) if kind == SOFTPLUS else 0
        for i in range(len(x)):
            real = math.ldexp(x[i], exponent)
            infinite = real == np.inf and kind == SOFTPLUS
            out[i] = x[i] if infinite else math.ldexp(_direct(kind, real, a, b), -own)
    elif kind == HARDSIGMOID:
        edge = math.ldexp(0.5, -exponent)
        for i in range(len(x)):
            out[i] = min(max(x[i] / 6.0, -edge), edge)
    else:
        for i in range(len(x)):
            out[i] = x[i] * _gain(kind, math.ldexp(x[i], exponent), a, b)


@njit(cache=True, nogil=True)
def squared_slope(kind, x, step, exponent, numbers, power, weight):
    """The mean of f'(x)² over some of the numbers x, in the units of `apply`.

    Args:
        kind: See `apply`, as for the others.
        x: float64, in units of 2^exponent.
        step: Distance of the two points of a difference quotient, small against the numbers.
        exponent: Exponent of x.
        numbers: Parameters of the function.
        power: Power of the weight in them.
        weight: The constant.
    """
    count = min(len(x), _SLOPES)
    stride = len(x) // count
    points = np.empty(2 * count)
    for i in range(count):
        points[i] = x[i * stride] - 0.5 * step
        points[count + i] = x[i * stride] + 0.5 * step
    values = np.empty(2 * count)
    apply(kind, points, values, exponent, numbers, power, weight)
    total = 0.0
    for i in range(count):
        slope = (values[count + i] - values[i]) / step
        # A logarithm or root has no slope at the edge of its domain.
        if np.isfinite(slope):
            total += slope * slope
    return total / count
