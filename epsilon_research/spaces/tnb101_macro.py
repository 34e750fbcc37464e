"""TransNAS-Bench-101, macro level: where a residual network widens and shrinks its maps."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from jaxtyping import Float

from epsilon_research.checks import check_integer
from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.operations import Add, BatchNorm, Convolution
from epsilon_research.spaces.base import SearchSpace
from epsilon_research.spaces.cell_graph import CellGraph, chain_graph
from epsilon_research.spaces.nb201 import relu_conv_bn
from epsilon_research.spaces.tnb101 import network

KINDS = "1234"
_NAMES = ("same shape", "channels × 2", "stride 2", "channels × 2,\nstride 2")
"""What a graph says of a layer of each kind."""
_LENGTHS = (4, 5, 6)
_MOST_DOUBLING = 3
_MOST_STRIDED = 4
_ID = re.compile(r"64-([1-4]+)-basic")


def _is_member(kinds: str) -> bool:
    doubling = sum(kind in "24" for kind in kinds)
    strided = sum(kind in "34" for kind in kinds)
    allowed = 1 <= doubling <= _MOST_DOUBLING and 1 <= strided <= _MOST_STRIDED
    return len(kinds) in _LENGTHS and allowed


@cache
def _all_ids() -> tuple[str, ...]:
    kinds = ("".join(digits) for length in _LENGTHS for digits in product(KINDS, repeat=length))
    return tuple(f"64-{one}-basic" for one in kinds if _is_member(one))


@dataclass(frozen=True, slots=True, kw_only=True)
class TransNasMacro(SearchSpace):
    """The 3,256 skeletons of TransNAS-Bench-101; ids as published, `64-1234-basic`.

    Four to six layers of two residual blocks (ReLU-conv3×3-BN twice). Each layer keeps (1), doubles
    the channels (2), has stride 2 (3) or does both (4); one to three double, one to four have
    stride 2. The score is of the encoder with a global mean, whatever the task's own head is.

    References:
        Duan et al., "TransNAS-Bench-101", CVPR 2021.
    """

    name: str = "tnb101_macro"
    title: str = "TransNAS-Bench-101, macro"
    input_kind: str = "images"
    num_classes: int = 100
    enumerated_as_published = False

    def __post_init__(self) -> None:
        check_integer("search_space.space.num_classes", self.num_classes, at_least=1, example=100)

    @property
    def architecture_ids(self) -> Sequence[str]:
        """See `SearchSpace`; shorter ones first."""
        return _all_ids()

    def parse(self, text: str) -> str:
        """See `SearchSpace`."""
        match = _ID.fullmatch(text.strip())
        if match is None or not _is_member(match[1]):
            raise ValueError(
                "a TransNAS-Bench-101 skeleton must be 64-KKKK-basic, four to six layers of kinds "
                "1 to 4, one to three of them 2 or 4 and one to four of them 3 or 4, got "
                f"{text[:100]!r}: write e.g. 64-1234-basic"
            )
        return match[0]

    def encode(self, ids: Sequence[str]) -> Float[np.ndarray, "architectures features"]:
        """See `SearchSpace`; the kind of each layer, one-hot, all 0 where there is no layer."""
        encoded = np.zeros((len(ids), max(_LENGTHS) * len(KINDS)))
        for row, id_ in enumerate(ids):
            for place, kind in enumerate(_kinds(self.parse(id_))):
                encoded[row, len(KINDS) * place + KINDS.index(kind)] = 1.0
        return encoded

    def graphs(self, architecture_id: str) -> list[CellGraph]:
        """See `SearchSpace`; the layers, two residual blocks each."""
        layers = [_NAMES[KINDS.index(kind)] for kind in _kinds(self.parse(architecture_id))]
        return [chain_graph("layers of two residual blocks", layers)]

    def program(self, architecture_id: str, *, num_outputs: int) -> Program:
        """See `SearchSpace`."""
        return network(_kinds(self.parse(architecture_id)), _block, num_outputs=num_outputs)

    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """See `SearchSpace`; one layer becomes of another kind, uniformly over what is allowed."""
        kinds = _kinds(self.parse(architecture_id))
        children = [
            kinds[:place] + kind + kinds[place + 1 :]
            for place in range(len(kinds))
            for kind in KINDS.replace(kinds[place], "")
        ]
        allowed = [child for child in children if _is_member(child)]
        return f"64-{allowed[int(rng.integers(len(allowed)))]}-basic"


def _kinds(architecture_id: str) -> str:
    return architecture_id.split("-")[1]


def _block(builder: ProgramBuilder, source: int, *, channels: int, stride: int) -> int:
    body = (*relu_conv_bn(channels, 3, stride), *relu_conv_bn(channels, 3, 1))
    shortcut = source
    last = builder.chain(source, *body)
    if stride != 1 or builder.channels(source) != channels:
        shortcut = builder.chain(source, Convolution(channels, 1, stride), BatchNorm())
    return builder.append(Add(), shortcut, last)
