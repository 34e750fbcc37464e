"""What a program becomes once all channels of a layer are known to be one map.

A plan is a straight list of instructions on registers. A register holds one map of the minibatch,
`(batch, height, width)`, that stands for a whole group of identical channels. Its value is kept as
`scale · max(x, threshold) + shift` times a power of two, where `x` lies in memory: so batch norm,
ReLU and 1×1 convolutions of one group only change four numbers, and no map is written for them.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from hashlib import blake2b
from typing import NamedTuple

from epsilon_research.programs.loops import Loop, unrolled


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
    FILL = 9  # factor · w^power everywhere
    SPATIAL = 10  # w^power · rows · (Σ multiplicity · value) · columnsᵀ
    SPATIAL_MAXIMUM = 11  # maximum over the rows and columns that two matrices name
    GATHER = 12  # pixels of the operands in another order
    APPLY = 13  # a function of `kernels_general.py`, named by `kind`
    MULTIPLY = 14  # product of two values
    DIVIDE = 15  # the first value over the second
    LARGEST = 16  # maximum of the values
    SAMPLE_NORM = 17  # the first value, by each sample's statistics of the others
    PIXEL_NORM = 18  # likewise, by each pixel's statistics of the others
    RESPONSE_NORM = 19  # likewise, over a power of the others' sum of squares
    SOFTMAX = 20  # exp of the first value over that of the others; kind 1: its logarithm

    # Instructions are hashed wherever one is looked for; an enumeration hashes its name.
    __hash__ = int.__hash__


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
    """True if the result is one number per sample, kept in float64, rather than a map."""
    kind: int = 0
    """APPLY: which function. SOFTMAX: whether its logarithm."""
    numbers: tuple[float, ...] = ()
    """Parameters of a function or norm; SPATIAL: entries of both matrices, row by row."""
    indices: bytes = b""
    """int32. GATHER: (operand, pixel) of each pixel. SPATIAL and its maximum: of both matrices the
    first entry of each row, and one more, and the column of each entry."""

    @property
    def sources(self) -> list[int]:
        """The registers that it reads."""
        return [register for register, _ in self.operands]


@dataclass(frozen=True)
class Plan:
    """Instructions without dead code or repetition; the last one's register is the output.

    `rolled` is empty when nothing but zeros reaches the output (a disconnected cell). `input_shape`
    is (channels, height, width) of the images that the plan was made for.
    """

    rolled: tuple[Instruction, ...]
    """The instructions, those of a loop once."""
    input_shape: tuple[int, int, int]
    repeats: tuple[int, ...] = (1,)
    """Number of outputs that each of the distinct ones stands for, but for a common factor; the
    output's map has one part of equal height for each."""
    loops: tuple[Loop, ...] = ()

    @cached_property
    def instructions(self) -> tuple[Instruction, ...]:
        """All instructions, those of a loop as often as they run."""
        if not self.loops:
            return self.rolled
        instructions = []
        for step, read in unrolled([one.sources for one in self.rolled], self.loops):
            one = self.rolled[step]
            operands = tuple(zip(read, [n for _, n in one.operands], strict=True))
            instructions.append(one._replace(operands=operands))
        return tuple(instructions)

    @property
    def connected(self) -> bool:
        """Return whether the output depends on the minibatch at all."""
        return bool(self.rolled)


_ORDERED = frozenset(
    {
        Op.GATHER,
        Op.DIVIDE,
        Op.MULTIPLY,
        Op.LARGEST,
        Op.SAMPLE_NORM,
        Op.PIXEL_NORM,
        Op.RESPONSE_NORM,
        Op.SOFTMAX,
    }
)
"""Instructions that are not a function of the sum of their operands."""


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
        if instruction.op in _ORDERED:
            op, used, *fields = instruction
            parts = [(sorted(sums[register].items()), n) for register, n in used]
            sums.append({_digest((int(op), *fields, parts)): 1})
        elif instruction.op == Op.COMBINE:
            sums.append(terms)
        elif instruction.op == Op.SCALE and instruction.power == 0:
            sums.append({digest: n * instruction.factor for digest, n in terms.items()})
        else:
            op, _, *fields = instruction
            sums.append({_digest((int(op), *fields, sorted(terms.items()))): 1})
    if not sums:
        return _digest("zero").hex()
    output = sorted(sums[-1].items())
    return _digest(output if plan.repeats == (1,) else (output, plan.repeats)).hex()


def _digest(value: object) -> bytes:
    return blake2b(repr(value).encode(), digest_size=16).digest()
