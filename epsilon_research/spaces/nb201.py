"""NAS-Bench-201: a cell of four nodes and six edges, one of five operations on each edge."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from epsilon_research.checks import check_integer
from epsilon_research.programs import (
    Program,
    ProgramBuilder,
    count_convolutions,
    count_parameters,
)
from epsilon_research.programs.operations import (
    Add,
    AveragePool,
    BatchNorm,
    Convolution,
    GlobalMean,
    Linear,
    ReLU,
    Zero,
)
from epsilon_research.spaces.base import Genes, SearchSpace
from epsilon_research.spaces.cell_graph import CellGraph, edge_graph

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))
"""(target node, source node) of each gene, in the order in which an id names them."""

_NUM_NODES = 3
"""Nodes with incoming edges; node n has one from each of the n nodes before it."""

_OFFICIAL_SHUFFLE_SEED = 88
"""The benchmark's authors enumerated all cells and shuffled the list with this seed."""

_STAGE_CHANNELS = (16, 32, 64)
_CELLS_PER_STAGE = 5

Genotype = tuple[str, str, str, str, str, str]


def to_architecture_id(genotype: Sequence[str]) -> str:
    """Return the official string of a cell, `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`."""
    nodes = ["", "", ""]
    for operation, (target, source) in zip(genotype, EDGES, strict=True):
        nodes[target - 1] += f"|{operation}~{source}"
    return "+".join(f"{node}|" for node in nodes)


_ARCHITECTURE_ID = re.compile(
    r"\+".join(
        "".join(rf"\|([^|~+]+)~{source}" for target, source in EDGES if target == node) + r"\|"
        for node in (1, 2, 3)
    )
)


def to_genotype(text: str) -> Genotype:
    """Return the six operations that `text` names, in the order of `EDGES`.

    Raises:
        ValueError: `text` is not a NAS-Bench-201 cell; says what is wrong with it.
    """
    match = _ARCHITECTURE_ID.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            "a NAS-Bench-201 architecture must be written |op~0|+|op~0|op~1|+|op~0|op~1|op~2|, "
            f"got {text[:100]!r}"
        )
    unknown = sorted(set(match.groups()) - set(OPERATIONS))
    if unknown:
        raise ValueError(
            f"unknown operation {unknown[0][:40]!r} in {text[:100]!r}: choose from "
            f"{', '.join(OPERATIONS)}"
        )
    return match.groups()  # pyright: ignore[reportReturnType]  # six groups by construction


@cache
def official_order() -> tuple[str, ...]:
    """Return all 15,625 architecture ids in the index order of the official benchmark files.

    Reproduces the benchmark's own enumeration (cells node by node, operations in the order of
    `OPERATIONS`, the last node fastest) and its shuffle.

    References:
        Dong and Yang, "NAS-Bench-201", ICLR 2020; order as in the released meta files.
    """
    ids = [to_architecture_id(genotype) for genotype in product(OPERATIONS, repeat=len(EDGES))]
    random.Random(_OFFICIAL_SHUFFLE_SEED).shuffle(ids)
    return tuple(ids)


@cache
def relu_conv_bn(channels: int, kernel_size: int, stride: int) -> tuple:
    """Return the chain ReLU, convolution, batch norm."""
    convolution = Convolution(channels, kernel_size, stride, padding=kernel_size // 2)
    return (ReLU(), convolution, BatchNorm())


@cache
def _edge_layers(operation: str, channels: int) -> tuple:
    """The chain of layers that an edge puts between two nodes; empty for a skip connection."""
    return {
        "none": (Zero(),),
        "skip_connect": (),
        "nor_conv_1x1": relu_conv_bn(channels, 1, 1),
        "nor_conv_3x3": relu_conv_bn(channels, 3, 1),
        "avg_pool_3x3": (AveragePool(3, stride=1, padding=1),),
    }[operation]


def _cell(genotype: Genotype, channels: int) -> Program:
    builder = ProgramBuilder(input_channels=channels)
    nodes = [builder.input]
    edges = dict(zip(EDGES, genotype, strict=True))
    for target in (1, 2, 3):
        terms = [
            builder.chain(nodes[source], *_edge_layers(edges[target, source], channels))
            for source in range(target)
        ]
        nodes.append(builder.append(Add(), *terms))
    return builder.build()


def residual_block(builder: ProgramBuilder, source: int, channels: int) -> int:
    """Append a block that halves the map and sets the channels (ResNet's basic, pre-activated)."""
    body = builder.chain(source, *relu_conv_bn(channels, 3, 2), *relu_conv_bn(channels, 3, 1))
    shortcut = builder.chain(source, AveragePool(2, stride=2, padding=0), Convolution(channels, 1))
    return builder.append(Add(), shortcut, body)


@dataclass(frozen=True, slots=True, kw_only=True)
class NasBench201(SearchSpace):
    """The 15,625 cells of NAS-Bench-201 in its skeleton of fifteen cells.

    Skeleton: conv3×3(3→16)-BN; five cells of 16 channels; residual block to 32, stride 2; five
    cells; residual block to 64, stride 2; five cells; BN-ReLU; global mean; linear.

    References:
        Dong and Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture
        Search", ICLR 2020.
    """

    name: str = "nb201"
    title: str = "NAS-Bench-201"
    input_kind: str = "images"
    num_classes: int = 10

    def __post_init__(self) -> None:
        check_integer("search_space.space.num_classes", self.num_classes, at_least=1, example=10)

    @property
    def architecture_ids(self) -> Sequence[str]:
        """See `SearchSpace`; the official index order."""
        return official_order()

    def parse(self, text: str) -> str:
        """See `SearchSpace`."""
        return to_architecture_id(to_genotype(text))

    @property
    def genes(self) -> Genes:
        """See `SearchSpace`; the operations in the order of `EDGES`."""
        return Genes([OPERATIONS] * len(EDGES), to_genotype, to_architecture_id)

    def graphs(self, architecture_id: str) -> list[CellGraph]:
        """See `SearchSpace`."""
        operations = ["" if one == "none" else one for one in to_genotype(architecture_id)]
        return [edge_graph(EDGES, operations)]

    def program(self, architecture_id: str, *, num_outputs: int) -> Program:
        """See `SearchSpace`."""
        genotype = to_genotype(architecture_id)
        builder = ProgramBuilder(input_channels=3)
        stem = Convolution(_STAGE_CHANNELS[0], 3, padding=1)
        last = builder.chain(builder.input, stem, BatchNorm())
        for stage, channels in enumerate(_STAGE_CHANNELS):
            if stage > 0:
                last = residual_block(builder, last, channels)
            last = builder.inline(_cell(genotype, channels), last, times=_CELLS_PER_STAGE)
        builder.chain(last, BatchNorm(), ReLU(), GlobalMean(), Linear(num_outputs))
        return builder.build()

    def core_program(self, architecture_id: str) -> Program:
        """See `SearchSpace`; one cell on a single map, since the skeleton is the same for all."""
        builder = ProgramBuilder(input_channels=1)
        output = builder.inline(_cell(to_genotype(architecture_id), 1), builder.input)
        builder.append(GlobalMean(), output)
        return builder.build()

    def count_parameters(self, ids: Sequence[str]) -> np.ndarray:
        """See `SearchSpace`."""
        return self._counts(ids, count_parameters)

    def count_convolutions(self, ids: Sequence[str]) -> np.ndarray:
        """See `SearchSpace`."""
        return self._counts(ids, count_convolutions)

    def _counts(self, ids: Sequence[str], count: Callable[[Program], int]) -> np.ndarray:
        """What the skeleton has, and each edge's operation, wherever in the cell it is."""

        def total(*operations: str) -> int:
            genotype = [*operations, *["none"] * (len(EDGES) - len(operations))]
            return count(self.program(to_architecture_id(genotype), num_outputs=self.num_classes))

        skeleton = total()
        added = {operation: total(operation) - skeleton for operation in OPERATIONS}
        return np.array([skeleton + sum([added[one] for one in to_genotype(id_)]) for id_ in ids])

    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """See `SearchSpace`; one edge, each with probability 1/6, gets another operation."""
        return _with_other_operation(architecture_id, int(rng.integers(len(EDGES))), rng)

    def mutate_as_published(self, architecture_id: str, rng: np.random.Generator) -> str:
        """See `SearchSpace`; draws a target node, then one of its edges.

        So the only edge of node 1 has probability 1/3, the two of node 2 have 1/6 each and the
        three of node 3 have 1/9 each. The new operation is uniform over the other four.

        References:
            `mutate_arch` in NAS-Bench-201/nasspace.py of github.com/egracheva/epsinas, the public
            code of arXiv 2302.04406.
        """
        node = 1 + int(rng.integers(_NUM_NODES))
        edge = EDGES.index((node, int(rng.integers(node))))
        return _with_other_operation(architecture_id, edge, rng)


def _with_other_operation(architecture_id: str, edge: int, rng: np.random.Generator) -> str:
    genotype = list(to_genotype(architecture_id))
    others = [operation for operation in OPERATIONS if operation != genotype[edge]]
    genotype[edge] = others[int(rng.integers(len(others)))]
    return to_architecture_id(genotype)
