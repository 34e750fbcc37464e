"""NATS-Bench's size space: how wide each of five layers is, around one fixed cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from jaxtyping import Float

from epsilon_research.checks import check_integer
from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.operations import (
    Add,
    BatchNorm,
    Convolution,
    GlobalMean,
    Linear,
    ReLU,
)
from epsilon_research.spaces.base import Genes, SearchSpace
from epsilon_research.spaces.cell_graph import CellGraph, chain_graph
from epsilon_research.spaces.nb201 import relu_conv_bn, residual_block

WIDTHS = (8, 16, 24, 32, 40, 48, 56, 64)
NUM_LAYERS = 5
_REDUCTIONS = (1, 3)
"""Layers, counted from 0, that are residual blocks of stride 2 in place of the cell."""


@cache
def _all_ids() -> tuple[str, ...]:
    return tuple(_to_id(widths) for widths in product(WIDTHS, repeat=NUM_LAYERS))


def _to_id(widths: Sequence[int]) -> str:
    return ":".join(map(str, widths))


def _to_widths(text: str) -> list[int]:
    parts = text.strip().split(":")
    known = {str(width): width for width in WIDTHS}
    if len(parts) != NUM_LAYERS or not known.keys() >= set(parts):
        raise ValueError(
            f"a NATS-Bench size must be {NUM_LAYERS} widths joined by colons, each one of "
            f"{', '.join(known)}, got {text[:100]!r}: write e.g. 64:8:32:16:48"
        )
    return [known[part] for part in parts]


def _cell(builder: ProgramBuilder, source: int, channels: int) -> int:
    """Append the cell; what stands on its input sets the channels."""
    convolution = relu_conv_bn(channels, 3, 1)
    same = builder.channels(source) == channels
    projection = () if same else (Convolution(channels, 1), BatchNorm())
    first = builder.chain(source, *convolution)
    second = builder.append(
        Add(), builder.chain(source, *convolution), builder.chain(first, *convolution)
    )
    return builder.append(
        Add(),
        builder.chain(source, *projection),
        builder.chain(first, *convolution),
        builder.chain(second, *convolution),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsSize(SearchSpace):
    """The 32,768 networks of NATS-Bench's size space; an id is their five widths, `8:64:16:32:8`.

    Skeleton: conv3×3(3→c1)-BN; the cell c1→c1; residual block c1→c2, stride 2; cell c2→c3; residual
    block c3→c4, stride 2; cell c4→c5; BN-ReLU; global mean; linear. The cell is the best of
    NAS-Bench-201 on CIFAR-100's validation images, `|nor_conv_3x3~0|+|nor_conv_3x3~0|
    nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|`. Where it changes the width,
    the operations on its input do so, the skip connection as conv1×1-BN.

    References:
        Dong et al., "NATS-Bench: Benchmarking NAS Algorithms for Architecture Topology and Size",
        TPAMI 2021.
    """

    name: str = "nats_sss"
    title: str = "NATS-Bench, size"
    input_kind: str = "images"
    num_classes: int = 10
    enumerated_as_published = False

    def __post_init__(self) -> None:
        check_integer("search_space.space.num_classes", self.num_classes, at_least=1, example=10)

    @property
    def architecture_ids(self) -> Sequence[str]:
        """See `SearchSpace`; the width of the last layer fastest."""
        return _all_ids()

    def parse(self, text: str) -> str:
        """See `SearchSpace`."""
        return _to_id(_to_widths(text))

    @property
    def genes(self) -> Genes:
        """See `SearchSpace`; the widths."""
        choices = [[str(width) for width in WIDTHS]] * NUM_LAYERS
        return Genes(choices, lambda id_: self.parse(id_).split(":"), ":".join)

    def encode(self, ids: Sequence[str]) -> Float[np.ndarray, "architectures features"]:
        """See `SearchSpace`; the widths as numbers."""
        return np.array([_to_widths(id_) for id_ in ids], np.float64).reshape(-1, NUM_LAYERS)

    def graphs(self, architecture_id: str) -> list[CellGraph]:
        """See `SearchSpace`; the layers with their widths."""
        layers = [
            f"{'residual' if layer in _REDUCTIONS else 'cell'},\n{width} channels"
            for layer, width in enumerate(_to_widths(architecture_id))
        ]
        return [chain_graph("layers", layers)]

    def program(self, architecture_id: str, *, num_outputs: int) -> Program:
        """See `SearchSpace`."""
        widths = _to_widths(architecture_id)
        builder = ProgramBuilder(input_channels=3)
        last = builder.chain(builder.input, Convolution(widths[0], 3, padding=1), BatchNorm())
        for layer, channels in enumerate(widths):
            append = residual_block if layer in _REDUCTIONS else _cell
            last = append(builder, last, channels)
        builder.chain(last, BatchNorm(), ReLU(), GlobalMean(), Linear(num_outputs))
        return builder.build()

    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """See `SearchSpace`; one layer, each with probability 1/5, gets another width."""
        widths = _to_widths(architecture_id)
        layer = int(rng.integers(NUM_LAYERS))
        others = [width for width in WIDTHS if width != widths[layer]]
        widths[layer] = others[int(rng.integers(len(others)))]
        return _to_id(widths)
