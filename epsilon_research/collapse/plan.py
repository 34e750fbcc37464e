"""What a program becomes once all channels of a layer are known to be one map.

A plan is a straight list of instructions on registers. A register holds one map of the minibatch,
`(batch, height, width)`, that stands for a whole group of identical channels. Its value is kept as
`scale · max(x, threshold) + shift` times a power of two, where `x` lies in memory: so batch norm,
ReLU and 1×1 convolutions of one group only change four numbers, and no map is written for them.
"""

from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from typing import NamedTuple


class Op(IntEnum):
    """Instructions. Those up to `RECTIFY` change numbers only, the others write a map."""

    INPUT = 0  # channel `factor` of the minibatch
    SCALE = 1  # factor · w^power · value
    NORMALISE = 2  # batch norm with scale w; `parameter` is eps
    RECTIFY = 3  # ReLU
    COMBINE = 4  # Σ multiplicity · value
    BOX = 5  # w · sum over a window of Σ multiplicity · value, padded with zeros
    AVERAGE = 6  # mean over a window; parameter 1: padding counts
    MAXIMUM = 7  # maximum over a window
    MEAN = 8  # mean over all pixels; the result is a vector, one number per sample


class Instruction(NamedTuple):
    """One instruction; its result is the register of its own position in the plan."""

    op: Op
    operands: tuple[tuple[int, int], ...]
    """(register, multiplicity) of each value read."""
    factor: float = 1
    """INPUT: the channel. SCALE: the factor."""
    power: int = 0
    """SCALE: how often the weight multiplies."""
    kernel_size: int = 1
    stride: int = 1
    padding: int = 0
    parameter: float = 0.0
    size: tuple[int, int] = (1, 1)
    """Height and width of the result."""
    vector: bool = False
    """Whether the result is one number per sample, kept in float64, rather than a map."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Instructions without dead code or repetition; the last one's register is the output.

    `instructions` is empty when nothing but zeros reaches the output (a disconnected cell).
    `input_shape` is (channels, height, width) of the images that the plan was made for.
    """

    instructions: tuple[Instruction, ...]
    input_shape: tuple[int, int, int]

    @property
    def connected(self) -> bool:
        """Whether the output depends on the minibatch at all."""
        return bool(self.instructions)


def canonical_hash(plan: Plan) -> str:
    """Hash of the function of minibatch and weight that a plan computes, 32 hex digits.

    Equal hashes mean equal functions. Sums are compared as multisets with nested sums opened, so
    neither the order of branches nor skip connections between sums matter.
    """
    sums: list[dict[bytes, float]] = []
    for instruction in plan.instructions:
        terms: dict[bytes, float] = {}
        for register, multiplicity in instruction.operands:
            for digest, count in sums[register].items():
                terms[digest] = terms.get(digest, 0) + count * multiplicity
        if instruction.op == Op.COMBINE:
            sums.append(terms)
        elif instruction.op == Op.SCALE and instruction.power == 0:
            sums.append({digest: n * instruction.factor for digest, n in terms.items()})
        else:
            op, _, *fields = instruction
            sums.append({_digest((int(op), *fields, sorted(terms.items()))): 1})
    return _digest(sorted(sums[-1].items()) if sums else "zero").hex()


def _digest(value: object) -> bytes:
    return blake2b(repr(value).encode(), digest_size=16).digest()
