"""Which paths of a network the limits of constant weights choose, read from its graph alone.

`PROTOCOL.md` derives the rules. No image and no forward pass is needed: a value of the network is
represented by how many factors of w it has, how large it is beside them, and how many
convolutions lie on the paths that make it.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from epsilon_research.programs import Program
from epsilon_research.programs.operations import (
    Add,
    BatchNorm,
    Concatenate,
    Convolution,
    Linear,
    Operation,
    Zero,
    pair,
)


class Signal(NamedTuple):
    """A value of the network at a limit.

    Factors of w, the logarithm of what stands beside them, as if all signs were equal, and the mean
    number of convolutions on the paths that are left.
    """

    exponent: int = 0
    size: float = 0.0
    depth: float = 0.0


def limit_paths(program: Program) -> tuple[Signal, Signal] | None:
    """Return the output as w→0 and as w→∞; None if it does not depend on the network's input.

    Raises:
        ValueError: A layer of several inputs is neither a sum nor a concatenation.
    """
    low, high = (_output(program, small=small) for small in (True, False))
    return None if low is None or high is None else (low, high)


def _output(program: Program, *, small: bool) -> Signal | None:
    signals: list[Signal | None] = []
    for layer in program.layers:
        operation, sources = layer.operation, list(layer.inputs)
        present = [found for source in sources if (found := signals[source]) is not None]
        if not sources:
            signals.append(Signal())
        elif isinstance(operation, Zero) or not present:
            signals.append(None)
        elif isinstance(operation, Add | Concatenate):
            # The smallest power of w wins as w→0, the largest as w→∞.
            exponents = [signal.exponent for signal in present]
            exponent = min(exponents) if small else max(exponents)
            signals.append(_sum([one for one in present if one.exponent == exponent]))
        elif len(sources) > 1:
            raise ValueError(
                f"layers of several inputs must be sums or concatenations, got {operation!r}: "
                "choose another search space"
            )
        else:
            fan_in = program.layers[sources[0]].channels
            signals.append(_through(operation, present[0], fan_in=fan_in, small=small))
    return signals[-1]


def _through(operation: Operation, signal: Signal, *, fan_in: int, small: bool) -> Signal:
    exponent, size, depth = signal
    if isinstance(operation, BatchNorm):
        if small:  # of a variance far below eps
            return Signal(exponent + operation.affine, size - math.log(operation.eps) / 2, depth)
        return Signal(int(operation.affine), 0.0, depth)
    if isinstance(operation, Convolution):
        height, width = pair(operation.kernel_size)
        size += math.log(fan_in) + math.log(height * width / operation.groups)
        return Signal(exponent + 1, size, depth + 1)
    if isinstance(operation, Linear):
        return Signal(exponent + 1, size + math.log(fan_in), depth)
    return signal


def _sum(signals: Sequence[Signal]) -> Signal:
    """The sum of terms with one exponent; their depths are averaged by their sizes."""
    largest = max(signal.size for signal in signals)
    shares = [math.exp(signal.size - largest) for signal in signals]
    depth = sum(share * signal.depth for share, signal in zip(shares, signals, strict=True))
    size = largest + math.log(sum(shares))
    return Signal(signals[0].exponent, size, depth / sum(shares))
