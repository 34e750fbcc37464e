"""The network of a NAS-Bench-101 cell, and the number of its parameters.

References:
    Ying et al., "NAS-Bench-101: Towards Reproducible Neural Architecture Search", ICML 2019, and
    the released model builder, for how channels are divided among vertices.
"""

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np

from epsilon_research.programs import Layer, Program, ProgramBuilder
from epsilon_research.programs.operations import (
    Add,
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
)
from epsilon_research.spaces.nb101_graph import NUM_LABELS, OPERATIONS, Cell, label_digits

_IMAGE_CHANNELS = 3
STACK_CHANNELS = (128, 256, 512)
_CELLS_PER_STACK = 3
_KERNEL_SIZES = {OPERATIONS.index("c3"): 3, OPERATIONS.index("c1"): 1}
"""The labels that are convolutions; the other one is the pool."""

_CELL_WIDTHS = tuple(
    (STACK_CHANNELS[max(stack - (place == 0), 0)], channels)
    for stack, channels in enumerate(STACK_CHANNELS)
    for place in range(_CELLS_PER_STACK)
)
"""(input channels, output channels) of each cell from first to last."""


def vertex_channels(cell: Cell, output_channels: int) -> list[int]:
    """Return the channels of the interior vertices, with a 0 for input and output.

    Those that feed the output share its channels, the first ones getting one more where these do
    not divide; the others are as wide as the widest that they feed.
    """
    last = cell.num_vertices - 1
    channels = [0] * cell.num_vertices
    feeding = [vertex for vertex in cell.sources(last) if vertex]
    for place, vertex in enumerate(feeding):
        channels[vertex] = output_channels // len(feeding)
        channels[vertex] += place < output_channels % len(feeding)
    for vertex in range(last - 1, 0, -1):
        if not cell.has_edge(vertex, last):
            fed = [to for to in range(vertex + 1, last) if cell.has_edge(vertex, to)]
            channels[vertex] = max(channels[to] for to in fed)
    return channels


@lru_cache(maxsize=4096)
def _conv_bn_relu(channels: int, kernel_size: int) -> tuple[Operation, ...]:
    convolution = Convolution(channels, kernel_size, padding=kernel_size // 2)
    return (convolution, BatchNorm(), ReLU())


_truncate = lru_cache(maxsize=4096)(Truncate)
_ADD, _CONCATENATE, _POOL, _HALVE = Add(), Concatenate(), MaxPool(3, 1, 1), MaxPool(2, 2)


def _chain(builder: ProgramBuilder, source: int, operations: Sequence[Operation]) -> int:
    for operation in operations:
        source = builder.append(operation, source)
    return source


def _cell_program(cell: Cell, output_channels: int) -> Program:
    """One cell by itself, on as many channels as it has at its output."""
    builder = ProgramBuilder(input_channels=output_channels)
    last = cell.num_vertices - 1
    channels = vertex_channels(cell, output_channels)
    places = [builder.input] * cell.num_vertices
    for vertex in range(1, last):
        width, label = channels[vertex], cell.labels[vertex - 1]
        # The projection last, as the published networks add, so that float32 rounds alike.
        terms = [
            places[source]
            if channels[source] == width
            else builder.append(_truncate(width), places[source])
            for source in cell.sources(vertex)
            if source
        ]
        if cell.has_edge(0, vertex):
            terms.append(_chain(builder, builder.input, _conv_bn_relu(width, 1)))
        summed = terms[0] if len(terms) == 1 else builder.append(_ADD, *terms)
        layers = _conv_bn_relu(width, _KERNEL_SIZES[label]) if label in _KERNEL_SIZES else (_POOL,)
        places[vertex] = _chain(builder, summed, layers)
    _output(builder, [places[v] for v in cell.sources(last) if v], cell, output_channels)
    return builder.build()


def _output(
    builder: ProgramBuilder, feeding: Sequence[int], cell: Cell, output_channels: int
) -> None:
    """Joins what feeds the output, and adds the projection of an edge from the input."""
    terms = [builder.append(_CONCATENATE, *feeding)] if len(feeding) > 1 else list(feeding)
    if cell.has_edge(0, cell.num_vertices - 1):
        terms.append(_chain(builder, builder.input, _conv_bn_relu(output_channels, 1)))
    if len(terms) > 1:
        builder.append(_ADD, *terms)


def _on_channels(cell_program: Program, input_channels: int) -> Program:
    """The same cell on other channels: no layer names those that it reads."""
    first = Layer(Input(input_channels), (), input_channels)
    return Program((first, *cell_program.layers[1:]))


def network_program(cell: Cell, *, num_outputs: int) -> Program:
    """Return the network: stem, three stacks of three cells, pools between, global mean, linear.

    Layers that would change nothing (a sum of one term, a truncation to all channels) are left out.
    """
    builder = ProgramBuilder(input_channels=_IMAGE_CHANNELS)
    value = _chain(builder, builder.input, _conv_bn_relu(STACK_CHANNELS[0], 3))
    for channels in STACK_CHANNELS:
        if channels != STACK_CHANNELS[0]:
            value = builder.append(_HALVE, value)
        program = _cell_program(cell, channels)
        # What the first cell of a stack reads has other channel groups than what it gives.
        value = builder.inline(_on_channels(program, builder.channels(value)), value)
        value = builder.inline(program, value, times=_CELLS_PER_STACK - 1)
    _chain(builder, value, (GlobalMean(), Linear(num_outputs)))
    return builder.build()


@cache
def body_parameters(num_vertices: int, edge_bits: int) -> np.ndarray:
    """Return the parameters of stem and cells in every labelling, int64 [labellings].

    Labellings in the order of `label_digits`. A graph decides all widths, so that each labelling's
    count is a sum of one number per vertex.
    """
    graph = Cell(num_vertices, edge_bits, (0,) * (num_vertices - 2))
    last = num_vertices - 1
    shared = _conv_bn_parameters(_IMAGE_CHANNELS, STACK_CHANNELS[0], 3)
    by_label = np.zeros((num_vertices - 2, NUM_LABELS), np.int64)
    for input_channels, output_channels in _CELL_WIDTHS:
        channels = vertex_channels(graph, output_channels)
        for vertex in range(1, num_vertices):
            if graph.has_edge(0, vertex):
                width = output_channels if vertex == last else channels[vertex]
                shared += _conv_bn_parameters(input_channels, width, 1)
        for vertex, width in enumerate(channels[1:last]):
            for label, kernel_size in _KERNEL_SIZES.items():
                by_label[vertex, label] += _conv_bn_parameters(width, width, kernel_size)
    digits = label_digits(num_vertices)
    return shared + by_label[np.arange(num_vertices - 2), digits].sum(axis=1)


def head_parameters(num_outputs: int) -> int:
    """Return the parameters of the last layer."""
    return (STACK_CHANNELS[-1] + 1) * num_outputs


def _conv_bn_parameters(input_channels: int, output_channels: int, kernel_size: int) -> int:
    return kernel_size**2 * input_channels * output_channels + 2 * output_channels
