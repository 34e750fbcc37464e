"""Hypothesis strategies that several rooms' tests share: random programs and minibatches."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from epsilon_research.programs import Program, ProgramBuilder, layer_sizes
from epsilon_research.programs.operations import (
    Add,
    AveragePool,
    BatchNorm,
    Concatenate,
    Convolution,
    GlobalMean,
    Linear,
    MaxPool,
    ReLU,
    Truncate,
    Zero,
)

# Layers that keep the spatial size, so that any two values can meet in a sum or a concatenation.
_SAME_SIZE = {
    "conv1": lambda draw, channels: Convolution(draw(st.integers(1, 5)), 1),
    "conv3": lambda draw, channels: Convolution(draw(st.integers(1, 5)), 3, padding=1),
    "conv5": lambda draw, channels: Convolution(draw(st.integers(1, 3)), 5, padding=2),
    "norm": lambda draw, channels: BatchNorm(),
    "relu": lambda draw, channels: ReLU(),
    "average": lambda draw, channels: AveragePool(
        3, stride=1, padding=1, count_include_pad=draw(st.booleans())
    ),
    "maximum": lambda draw, channels: MaxPool(3, stride=1, padding=1),
    "zero": lambda draw, channels: Zero(),
    "truncate": lambda draw, channels: Truncate(draw(st.integers(1, channels))),
}
_SHRINKING = {
    "conv": lambda draw: Convolution(
        draw(st.integers(1, 4)),
        draw(st.integers(1, 4)),
        stride=draw(st.integers(1, 3)),
        padding=draw(st.integers(0, 2)),
    ),
    "average": lambda draw: AveragePool(
        2, stride=draw(st.integers(1, 2)), padding=draw(st.integers(0, 1)),
        count_include_pad=draw(st.booleans()),
    ),
    "maximum": lambda draw: MaxPool(
        draw(st.integers(2, 3)), stride=draw(st.integers(1, 2)), padding=draw(st.integers(0, 1))
    ),
}  # fmt: skip


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Small networks of all layer kinds for 3-channel images of at least 6 × 6 pixels."""
    builder = ProgramBuilder(input_channels=3)
    values = [builder.append(Convolution(draw(st.integers(1, 5)), 3, padding=1), builder.input)]
    if draw(st.booleans()):
        values = [builder.append(BatchNorm(), values[0])]
    for _ in range(draw(st.integers(1, 3))):
        for _ in range(draw(st.integers(1, 6))):
            values.append(_layer(draw, builder, values))
        if draw(st.booleans()):
            values.append(_repeated_cell(draw, builder, draw(st.sampled_from(values))))
        # One layer that may change the size; what came before is no longer reachable.
        shrinking = draw(st.sampled_from(sorted(_SHRINKING)))
        if draw(st.booleans()):
            values = [builder.append(_SHRINKING[shrinking](draw), values[-1])]
    last = builder.append(GlobalMean(), values[-1])
    for _ in range(draw(st.integers(0, 2))):
        operation = draw(st.sampled_from([Linear(3), BatchNorm(), ReLU(), Convolution(2, 1)]))
        last = builder.append(operation, last)
    builder.append(Linear(draw(st.integers(1, 3))), last)
    return builder.build()


def _layer(draw: st.DrawFn, builder: ProgramBuilder, values: list[int]) -> int:
    kind = draw(st.sampled_from([*_SAME_SIZE, "add", "concatenate"]))
    source = draw(st.sampled_from(values))
    if kind == "concatenate":
        return builder.append(Concatenate(), source, draw(st.sampled_from(values)))
    if kind == "add":
        other = draw(st.sampled_from(values))
        channels = min(builder.channels(source), builder.channels(other))
        return builder.append(
            Add(),
            builder.append(Truncate(channels), source),
            builder.append(Truncate(channels), other),
        )
    operation = _SAME_SIZE[kind](draw, builder.channels(source))
    return builder.append(operation, source)


def _repeated_cell(draw: st.DrawFn, builder: ProgramBuilder, source: int) -> int:
    channels = builder.channels(source)
    cell = ProgramBuilder(input_channels=channels)
    values = [cell.input]
    for _ in range(draw(st.integers(1, 4))):
        values.append(_layer(draw, cell, values))
    fitting = Convolution(channels, 1)
    if cell.channels(values[-1]) >= channels and draw(st.booleans()):
        fitting = Truncate(channels)
    cell.append(fitting, values[-1])
    return builder.inline(cell.build(), source, times=draw(st.integers(2, 4)))


class Noise(NamedTuple):
    """A minibatch by the numbers that make it, so that a failing example prints short."""

    seed: int
    batch: int
    height: int
    width: int
    mean: float

    @property
    def images(self) -> np.ndarray:
        """float32 (batch, 3, height, width) of normal noise around a mean."""
        shape = (self.batch, 3, self.height, self.width)
        noise = np.random.default_rng(self.seed).normal(size=shape)
        return (self.mean + noise).astype(np.float32)


def minibatches() -> st.SearchStrategy[Noise]:
    """Minibatches of 2 to 35 images: less than, exactly and more than one or two blocks."""
    return st.builds(
        Noise,
        seed=st.integers(0, 2**32 - 1),
        batch=st.integers(2, 35),
        height=st.integers(6, 9),
        width=st.integers(6, 9),
        mean=st.sampled_from([0.0, 0.5, -2.0]),
    )


def fits(program: Program, noise: Noise) -> bool:
    """Whether every window of `program` fits the images."""
    try:
        layer_sizes(program, height=noise.height, width=noise.width)
    except ValueError:
        return False
    return True


def weights(smallest: float = -3, largest: float = 3) -> st.SearchStrategy[float]:
    """Constants 10^smallest to 10^largest."""
    return st.floats(smallest, largest).map(lambda exponent: 10.0**exponent)
