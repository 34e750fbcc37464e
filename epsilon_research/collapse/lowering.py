"""Lowers a program to a plan: channel groups instead of channels, each distinct map once."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from epsilon_research.collapse.plan import Instruction, Op, Plan
from epsilon_research.programs import Program, layer_sizes
from epsilon_research.programs.operations import (
    Add,
    AveragePool,
    BatchNorm,
    Concatenate,
    Convolution,
    GlobalMean,
    Input,
    Linear,
    MaxPool,
    Operation,
    ReLU,
    Truncate,
    Zero,
)

ZERO = -1
"""The register of a map that is zero everywhere."""

Groups = tuple[tuple[int, int], ...]
"""Channel groups of one layer from the first channel to the last: (channels, register)."""

Size = tuple[int, int]


class _Lowering:
    """The instructions so far; equal instructions share one register (value numbering)."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self._numbers: dict[Instruction, int] = {}
        self._vectors: set[int] = set()

    def emit(self, instruction: Instruction) -> int:
        """Register of `instruction`, a new one only if it was not computed before."""
        number = self._numbers.get(instruction)
        if number is None:
            number = self._numbers[instruction] = len(self.instructions)
            self.instructions.append(instruction)
            if instruction.vector:
                self._vectors.add(number)
        return number

    def pointwise(self, op: Op, register: int, **fields: Any) -> int:
        """Register of an instruction that changes numbers only."""
        if register == ZERO:
            return ZERO
        source = self.instructions[register]
        return self.emit(
            Instruction(op, ((register, 1),), size=source.size, vector=source.vector, **fields)
        )

    def scale(self, register: int, *, factor: float, power: int) -> int:
        """Register of factor · weight^power · value."""
        if factor == 1 and power == 0:
            return register
        return self.pointwise(Op.SCALE, register, factor=factor, power=power)

    def mean(self, register: int) -> int:
        """Register of the mean over all pixels, a vector."""
        if register == ZERO or register in self._vectors:
            return register
        return self.emit(Instruction(Op.MEAN, ((register, 1),), vector=True))

    def combine(self, terms: Counter[int]) -> int:
        """Register of Σ multiplicity · register; no instruction for a single term."""
        if not self._vectors.isdisjoint(terms):
            # A map of one pixel meets a vector: its mean is the same number.
            terms = Counter({self.mean(register): n for register, n in terms.items()})
        if not terms:
            return ZERO
        if len(terms) == 1:
            ((register, multiplicity),) = terms.items()
            return self.scale(register, factor=multiplicity, power=0)
        operands = tuple(sorted(terms.items()))
        source = self.instructions[operands[0][0]]
        return self.emit(Instruction(Op.COMBINE, operands, size=source.size, vector=source.vector))

    def window(self, op: Op, terms: Counter[int], size: Size, **fields: Any) -> int:
        """Register of an instruction that slides a window over Σ multiplicity · register."""
        if not terms:
            return ZERO
        if not self._vectors.isdisjoint(terms):
            raise ValueError(
                "a padded window over a single pixel cannot be collapsed: "
                "use a 1x1 window after the global mean, or the reference engine"
            )
        return self.emit(Instruction(op, tuple(sorted(terms.items())), size=size, **fields))


def _weighted(groups: Groups) -> Counter[int]:
    """How many channels each register stands for; zeros are left out."""
    terms: Counter[int] = Counter()
    for channels, register in groups:
        if register != ZERO:
            terms[register] += channels
    return terms


def _merged(groups: list[tuple[int, int]]) -> Groups:
    """The same channels with neighbours of one register joined."""
    if len(groups) == 1:
        return (groups[0],)
    merged: list[tuple[int, int]] = []
    for channels, register in groups:
        if merged and merged[-1][1] == register:
            merged[-1] = (merged[-1][0] + channels, register)
        else:
            merged.append((channels, register))
    return tuple(merged)


def _each(groups: Groups, function: Callable[[int], int]) -> Groups:
    return _merged([(channels, function(register)) for channels, register in groups])


def _input(low: _Lowering, op: Input, inputs: list[Groups], size: Size) -> Groups:
    return tuple(
        (1, low.emit(Instruction(Op.INPUT, (), factor=channel, size=size)))
        for channel in range(op.channels)
    )


def _zero(low: _Lowering, op: Zero, inputs: list[Groups], size: Size) -> Groups:
    return ((sum([channels for channels, _ in inputs[0]]), ZERO),)


def _convolution(low: _Lowering, op: Convolution, inputs: list[Groups], size: Size) -> Groups:
    terms = _weighted(inputs[0])
    if op.kernel_size == 1 and op.stride == 1 and op.padding == 0:
        return ((op.channels, low.scale(low.combine(terms), factor=1, power=1)),)
    register = low.window(
        Op.BOX,
        terms,
        size,
        kernel_size=op.kernel_size,
        stride=op.stride,
        padding=op.padding,
    )
    return ((op.channels, register),)


def _batch_norm(low: _Lowering, op: BatchNorm, inputs: list[Groups], size: Size) -> Groups:
    return _each(
        inputs[0], lambda register: low.pointwise(Op.NORMALISE, register, parameter=op.eps)
    )


def _relu(low: _Lowering, op: ReLU, inputs: list[Groups], size: Size) -> Groups:
    return _each(inputs[0], lambda register: low.pointwise(Op.RECTIFY, register))


def _pool(low: _Lowering, op: AveragePool | MaxPool, inputs: list[Groups], size: Size) -> Groups:
    if op.kernel_size == 1 and op.stride == 1:
        return inputs[0]
    average = isinstance(op, AveragePool)
    return _each(
        inputs[0],
        lambda register: low.window(
            Op.AVERAGE if average else Op.MAXIMUM,
            Counter() if register == ZERO else Counter({register: 1}),
            size,
            kernel_size=op.kernel_size,
            stride=op.stride,
            padding=op.padding,
            parameter=float(isinstance(op, AveragePool) and op.count_include_pad),
        ),
    )


def _boundaries(groups: Groups) -> list[int]:
    """Channel numbers at which a group ends."""
    ends: list[int] = []
    for channels, _ in groups:
        ends.append(channels + (ends[-1] if ends else 0))
    return ends


def _add(low: _Lowering, op: Add, inputs: list[Groups], size: Size) -> Groups:
    if all(len(groups) == 1 for groups in inputs):
        terms = Counter([groups[0][1] for groups in inputs])
        terms.pop(ZERO, None)
        return ((inputs[0][0][0], low.combine(terms)),)
    ends = [_boundaries(groups) for groups in inputs]
    cuts = [0, *sorted(set().union(*ends))]
    cursors = [0] * len(inputs)
    result = []
    for start, stop in pairwise(cuts):
        terms: Counter[int] = Counter()
        for branch, groups in enumerate(inputs):
            while ends[branch][cursors[branch]] <= start:
                cursors[branch] += 1
            register = groups[cursors[branch]][1]
            if register != ZERO:
                terms[register] += 1
        result.append((stop - start, low.combine(terms)))
    return _merged(result)


def _concatenate(low: _Lowering, op: Concatenate, inputs: list[Groups], size: Size) -> Groups:
    return _merged([group for groups in inputs for group in groups])


def _truncate(low: _Lowering, op: Truncate, inputs: list[Groups], size: Size) -> Groups:
    kept: list[tuple[int, int]] = []
    left = op.channels
    for channels, register in inputs[0]:
        if left > 0:
            kept.append((min(channels, left), register))
        left -= channels
    return _merged(kept)


def _global_mean(low: _Lowering, op: GlobalMean, inputs: list[Groups], size: Size) -> Groups:
    return _each(inputs[0], low.mean)


def _linear(low: _Lowering, op: Linear, inputs: list[Groups], size: Size) -> Groups:
    total = low.combine(_weighted(_each(inputs[0], low.mean)))
    # A sum over pixels is their mean times their number.
    return ((op.features, low.scale(total, factor=op.pixels, power=1)),)


_LOWERINGS: dict[type[Operation], Callable[[_Lowering, Any, list[Groups], Size], Groups]] = {
    Input: _input,
    Zero: _zero,
    Convolution: _convolution,
    BatchNorm: _batch_norm,
    ReLU: _relu,
    AveragePool: _pool,
    MaxPool: _pool,
    Add: _add,
    Concatenate: _concatenate,
    Truncate: _truncate,
    GlobalMean: _global_mean,
    Linear: _linear,
}


def lower(program: Program, *, height: int, width: int) -> Plan:
    """The plan of `program` for minibatches of `height` × `width` images.

    Raises:
        ValueError: The images do not fit the program, or its output is not one channel group of
            one number per sample (it should end in a global mean or a linear layer).
    """
    low = _Lowering()
    sizes = layer_sizes(program, height=height, width=width)
    values: list[Groups] = []
    for layer, size, needed in zip(program.layers, sizes, _needed(program), strict=True):
        if needed:
            inputs = [values[source] for source in layer.inputs]
            values.append(_LOWERINGS[type(layer.operation)](low, layer.operation, inputs, size))
        else:
            values.append(((layer.channels, ZERO),))
    if len(values[-1]) != 1 or sizes[-1] != (1, 1):
        raise ValueError(
            "the output must be one number per sample, the same for all output channels, got "
            f"{len(values[-1])} channel groups of {sizes[-1][0]}x{sizes[-1][1]} pixels: end the "
            "network in a linear layer, or use the reference engine"
        )
    kept = _reachable(low.instructions, output=low.mean(values[-1][0][1]))
    return Plan(kept, (program.input_channels, height, width))


def _needed(program: Program) -> list[bool]:
    """Which layers reach the output; what a `Zero` reads does not through it."""
    needed = [False] * len(program.layers)
    needed[-1] = True
    for position in range(len(needed) - 1, -1, -1):
        operation, inputs, _ = program.layers[position]
        if needed[position] and type(operation) is not Zero:
            for source in inputs:
                needed[source] = True
    return needed


def _reachable(instructions: list[Instruction], *, output: int) -> tuple[Instruction, ...]:
    """The instructions that `output` needs, renumbered."""
    if output == ZERO:
        return ()
    needed = [False] * output + [True]
    for register in range(output, -1, -1):
        if needed[register]:
            for operand, _ in instructions[register].operands:
                needed[operand] = True
    if all(needed):
        return tuple(instructions[: output + 1])
    new_numbers: dict[int, int] = {}
    kept = []
    for register, instruction in enumerate(instructions[: output + 1]):
        if needed[register]:
            new_numbers[register] = len(kept)
            operands = tuple([(new_numbers[operand], n) for operand, n in instruction.operands])
            kept.append(instruction._replace(operands=operands))
    return tuple(kept)
