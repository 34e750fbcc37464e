"""Compiled code of the recurrent collapse: all time steps and layers in one call.

A register holds one value of the cell for every sample of a block. Loops run over samples, without
branches, so that the compiler turns them into SIMD code; exp and tanh are therefore written out.
The same code runs in float64 and, to follow the published code, in float32, where each operation
rounds as PyTorch's does.
"""

import numpy as np

from epsilon_research.compiled import njit

LINEAR, BLEND, PRODUCT, SUM, TANH, SIGMOID, LEAKY_RELU = range(7)
"""Operations, as constants that compiled code can see."""

OP, RESULT, COUNT, FIRST = range(4)
"""Columns of a table's row; `COUNT` operands' registers begin at column `FIRST`."""

BLOCK = 256
"""Samples that run together: a cell's registers then stay in the first-level cache."""

_LOG2_E = 1.4426950408889634
# ln 2 in two parts, the first with trailing zeros so that its multiples are exact (as in fdlibm).
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
# Adding 1.5 · 2^52 leaves a number's nearest integer in the low bits of the sum.
_ROUND = 6755399441055744.0
_BIAS_MINUS_ONE = 1022
_MANTISSA_BITS = 52


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def _power_of_two(shifted):
    """2^(k − 1) for the integer k in the low bits of `shifted` = k + _ROUND."""
    bits = np.float64(shifted).view(np.int64)
    return np.int64((bits + _BIAS_MINUS_ONE) << _MANTISSA_BITS).view(np.float64)


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def _expm1_reduced(r):
    """exp(r) − 1 for |r| <= ln(2)/2: its Taylor series up to r^13, below 2^-53 relative."""
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    return r + r * r * p


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def _exp(value):
    """The exponential of `value`, infinite above 709.78, at least exp(-700); NaN stays NaN."""
    # Below -700 nothing here distinguishes exp from zero: it is only ever added to 1.
    value = -700.0 if value < -700.0 else (709.79 if value > 709.79 else value)
    shifted = value * _LOG2_E + _ROUND
    k = shifted - _ROUND
    r = value - k * _LN2_HIGH - k * _LN2_LOW
    # Twice half the power, which is finite where the power itself is just too large.
    return (1.0 + _expm1_reduced(r)) * _power_of_two(shifted) * 2.0


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def _tanh(value):
    """The hyperbolic tangent, from exp(−2|value|) − 1, so that small values keep their digits."""
    size = -value if value < 0.0 else value
    double = -80.0 if size > 40.0 else -2.0 * size
    shifted = double * _LOG2_E + _ROUND
    k = shifted - _ROUND
    r = double - k * _LN2_HIGH - k * _LN2_LOW
    power = _power_of_two(shifted) * 2.0
    expm1 = power * _expm1_reduced(r) + (power - 1.0)
    result = -expm1 / (2.0 + expm1)
    return -result if value < 0.0 else result


@njit(cache=True, nogil=True, error_model="numpy")
def tanh(result, a, kind):
    """Writes the hyperbolic tangent of `a`, computed in float64 and rounded once."""
    for i in range(len(result)):
        result[i] = kind(_tanh(np.float64(a[i])))


@njit(cache=True, nogil=True, error_model="numpy")
def sigmoid(result, a, kind):
    """Writes 1 / (1 + exp(−a)), rounded after each of its steps as PyTorch's is."""
    one = kind(1.0)
    for i in range(len(result)):
        result[i] = one / (one + kind(_exp(-np.float64(a[i]))))


@njit(cache=True, nogil=True, error_model="numpy")
def _leaky_relu(result, a, slope):
    for i in range(len(result)):
        value = a[i]
        result[i] = value if value > 0 else value * slope


@njit(cache=True, nogil=True, error_model="numpy")
def _product(result, a, b):
    for i in range(len(result)):
        result[i] = a[i] * b[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _sum(result, a, b):
    for i in range(len(result)):
        result[i] = a[i] + b[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _blend(result, a, b, c, one):
    for i in range(len(result)):
        result[i] = a[i] * b[i] + (one - a[i]) * c[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _first_term(result, a, weight, units):
    for i in range(len(result)):
        result[i] = weight * a[i] * units + weight


@njit(cache=True, nogil=True, error_model="numpy")
def _next_term(result, a, weight, units):
    for i in range(len(result)):
        result[i] += weight * a[i] * units


@njit(cache=True, nogil=True, error_model="numpy")
def _linear(row, registers, result, weight, input_units, hidden_units):
    """Writes w · units · a, summed over operands from left to right, the bias w with the first."""
    for operand in range(row[COUNT]):
        register = row[FIRST + operand]
        units = hidden_units if register else input_units
        if operand == 0:
            _first_term(result, registers[register], weight, units)
        else:
            _next_term(result, registers[register], weight, units)


@njit(cache=True, nogil=True, error_model="numpy")
def _run_node(row, registers, weight, input_units, hidden_units, kind):
    op = row[OP]
    result = registers[row[RESULT]]
    if op == LINEAR:
        _linear(row, registers, result, weight, input_units, hidden_units)
        return
    a = registers[row[FIRST]]
    if op == SIGMOID:
        sigmoid(result, a, kind)
    elif op == TANH:
        tanh(result, a, kind)
    elif op == LEAKY_RELU:
        _leaky_relu(result, a, kind(0.01))
    elif op == PRODUCT:
        _product(result, a, registers[row[FIRST + 1]])
    elif op == SUM:
        _sum(result, a, registers[row[FIRST + 1]])
    else:
        _blend(result, a, registers[row[FIRST + 1]], registers[row[FIRST + 2]], kind(1.0))


@njit(cache=True, nogil=True, error_model="numpy")
def run_layers(table, outputs, units, weight, values):
    """Runs all layers over all time steps, in place.

    Args:
        table: int64 [nodes, 6], see the column names above. Register 0 is x, 1 to `len(outputs)`
            are the previous hidden states.
        outputs: int64 [hidden states], the register of each new hidden state.
        units: [layers, 2] in the dtype of `values`: how many equal units x and a hidden state have.
        weight: The constant, of the dtype of `values`.
        values: [time, batch]: row sums of the embedded tokens on entry; on return what each unit of
            the last layer passes on.
    """
    kind = values.dtype.type
    num_states = len(outputs)
    for start in range(0, values.shape[1], BLOCK):
        stop = min(start + BLOCK, values.shape[1])
        # Of the block's own width, so that every register is contiguous for the compiler.
        registers = np.empty((1 + num_states + len(table), stop - start), values.dtype)
        for layer in range(len(units)):
            registers[1 : 1 + num_states] = weight
            for time in range(len(values)):
                registers[0] = values[time, start:stop]
                for node in range(len(table)):
                    _run_node(
                        table[node], registers, weight, units[layer, 0], units[layer, 1], kind
                    )
                values[time, start:stop] = registers[outputs[0]]
                for state in range(num_states):
                    registers[1 + state] = registers[outputs[state]]
