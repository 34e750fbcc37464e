"""TransNAS-Bench-101, micro level: a cell of four nodes, one of four operations on each edge."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import product

import numpy as np

from epsilon_research.checks import check_integer
from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.operations import (
    Add,
    AveragePool,
    BatchNorm,
    Concatenate,
    Convolution,
    GlobalMean,
    Pad,
    ReLU,
    Zero,
)
from epsilon_research.spaces.base import Genes, SearchSpace
from epsilon_research.spaces.cell_graph import CellGraph, edge_graph
from epsilon_research.spaces.nb201 import EDGES, relu_conv_bn
from epsilon_research.spaces.tnb101 import network

OPERATIONS = "0123"
"""No connection, the identity, convolution 1×1, convolution 3×3."""

_NAMES = ("", "identity", "conv 1×1", "conv 3×3")
"""What a graph calls the operations."""

_KINDS = "41414"
_PREFIX = f"64-{_KINDS}-"
_ID = re.compile(rf"{_PREFIX}([{OPERATIONS}])_([{OPERATIONS}]{{2}})_([{OPERATIONS}]{{3}})")


def _to_id(digits: Sequence[str]) -> str:
    text = "".join(digits)
    return f"{_PREFIX}{text[0]}_{text[1:3]}_{text[3:]}"


def _to_digits(text: str) -> str:
    match = _ID.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"a TransNAS-Bench-101 cell must be {_PREFIX}a_bc_def, each character a digit of "
            f"{OPERATIONS}, got {text[:100]!r}: write e.g. {_PREFIX}1_02_333"
        )
    return "".join(match.groups())


@cache
def _all_ids() -> tuple[str, ...]:
    return tuple(map(_to_id, product(OPERATIONS, repeat=len(EDGES))))


@dataclass(frozen=True, slots=True, kw_only=True)
class TransNasMicro(SearchSpace):
    """The 4,096 cells of TransNAS-Bench-101; ids as published, `64-41414-1_02_333`.

    A cell has four nodes. The digits of its id are the operations on the edges 0→1; 0→2, 1→2; 0→3,
    1→3, 2→3: 0 nothing, 1 the identity, 2 ReLU-conv1×1-BN, 3 ReLU-conv3×3-BN. The skeleton has
    five layers of two cells; the first cell of every other layer doubles the channels and has
    stride 2, which the operations on its input do. The identity there is ReLU, two conv1×1 of
    stride 2, the second on the map moved by one pixel, concatenated, BN. The score is of the
    encoder with a global mean, whatever the task's own head is.

    References:
        Duan et al., "TransNAS-Bench-101", CVPR 2021.
    """

    name: str = "tnb101_micro"
    title: str = "TransNAS-Bench-101, micro"
    input_kind: str = "images"
    num_classes: int = 100
    enumerated_as_published = False

    def __post_init__(self) -> None:
        check_integer("search_space.space.num_classes", self.num_classes, at_least=1, example=100)

    @property
    def architecture_ids(self) -> Sequence[str]:
        """See `SearchSpace`; the edge 2→3 fastest."""
        return _all_ids()

    def parse(self, text: str) -> str:
        """See `SearchSpace`."""
        return _to_id(_to_digits(text))

    @property
    def genes(self) -> Genes:
        """See `SearchSpace`; the operations in the order of `EDGES`."""
        return Genes([OPERATIONS] * len(EDGES), _to_digits, _to_id)

    def graphs(self, architecture_id: str) -> list[CellGraph]:
        """See `SearchSpace`."""
        operations = [_NAMES[int(digit)] for digit in _to_digits(architecture_id)]
        return [edge_graph(EDGES, operations)]

    def program(self, architecture_id: str, *, num_outputs: int) -> Program:
        """See `SearchSpace`."""
        cell = partial(_cell, digits=_to_digits(architecture_id))
        return network(_KINDS, cell, num_outputs=num_outputs)

    def core_program(self, architecture_id: str) -> Program:
        """See `SearchSpace`; a cell of stride 2 and one of stride 1, on a single map."""
        cell = partial(_cell, digits=_to_digits(architecture_id))
        builder = ProgramBuilder(input_channels=1)
        last = cell(builder, builder.input, channels=2, stride=2)
        builder.append(GlobalMean(), cell(builder, last, channels=2, stride=1))
        return builder.build()

    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """See `SearchSpace`; one edge, each with probability 1/6, gets another operation."""
        digits = list(_to_digits(architecture_id))
        edge = int(rng.integers(len(EDGES)))
        others = OPERATIONS.replace(digits[edge], "")
        digits[edge] = others[int(rng.integers(len(others)))]
        return _to_id(digits)


def _cell(builder: ProgramBuilder, source: int, *, digits: str, channels: int, stride: int) -> int:
    """Append a cell; what stands on its input takes stride and channels."""
    operations = dict(zip(EDGES, digits, strict=True))
    nodes = [source]
    for target in (1, 2, 3):
        strides = (stride, 1, 1)
        terms = [
            _edge(builder, node, operations[target, place], channels, strides[place])
            for place, node in enumerate(nodes)
        ]
        nodes.append(builder.append(Add(), *terms))
    return nodes[-1]


def _edge(builder: ProgramBuilder, source: int, operation: str, channels: int, stride: int) -> int:
    """Append what an edge puts on a node; a stride of 2 comes with twice the channels."""
    if operation in "23":
        kernel_size = {"2": 1, "3": 3}[operation]
        return builder.chain(source, *relu_conv_bn(channels, kernel_size, stride))
    if operation == "1":
        return source if stride == 1 else _halved(builder, source, channels)
    zero = builder.append(Zero(), source)
    if stride == 1:
        return zero
    smaller = builder.append(AveragePool(1, stride), zero)
    return builder.append(Concatenate(), smaller, smaller)


def _halved(builder: ProgramBuilder, source: int, channels: int) -> int:
    """Append the identity between unequal shapes, NAS-Bench-201's FactorizedReduce."""
    positive = builder.append(ReLU(), source)
    # Padded first, as published, so that a map of one pixel has something left.
    moved = builder.chain(positive, Pad(right=1, bottom=1), Pad(left=-1, top=-1))
    halves = [builder.append(Convolution(channels // 2, 1, 2), one) for one in (positive, moved)]
    return builder.chain(builder.append(Concatenate(), *halves), BatchNorm())
