"""Lowers a program to a plan: channel groups instead of channels, each distinct map once."""

from collections import Counter
from collections.abc import Callable
from functools import reduce
from math import gcd
from typing import Any

import numpy as np

from epsilon_research.collapse.groups import (
    ZERO,
    Groups,
    Terms,
    aligned,
    cut,
    each,
    merged,
    weighted,
)
from epsilon_research.collapse.lowering_general import GENERAL
from epsilon_research.collapse.matrices import adjoint_bands, box_bands, mean_bands
from epsilon_research.collapse.plan import Instruction, Op, Plan
from epsilon_research.collapse.registry import Registry
from epsilon_research.collapse.repetition import NotRepeatedError, reachable, repeated_loop
from epsilon_research.programs import Layer, Program, layer_sizes
from epsilon_research.programs.loops import Loop
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
    Size,
    TransposedConvolution,
    Truncate,
    Zero,
)


def _input(low: Registry, op: Input, inputs: list[Groups], sizes: list[Size]) -> Groups:
    return tuple(
        (1, low.emit(Instruction(Op.INPUT, (), factor=channel, size=sizes[-1])))
        for channel in range(op.channels)
    )


def _zero(low: Registry, op: Zero, inputs: list[Groups], sizes: list[Size]) -> Groups:
    return ((sum([channels for channels, _ in inputs[0]]), ZERO),)


def _grouped(
    inputs: Groups, groups: int, channels: int, function: Callable[[Terms], int]
) -> Groups:
    """Every group of input channels replaced by a group of equal output channels.

    All weights being one constant, an output channel depends on which maps its group has and how
    often, and on nothing else.
    """
    if groups == 1:
        return ((channels, function(weighted(inputs))),)
    found: dict[tuple, int] = {}
    outputs = []
    for count, part in cut(inputs, sum([n for n, _ in inputs]) // groups):
        terms = weighted(part)
        key = tuple(sorted(terms.items()))
        if key not in found:
            found[key] = function(terms)
        outputs.append((count * (channels // groups), found[key]))
    return merged(outputs)


def _convolution(low: Registry, op: Convolution, inputs: list[Groups], sizes: list[Size]) -> Groups:
    kernel, stride, padding = op.kernel_size, op.stride, op.padding

    def window(terms: Terms) -> int:
        if kernel == stride == 1 and padding == 0:
            return low.scale(low.combine(terms), factor=1, power=1)
        square = isinstance(kernel, int) and isinstance(stride, int) and isinstance(padding, int)
        if square and op.dilation in (1, (1, 1)) and not _has_vectors(low, terms):
            fields = {"kernel_size": kernel, "stride": stride, "padding": padding}
            return low.window(Op.BOX, terms, sizes[-1], **fields)
        bands = box_bands(op, sizes[0], sizes[-1])
        return low.spatial(terms, bands, sizes[-1], power=1)

    return _grouped(inputs[0], op.groups, op.channels, window)


def _has_vectors(low: Registry, terms: Terms) -> bool:
    return any(low.is_vector(register) for register in terms)


def _transposed_convolution(
    low: Registry, op: TransposedConvolution, inputs: list[Groups], sizes: list[Size]
) -> Groups:
    bands = adjoint_bands(op, sizes[0], sizes[-1])
    return _grouped(
        inputs[0],
        op.groups,
        op.channels,
        lambda terms: low.spatial(terms, bands, sizes[-1], power=1),
    )


def _batch_norm(low: Registry, op: BatchNorm, inputs: list[Groups], sizes: list[Size]) -> Groups:
    fields = {"parameter": op.eps, "power": int(op.affine)}
    return each(inputs[0], lambda register: low.pointwise(Op.NORMALISE, register, **fields))


def _relu(low: Registry, op: ReLU, inputs: list[Groups], sizes: list[Size]) -> Groups:
    return each(inputs[0], lambda register: low.pointwise(Op.RECTIFY, register))


def _pool(
    low: Registry, op: AveragePool | MaxPool, inputs: list[Groups], sizes: list[Size]
) -> Groups:
    if op.kernel_size == 1 and op.stride == 1:
        return inputs[0]
    average = isinstance(op, AveragePool)
    square = all(isinstance(value, int) for value in (op.kernel_size, op.stride, op.padding))
    dilated = isinstance(op, MaxPool) and op.dilation not in (1, (1, 1))
    fields = {"kernel_size": op.kernel_size, "stride": op.stride, "padding": op.padding}

    def window(register: int) -> int:
        terms = weighted([(1, register)])
        if square and not dilated and not op.ceil_mode and not _has_vectors(low, terms):
            counts = float(isinstance(op, AveragePool) and op.count_include_pad)
            kind = Op.AVERAGE if average else Op.MAXIMUM
            return low.window(kind, terms, sizes[-1], parameter=counts, **fields)
        bands_of = mean_bands if average else box_bands
        bands = bands_of(op, sizes[0], sizes[-1])
        return low.spatial(terms, bands, sizes[-1], maximum=not average)

    return each(inputs[0], window)


def _add(low: Registry, op: Add, inputs: list[Groups], sizes: list[Size]) -> Groups:
    def total(registers: tuple[int, ...]) -> int:
        return low.combine(weighted([(1, register) for register in registers]))

    if all(len(groups) == 1 for groups in inputs):
        return ((inputs[0][0][0], total(tuple(groups[0][1] for groups in inputs))),)
    return merged([(channels, total(registers)) for channels, registers in aligned(inputs)])


def _concatenate(low: Registry, op: Concatenate, inputs: list[Groups], sizes: list[Size]) -> Groups:
    return merged([group for groups in inputs for group in groups])


def _truncate(low: Registry, op: Truncate, inputs: list[Groups], sizes: list[Size]) -> Groups:
    kept: list[tuple[int, int]] = []
    left = op.channels
    for channels, register in inputs[0]:
        if left > 0:
            kept.append((min(channels, left), register))
        left -= channels
    return merged(kept)


def _global_mean(low: Registry, op: GlobalMean, inputs: list[Groups], sizes: list[Size]) -> Groups:
    return each(inputs[0], low.mean)


def _linear(low: Registry, op: Linear, inputs: list[Groups], sizes: list[Size]) -> Groups:
    total = low.combine(weighted(each(inputs[0], low.mean)))
    # A sum over pixels is their mean times their number.
    return ((op.features, low.scale(total, factor=op.pixels, power=1)),)


_LOWERINGS: dict[type[Operation], Callable[[Registry, Any, list[Groups], list[Size]], Groups]] = {
    Input: _input,
    Zero: _zero,
    Convolution: _convolution,
    TransposedConvolution: _transposed_convolution,
    BatchNorm: _batch_norm,
    ReLU: _relu,
    AveragePool: _pool,
    MaxPool: _pool,
    Add: _add,
    Concatenate: _concatenate,
    Truncate: _truncate,
    GlobalMean: _global_mean,
    Linear: _linear,
    **GENERAL,
}

MOST_INSTRUCTIONS = 20_000
"""Distinct maps of a plan; beyond, the network is faster than its collapse."""


def lower(program: Program, *, height: int, width: int) -> Plan:
    """The plan of `program` for minibatches of `height` × `width` images.

    Raises:
        ValueError: The images do not fit the program, or it has too many distinct maps.
    """
    if program.loops:
        try:
            return _lower(program.rolled, program.loops, height, width)
        except NotRepeatedError:
            pass
    return _lower(program.layers, (), height, width)


def _lower(layers: tuple[Layer, ...], loops: tuple[Loop, ...], height: int, width: int) -> Plan:
    low = Registry()
    sizes = layer_sizes(Program(layers), height=height, width=width)
    needed = _needed(layers)
    values: list[Groups] = []
    found: list[Loop] = []
    for loop in loops:
        _lower_layers(low, values, layers[: loop.first], sizes, needed)
        first = len(low.instructions)
        _lower_layers(low, values, layers[: loop.stop], sizes, needed)
        found.append(repeated_loop(low, loop, first, values, sizes))
    _lower_layers(low, values, layers, sizes, needed)
    output, repeats = _output(low, values[-1], sizes[-1])
    kept, kept_loops = reachable(low.instructions, found, output=output)
    further = sum([(loop.times - 1) * (loop.stop - loop.first) for loop in kept_loops])
    if len(kept) + further > MOST_INSTRUCTIONS:
        raise NotRepeatedError
    if not any(instruction.op == Op.INPUT for instruction in kept):
        # Constants alone do not depend on the images.
        return Plan((), (layers[0].channels, height, width))
    return Plan(kept, (layers[0].channels, height, width), repeats, kept_loops)


def _lower_layers(
    low: Registry,
    values: list[Groups],
    layers: tuple[Layer, ...],
    sizes: list[Size],
    needed: list[bool],
) -> None:
    """Appends the values of the layers that have none yet."""
    for position in range(len(values), len(layers)):
        operation, sources, channels = layers[position]
        if needed[position]:
            inputs = [values[source] for source in sources]
            around = [sizes[source] for source in sources]
            around.append(sizes[position])
            values.append(_LOWERINGS[type(operation)](low, operation, inputs, around))
        else:
            values.append(((channels, ZERO),))
        if len(low.instructions) > MOST_INSTRUCTIONS:
            raise ValueError(
                f"a network must have at most {MOST_INSTRUCTIONS} distinct maps to be collapsed, "
                f"got more at layer {position} ({type(operation).__name__}): use the "
                "reference engine"
            )


def _output(low: Registry, groups: Groups, size: Size) -> tuple[int, tuple[int, ...]]:
    """The register of all distinct outputs, and how often each counts."""
    counts: Counter[int] = Counter()
    for channels, register in groups:
        counts[register] += channels
    if size == (1, 1):
        merged_counts: Counter[int] = Counter()
        for register, channels in counts.items():
            merged_counts[low.mean(register)] += channels
        counts = merged_counts
    registers = sorted(counts)
    if len(registers) == 1 and (size == (1, 1) or registers[0] == ZERO):
        return registers[0], (1,)
    if registers == [ZERO]:
        return ZERO, (1,)
    common = reduce(gcd, counts.values())
    pixels = size[0] * size[1]
    places = np.stack(
        [np.repeat(np.arange(len(registers)), pixels), np.tile(np.arange(pixels), len(registers))],
        axis=1,
    )
    output = low.gather(registers, places, (len(registers) * size[0], size[1]), size)
    return output, tuple(counts[register] // common for register in registers)


def _needed(layers: tuple[Layer, ...]) -> list[bool]:
    """Which layers reach the output; what a `Zero` reads does not through it."""
    needed = [False] * len(layers)
    needed[-1] = True
    for position in range(len(needed) - 1, -1, -1):
        operation, inputs, _ = layers[position]
        if needed[position] and type(operation) is not Zero:
            for source in inputs:
                needed[source] = True
    return needed
