"""A toy space of 125 tiny networks: every path of a run in seconds, and networks quick to train."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from epsilon_research.checks import check_integer
from epsilon_research.programs import Program, ProgramBuilder
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

OPERATIONS = ("none", "skip", "conv1x1", "conv3x3", "pool")
EDGES = ((1, 0), (2, 0), (2, 1))
"""(target node, source node) of each gene, in the order in which an id names them."""

_CHANNELS = 8


@cache
def _all_ids() -> tuple[str, ...]:
    return tuple("-".join(genes) for genes in product(OPERATIONS, repeat=len(EDGES)))


def _to_genes(text: str) -> tuple[str, ...]:
    genes = tuple(text.strip().split("-"))
    unknown = sorted(set(genes) - set(OPERATIONS))
    if len(genes) != len(EDGES) or unknown:
        raise ValueError(
            f"a toy architecture must be {len(EDGES)} operations joined by -, each one of "
            f"{', '.join(OPERATIONS)}, got {text[:100]!r}"
        )
    return genes


def _edge_layers(operation: str) -> tuple:
    """The chain of layers that an edge puts between two nodes; empty for a skip connection."""
    return {
        "none": (Zero(),),
        "skip": (),
        "conv1x1": (ReLU(), Convolution(_CHANNELS, 1), BatchNorm()),
        "conv3x3": (ReLU(), Convolution(_CHANNELS, 3, padding=1), BatchNorm()),
        "pool": (AveragePool(3, stride=1, padding=1),),
    }[operation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Toy(SearchSpace):
    """The 125 cells of three nodes, with one of five operations on each of the three edges.

    Network: conv3×3(3→8)-BN, one cell, BN-ReLU, global mean, linear. An id names the operations on
    the edges 0→1, 0→2, 1→2, e.g. `conv3x3-skip-conv1x1`.
    """

    name: str = "toy"
    title: str = "Toy space"
    input_kind: str = "images"
    num_classes: int = 10

    def __post_init__(self) -> None:
        check_integer("search_space.space.num_classes", self.num_classes, at_least=1, example=10)

    @property
    def architecture_ids(self) -> Sequence[str]:
        """See `SearchSpace`; the first edge slowest."""
        return _all_ids()

    def parse(self, text: str) -> str:
        """See `SearchSpace`."""
        return "-".join(_to_genes(text))

    @property
    def genes(self) -> Genes:
        """See `SearchSpace`; the operations in the order of `EDGES`."""
        return Genes([OPERATIONS] * len(EDGES), _to_genes, "-".join)

    def graphs(self, architecture_id: str) -> list[CellGraph]:
        """See `SearchSpace`."""
        operations = ["" if one == "none" else one for one in _to_genes(architecture_id)]
        return [edge_graph(EDGES, operations)]

    def program(self, architecture_id: str, *, num_outputs: int) -> Program:
        """See `SearchSpace`."""
        operations = dict(zip(EDGES, _to_genes(architecture_id), strict=True))
        builder = ProgramBuilder(input_channels=3)
        stem = Convolution(_CHANNELS, 3, padding=1)
        nodes = [builder.chain(builder.input, stem, BatchNorm())]
        for target in (1, 2):
            terms = [
                builder.chain(nodes[source], *_edge_layers(operations[target, source]))
                for source in range(target)
            ]
            nodes.append(builder.append(Add(), *terms))
        builder.chain(nodes[-1], BatchNorm(), ReLU(), GlobalMean(), Linear(num_outputs))
        return builder.build()

    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """See `SearchSpace`; one edge gets another operation, all others stay."""
        genes = list(_to_genes(architecture_id))
        edge = int(rng.integers(len(EDGES)))
        others = [operation for operation in OPERATIONS if operation != genes[edge]]
        genes[edge] = others[int(rng.integers(len(others)))]
        return "-".join(genes)
