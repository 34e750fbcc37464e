"""DARTS: stacked normal and reduction cells, the space of NAS-Bench-301."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from epsilon_research.checks import LARGEST_INTEGER, check_integer
from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.operations import (
    Add,
    AveragePool,
    BatchNorm,
    Concatenate,
    Convolution,
    GlobalMean,
    Linear,
    MaxPool,
    Pad,
    ReLU,
)
from epsilon_research.spaces.base import SearchSpace
from epsilon_research.spaces.cell_graph import CellGraph
from epsilon_research.spaces.darts_genotype import (
    NUM_INPUTS,
    NUM_NODES,
    Cell,
    Genotype,
    draw_genotype,
    mutate_genotype,
    parse_genotype,
    to_architecture_id,
)
from epsilon_research.spaces.nb201 import relu_conv_bn

_STEM_MULTIPLIER = 3


@cache
def _drawn(count: int, seed: int) -> tuple[str, ...]:
    rng = np.random.default_rng(seed)
    ids: dict[str, None] = {}
    while len(ids) < count:
        ids[to_architecture_id(draw_genotype(rng))] = None
    return tuple(ids)


def _depthwise(channels: int, kernel_size: int, stride: int = 1, *, dilation: int = 1) -> tuple:
    """Return the chain ReLU, depthwise convolution, 1×1 convolution, batch norm."""
    depthwise = Convolution(
        channels,
        kernel_size,
        stride,
        padding=dilation * (kernel_size // 2),
        dilation=dilation,
        groups=channels,
    )
    return (ReLU(), depthwise, Convolution(channels, 1), BatchNorm())


@cache
def _layers(operation: str, channels: int, stride: int) -> tuple:
    """Return the chain of layers of an operation; empty for a skip connection."""
    return {
        "max_pool_3x3": (MaxPool(3, stride, padding=1),),
        "avg_pool_3x3": (AveragePool(3, stride, padding=1),),
        "skip_connect": (),
        "sep_conv_3x3": _depthwise(channels, 3, stride) + _depthwise(channels, 3),
        "sep_conv_5x5": _depthwise(channels, 5, stride) + _depthwise(channels, 5),
        "dil_conv_3x3": _depthwise(channels, 3, stride, dilation=2),
        "dil_conv_5x5": _depthwise(channels, 5, stride, dilation=2),
    }[operation]


def _factorised_reduce(builder: ProgramBuilder, source: int, channels: int) -> int:
    """Append ReLU, two 1×1 convolutions of stride 2, joined, batch norm.

    The second convolution sees the map without its first row and column.
    """
    active = builder.append(ReLU(), source)
    half = Convolution(channels // 2, 1, stride=2)
    halves = builder.append(half, active), builder.chain(active, Pad(left=-1, top=-1), half)
    return builder.chain(builder.append(Concatenate(), *halves), BatchNorm())


def _cell(
    builder: ProgramBuilder, cell: Cell, inputs: Sequence[int], channels: int, *, reduces: bool
) -> int:
    """Append the nodes of a cell, joined; `inputs` have `channels` already."""
    values = list(inputs)
    for node in range(NUM_NODES):
        terms = []
        for operation, source in cell[2 * node : 2 * node + 2]:
            stride = 2 if reduces and source < NUM_INPUTS else 1
            if operation == "skip_connect" and stride == 2:
                terms.append(_factorised_reduce(builder, values[source], channels))
            else:
                layers = _layers(operation, channels, stride)
                terms.append(builder.chain(values[source], *layers))
        values.append(builder.append(Add(), *terms))
    return builder.append(Concatenate(), *values[NUM_INPUTS:])


def _graph(title: str, cell: Cell) -> CellGraph:
    nodes = ["last but one", "last cell", *(str(NUM_INPUTS + node) for node in range(NUM_NODES))]
    drawn = [
        (edge.source, NUM_INPUTS + place // 2, edge.operation) for place, edge in enumerate(cell)
    ]
    joined = [(NUM_INPUTS + node, len(nodes), "") for node in range(NUM_NODES)]
    return CellGraph(title, [*nodes, "output"], drawn + joined)


@dataclass(frozen=True, slots=True, kw_only=True)
class Darts(SearchSpace):
    """The networks of DARTS on CIFAR: a normal and a reduction cell of eight operations each.

    The space has 1.08e18 genotypes; `architecture_ids` are some that were drawn. An id is
    `normal: op~input … reduce: op~input …`, two edges for each of nodes 2 to 5, which read inputs 0
    and 1 (the last but one and the last cell) or earlier nodes.

    Skeleton: conv3×3(3→3C)-BN; `num_cells` cells, of which those at a third and at two thirds
    double the channels and halve the map; global mean; linear. A cell brings each input to its
    channels by ReLU-conv1×1-BN (by two shifted convolutions of stride 2, after a reduction), sums
    the two edges of each node and joins the nodes. It is the network that DARTS trains from
    scratch, without auxiliary head and drop path; batch norm stands after convolutions only.

    Args:
        channels: C. NAS-Bench-301 has 32, DARTS 16 in its search and 36 for its results.
        num_cells: NAS-Bench-301 has 8 (reductions at cells 2 and 5, from 0), DARTS 8 and 20.
        num_drawn: How many genotypes are drawn.
        generator_seed: Seed of the draw.
        num_classes: Outputs of the trained networks.

    References:
        Liu et al., "DARTS: Differentiable Architecture Search", ICLR 2019; Zela et al., "Surrogate
        NAS Benchmarks", ICLR 2022.
    """

    enumerated_as_published: ClassVar[bool] = False
    complete: ClassVar[bool] = False

    channels: int = 32
    num_cells: int = 8
    num_drawn: int = 1000
    generator_seed: int = 21
    num_classes: int = 10
    name: str = "darts"
    title: str = "DARTS"
    input_kind: str = "images"

    def __post_init__(self) -> None:
        for name, least, most in (
            ("channels", 1, 10_000),
            ("num_cells", 1, 1000),
            ("num_drawn", 1, 1_000_000),
            ("generator_seed", 0, LARGEST_INTEGER),
            ("num_classes", 1, LARGEST_INTEGER),
        ):
            check_integer(
                f"search_space.space.{name}",
                getattr(self, name),
                at_least=least,
                at_most=most,
                example=type(self).__dataclass_fields__[name].default,
            )

    @property
    def architecture_ids(self) -> Sequence[str]:
        """See `SearchSpace`; in the order of the draw."""
        return _drawn(self.num_drawn, self.generator_seed)

    def parse(self, text: str) -> str:
        """See `SearchSpace`; takes what `parse_genotype` takes."""
        return to_architecture_id(parse_genotype(text))

    def graphs(self, architecture_id: str) -> list[CellGraph]:
        """See `SearchSpace`; both cells, operations on the edges between their nodes."""
        genotype = parse_genotype(architecture_id)
        return [
            _graph(f"{name} cell", cell)
            for name, cell in zip(Genotype._fields, genotype, strict=True)
        ]

    def program(self, architecture_id: str, *, num_outputs: int) -> Program:
        """See `SearchSpace`."""
        genotype = parse_genotype(architecture_id)
        builder = ProgramBuilder(input_channels=3)
        channels = self.channels
        stem = Convolution(_STEM_MULTIPLIER * channels, 3, padding=1)
        last = before = builder.chain(builder.input, stem, BatchNorm())
        shrunk = False
        for place in range(self.num_cells):
            reduces = place in (self.num_cells // 3, 2 * self.num_cells // 3)
            channels *= 2 if reduces else 1
            project = relu_conv_bn(channels, 1, 1)
            inputs = (
                _factorised_reduce(builder, before, channels)
                if shrunk
                else builder.chain(before, *project),
                builder.chain(last, *project),
            )
            cell = genotype.reduce if reduces else genotype.normal
            before, last = last, _cell(builder, cell, inputs, channels, reduces=reduces)
            shrunk = reduces
        builder.chain(last, GlobalMean(), Linear(num_outputs))
        return builder.build()

    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """See `SearchSpace`; one operation or one input of an edge gets another value."""
        return to_architecture_id(mutate_genotype(parse_genotype(architecture_id), rng))
