"""Which paths of a network the limits of constant weights choose, read from its graph alone.

`PROTOCOL.md` derives the rules. No image and no forward pass is needed: a value of the network is
represented by how many factors of w it has, how large it is beside them, and how many
convolutions lie on the paths that make it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from epsilon_research.programs import Program
from epsilon_research.programs.operations import (
    Add,
    BatchNorm,
    Concatenate,
    Convolution,
    Linear,
    Zero,
    pair,
)

_FEWEST, _MOST = min, max
"""Which exponents of w win a sum: the smallest as w→0, the largest as w→∞."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A value of the network at a limit.

    Args:
        exponent: Factors of w.
        size: Logarithm of what stands beside them, as if all signs were equal.
        depth: Mean number of convolutions on the paths that are left.
    """

    exponent: int = 0
    size: float = 0.0
    depth: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """What both limits leave of a connected network.

    Args:
        low: The output as w→0.
        high: The output as w→∞.
    """

    low: Signal
    high: Signal

    @property
    def predicted_score(self) -> float:
        """How many more convolutions the paths at ∞ have."""
        return self.high.depth - self.low.depth


def limit_paths(program: Program) -> Paths | None:
    """Return what the limits leave of a network; None if its output does not depend on its input.

    Raises:
        ValueError: A layer of several inputs is neither a sum nor a concatenation.
    """
    low = _output(program, chosen=_FEWEST, normalise=_by_eps)
    high = _output(program, chosen=_MOST, normalise=_to_variance_1)
    return None if low is None or high is None else Paths(low=low, high=high)


def _by_eps(signal: Signal, norm: BatchNorm) -> Signal:
    """Batch norm of a variance far below eps."""
    return replace(
        signal, exponent=signal.exponent + norm.affine, size=signal.size - math.log(norm.eps) / 2
    )


def _to_variance_1(signal: Signal, norm: BatchNorm) -> Signal:
    """Batch norm of a variance far above eps."""
    return replace(signal, exponent=int(norm.affine), size=0.0)


def _output(
    program: Program,
    *,
    chosen: Callable[[Sequence[int]], int],
    normalise: Callable[[Signal, BatchNorm], Signal],
) -> Signal | None:
    signals: list[Signal | None] = []
    for layer in program.layers:
        operation = layer.operation
        sources = list(layer.inputs)
        given = [signals[source] for source in sources]
        present = [signal for signal in given if signal is not None]
        if not sources:
            found: Signal | None = Signal()
        elif isinstance(operation, Zero) or not present:
            found = None
        elif isinstance(operation, Add | Concatenate):
            found = _sum(present, chosen=chosen)
        elif len(sources) > 1:
            raise ValueError(
                f"layers of several inputs must be sums or concatenations, got {operation!r}: "
                "choose another search space"
            )
        elif isinstance(operation, BatchNorm):
            found = normalise(present[0], operation)
        elif isinstance(operation, Convolution | Linear):
            fan_in = program.layers[sources[0]].channels
            found = _weighted(present[0], operation, fan_in=fan_in)
        else:
            found = present[0]
        signals.append(found)
    return signals[-1]


def _weighted(signal: Signal, operation: Convolution | Linear, *, fan_in: int) -> Signal:
    size, depth = math.log(fan_in), signal.depth
    if isinstance(operation, Convolution):
        height, width = pair(operation.kernel_size)
        size += math.log(height * width / operation.groups)
        depth += 1
    return Signal(exponent=signal.exponent + 1, size=signal.size + size, depth=depth)


def _sum(signals: Sequence[Signal], *, chosen: Callable[[Sequence[int]], int]) -> Signal:
    """The terms with the chosen exponent; their depths averaged by their sizes."""
    exponent = chosen([signal.exponent for signal in signals])
    kept = [signal for signal in signals if signal.exponent == exponent]
    largest = max(signal.size for signal in kept)
    shares = [math.exp(signal.size - largest) for signal in kept]
    depth = sum(share * signal.depth for share, signal in zip(shares, kept, strict=True))
    return Signal(
        exponent=exponent, size=largest + math.log(sum(shares)), depth=depth / sum(shares)
    )
