"""What both spaces of TransNAS-Bench-101 share: stem, layers of two blocks, head."""

from collections.abc import Callable

from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.operations import BatchNorm, Convolution, GlobalMean, Linear
from epsilon_research.spaces.nb201 import relu_conv_bn

_BASE_CHANNELS = 64
_BLOCKS_PER_LAYER = 2

Block = Callable[..., int]
"""Appends a block to a builder: (builder, source, channels=…, stride=…) to its position."""


def network(kinds: str, block: Block, *, num_outputs: int) -> Program:
    """Return the encoder with a global mean and a linear head.

    Args:
        kinds: One digit for each layer: 1 keeps, 2 doubles the channels, 3 has stride 2, 4 does
            both; the first block of a layer does it.
        block: Appends one block.
        num_outputs: Outputs of the head.
    """
    builder = ProgramBuilder(input_channels=3)
    half, channels = _BASE_CHANNELS // 2, _BASE_CHANNELS
    stem = (Convolution(half, 3, 2, padding=1), BatchNorm(), *relu_conv_bn(channels, 3, 2))
    last = builder.chain(builder.input, *stem)
    for kind in kinds:
        channels *= 2 if kind in "24" else 1
        for place in range(_BLOCKS_PER_LAYER):
            stride = 2 if kind in "34" and place == 0 else 1
            last = block(builder, last, channels=channels, stride=stride)
    builder.chain(last, GlobalMean(), Linear(num_outputs))
    return builder.build()
