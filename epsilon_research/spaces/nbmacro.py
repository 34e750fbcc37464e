"""NAS-Bench-Macro: one of three blocks in each of eight layers of a mobile network."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

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

BLOCKS = "012"
_STAGES = (2, 3, 3)
"""Layers of each stage; the first of them doubles the channels and has stride 2."""
NUM_LAYERS = sum(_STAGES)
_ID = re.compile(f"[{BLOCKS}]{{{NUM_LAYERS}}}")

_STEM_CHANNELS = 32
_HEAD_CHANNELS = 1280
_KERNEL_AND_EXPANSION = {"1": (3, 3), "2": (5, 6)}
_NAMES = ("identity", *(f"{k}×{k},\n{e} times wider" for k, e in _KERNEL_AND_EXPANSION.values()))
"""What a graph says of each block."""


@cache
def _all_ids() -> tuple[str, ...]:
    return tuple("".join(digits) for digits in product(BLOCKS, repeat=NUM_LAYERS))


@dataclass(frozen=True, slots=True, kw_only=True)
class NasBenchMacro(SearchSpace):
    """The 6,561 networks (3,969 functions) of NAS-Bench-Macro; ids are eight digits, `02012100`.

    Skeleton: conv3×3(3→32)-BN-ReLU; stages of two, three and three layers, the first of which
    doubles the channels and has stride 2; conv1×1 to 1,280-BN-ReLU; global mean; linear. Layers:
    0, the identity, or conv1×1-BN where the shape changes; 1 and 2, an inverted residual of
    MobileNetV2 (conv1×1-BN-ReLU, depthwise-BN-ReLU, conv1×1-BN, plus its input where the shape
    stays) with kernel 3 and expansion 3, or kernel 5 and expansion 6.

    References:
        Su et al., "Prioritized Architecture Sampling with Monto-Carlo Tree Search", CVPR 2021.
    """

    name: str = "nbmacro"
    title: str = "NAS-Bench-Macro"
    input_kind: str = "images"
    num_classes: int = 10
    enumerated_as_published = False

    def __post_init__(self) -> None:
        check_integer("search_space.space.num_classes", self.num_classes, at_least=1, example=10)

    @property
    def architecture_ids(self) -> Sequence[str]:
        """See `SearchSpace`; the last layer fastest."""
        return _all_ids()

    def parse(self, text: str) -> str:
        """See `SearchSpace`."""
        match = _ID.fullmatch(text.strip())
        if match is None:
            raise ValueError(
                f"a NAS-Bench-Macro architecture must be {NUM_LAYERS} digits, each 0, 1 or 2, got "
                f"{text[:100]!r}: write e.g. 02012100"
            )
        return match[0]

    @property
    def genes(self) -> Genes:
        """See `SearchSpace`; the digits."""
        return Genes([BLOCKS] * NUM_LAYERS, self.parse, "".join)

    def graphs(self, architecture_id: str) -> list[CellGraph]:
        """See `SearchSpace`; the layers."""
        layers = [_NAMES[int(digit)] for digit in self.parse(architecture_id)]
        return [chain_graph("layers: identity or inverted residual", layers)]

    def program(self, architecture_id: str, *, num_outputs: int) -> Program:
        """See `SearchSpace`."""
        digits = iter(self.parse(architecture_id))
        builder = ProgramBuilder(input_channels=3)
        channels = _STEM_CHANNELS
        last = builder.chain(builder.input, *_conv_bn(channels, 3), ReLU())
        for num_layers in _STAGES:
            channels *= 2
            for place in range(num_layers):
                stride = 2 if place == 0 else 1
                last = _layer(builder, last, next(digits), channels=channels, stride=stride)
        head = (*_conv_bn(_HEAD_CHANNELS, 1), ReLU(), GlobalMean(), Linear(num_outputs))
        builder.chain(last, *head)
        return builder.build()

    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """See `SearchSpace`; one layer, each with probability 1/8, becomes another."""
        digits = self.parse(architecture_id)
        layer = int(rng.integers(NUM_LAYERS))
        others = BLOCKS.replace(digits[layer], "")
        return digits[:layer] + others[int(rng.integers(len(others)))] + digits[layer + 1 :]


def _conv_bn(
    channels: int, kernel_size: int, stride: int = 1, groups: int = 1
) -> tuple[Convolution, BatchNorm]:
    padding = kernel_size // 2
    return Convolution(channels, kernel_size, stride, padding, groups=groups), BatchNorm()


def _layer(builder: ProgramBuilder, source: int, digit: str, *, channels: int, stride: int) -> int:
    """Append the layer that `digit` names; a stride of 2 comes with other channels."""
    if digit == "0":
        return source if stride == 1 else builder.chain(source, *_conv_bn(channels, 1, stride))
    kernel_size, expansion = _KERNEL_AND_EXPANSION[digit]
    hidden = expansion * builder.channels(source)
    block = builder.chain(
        source,
        *(*_conv_bn(hidden, 1), ReLU()),
        *(*_conv_bn(hidden, kernel_size, stride, groups=hidden), ReLU()),
        *_conv_bn(channels, 1),
    )
    return block if stride == 2 else builder.append(Add(), block, source)
