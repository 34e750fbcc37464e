"""Hypothesis strategies of programs with every operation there is."""

import numpy as np
from hypothesis import strategies as st

from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.operations import (
    ACTIVATIONS,
    Activation,
    AdaptiveMaxPool,
    Add,
    Affine,
    AveragePool,
    BatchNorm,
    Broadcast,
    ChannelMaximum,
    ChannelMean,
    ChannelNorm,
    Concatenate,
    Convolution,
    Divide,
    GlobalMean,
    GroupNorm,
    Linear,
    LocalResponseNorm,
    Maximum,
    MaxPool,
    Multiply,
    Operation,
    Pad,
    Pair,
    PReLU,
    Rearrange,
    ReLU,
    ShuffleChannels,
    Size,
    Softmax,
    SpatialLinear,
    TransposedConvolution,
    Truncate,
    Zero,
)
from tests import strategies
from tests.strategies import Noise

CHANNELS = 6
"""Channels of every value of a random program, so that any two can meet, in groups or not."""

_GROUPS = st.sampled_from([1, 2, 3, CHANNELS])
_FACTORS = st.sampled_from([0.25, 1.0, 1.5, -0.5, -2.0, 0.0])
_OFFSETS = st.sampled_from([0.0, 0.5, -0.25, 2.0])
_PARAMETERS = {
    "celu": st.tuples(st.sampled_from([0.5, 1.0])),
    "clamp": st.sampled_from(
        [(0.0, 6.0), (-1.0, 1.0), (0.5, 2.0), (-float("inf"), 0.5), (0.0, float("inf"))]
    ),
    "elu": st.tuples(st.sampled_from([0.5, 1.0])),
    "leaky_relu": st.tuples(st.sampled_from([0.01, 0.2, 1.5])),
    "power": st.sampled_from([(2.0,), (3.0,)]),
    "softplus": st.sampled_from([(1.0, 20.0), (2.0, 0.5)]),
}
# The logarithm and other powers need positive numbers, exponentials bounded ones: see `_guarded`.
_KINDS = sorted(set(ACTIVATIONS) - {"exp", "log"})


def _pairs(smallest: int, largest: int) -> st.SearchStrategy[Pair]:
    number = st.integers(smallest, largest)
    return number | st.tuples(number, number)


def _activations() -> st.SearchStrategy[Activation]:
    return st.sampled_from(_KINDS).flatmap(
        lambda kind: _PARAMETERS.get(kind, st.just(())).map(
            lambda parameters: Activation(kind, parameters)
        )
    )


def _affines() -> st.SearchStrategy[Affine]:
    def of(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[float | tuple[float, ...]]:
        return numbers | st.tuples(*[numbers] * CHANNELS)

    powers = st.integers(0, 1)
    return st.builds(Affine, of(_FACTORS), powers, of(_OFFSETS), powers)


_CONVOLUTIONS = st.builds(
    Convolution, st.just(CHANNELS), _pairs(1, 4), _pairs(1, 2), _pairs(0, 2),
    dilation=_pairs(1, 2), groups=_GROUPS,
)  # fmt: skip
_TRANSPOSED = st.builds(
    TransposedConvolution, st.just(CHANNELS), _pairs(1, 3), st.just(2), _pairs(0, 1),
    output_padding=_pairs(0, 1), dilation=_pairs(1, 2), groups=_GROUPS,
)  # fmt: skip
_AVERAGES = st.builds(
    AveragePool, _pairs(2, 3), _pairs(1, 2), _pairs(0, 1),
    count_include_pad=st.booleans(), ceil_mode=st.booleans(),
)  # fmt: skip
_MAXIMA = st.builds(
    MaxPool, _pairs(2, 3), _pairs(1, 2), _pairs(0, 1), ceil_mode=st.booleans()
) | st.builds(MaxPool, st.just(3), st.just(1), st.just(0), dilation=_pairs(1, 2))
_SIDES = st.integers(-1, 2)
_RESHAPING = (
    _CONVOLUTIONS
    | _TRANSPOSED
    | _AVERAGES
    | _MAXIMA
    | st.builds(AdaptiveMaxPool, st.tuples(st.integers(1, 5), st.integers(1, 5)))
    | st.builds(Pad, _SIDES, _SIDES, _SIDES, _SIDES)
)
"""Layers that may change the size of maps."""

_KEEPING = (
    st.builds(Convolution, st.just(CHANNELS), st.just(1), groups=_GROUPS)
    | st.builds(Convolution, st.just(CHANNELS), st.just(3), padding=st.just(1), groups=_GROUPS)
    | st.builds(
        Convolution, st.just(CHANNELS), st.just((3, 1)), padding=st.just((2, 0)),
        dilation=st.just(2), groups=_GROUPS,
    )
    | st.builds(BatchNorm, affine=st.booleans())
    | st.builds(GroupNorm, _GROUPS, affine=st.booleans())
    | st.builds(ChannelNorm, affine=st.booleans())
    | st.builds(LocalResponseNorm, st.integers(1, 5), st.sampled_from([1e-4, 0.5]))
    | st.builds(Softmax, st.sampled_from([1, 2, 3]), log=st.booleans())
    | st.just(ReLU())
    | st.just(PReLU())
    | _activations()
    | _affines()
    | st.builds(AveragePool, st.just(3), st.just(1), st.just(1), count_include_pad=st.booleans())
    | st.just(MaxPool(3, stride=1, padding=1))
    | st.just(Zero())
    | st.builds(ShuffleChannels, st.sampled_from([2, 3]))
)  # fmt: skip
"""Layers that keep channels and size, so that any two values can meet."""

_MEETINGS = (
    "add", "multiply", "divide", "maximum", "mix", "gate", "mask", "stripe", "guarded", "rearrange",
    "spatial", "repeat",
)  # fmt: skip


class _Drawing:
    """A program that grows, for images of one size."""

    def __init__(self, draw: st.DrawFn, size: Size) -> None:
        self.draw = draw
        self.builder = ProgramBuilder(input_channels=3)
        self.size = size
        stem = self.append(Convolution(2, 3, padding=1), self.builder.input)
        # Six channels of up to four distinct maps.
        mixed = self.append(Concatenate(), self.builder.input, stem)
        self.values = [self.append(Concatenate(), mixed, self.append(Truncate(1), stem))]

    def append(self, operation: Operation, *inputs: int) -> int:
        return self.builder.append(operation, *inputs)

    def any_value(self) -> int:
        return self.draw(st.sampled_from(self.values))

    def layer(self) -> None:
        if self.draw(st.integers(0, 2)):
            self.values.append(self.append(self.draw(_KEEPING), self.any_value()))
        else:
            self.values.append(getattr(self, f"_{self.draw(st.sampled_from(_MEETINGS))}")())

    def reshape(self) -> None:
        operation = self.draw(_RESHAPING)
        try:
            self.size = operation.output_size(self.size)
        except ValueError:
            return
        # What came before is no longer reachable.
        self.values = [self.append(operation, self.values[-1])]

    def _repeat(self) -> int:
        cell = ProgramBuilder(input_channels=CHANNELS)
        last = cell.input
        for _ in range(self.draw(st.integers(1, 3))):
            last = cell.append(self.draw(_KEEPING), last)
        if self.draw(st.booleans()):
            cell.append(Add(), cell.input, last)
        return self.builder.inline(cell.build(), self.any_value(), times=2)

    def _add(self) -> int:
        return self.append(Add(), self.any_value(), self.any_value())

    def _multiply(self) -> int:
        return self.append(Multiply(), self.any_value(), self.any_value())

    def _maximum(self) -> int:
        return self.append(Maximum(), self.any_value(), self.any_value())

    def _divide(self) -> int:
        positive = self.append(Activation("sigmoid"), self.any_value())
        return self.append(Divide(), self.any_value(), positive)

    def _guarded(self) -> int:
        """A logarithm of positive numbers, or an exponential of bounded ones."""
        source = self.any_value()
        if self.draw(st.booleans()):
            return self.append(
                Activation("log"), self.append(Activation("softplus", (1.0, 20.0)), source)
            )
        return self.append(Activation("exp"), self.append(Activation("clamp", (-5.0, 5.0)), source))

    def _mix(self) -> int:
        """The first channels of one value, then those of another."""
        first = self.draw(st.integers(1, CHANNELS - 1))
        parts = [
            self.append(Truncate(count), self.any_value()) for count in (first, CHANNELS - first)
        ]
        return self.append(Concatenate(), *parts)

    def _gate(self) -> int:
        """Squeeze and excitation."""
        source = self.any_value()
        squeezed = self.append(GlobalMean(), source)
        gate = self.append(Activation("sigmoid"), self.append(Convolution(CHANNELS, 1), squeezed))
        return self.append(Multiply(), source, self.append(Broadcast(), gate, source))

    def _mask(self) -> int:
        """Attention to places, by what all channels are there."""
        source = self.any_value()
        pooled = self.draw(st.sampled_from([ChannelMean(), ChannelMaximum()]))
        mask = self.append(Activation("sigmoid"), self.append(pooled, source))
        return self.append(Multiply(), source, self.append(Broadcast(), mask, source))

    def _stripe(self) -> int:
        """Means over each row, in every column."""
        height, width = self.size
        identity = tuple(tuple(float(r == c) for c in range(height)) for r in range(height))
        source = self.any_value()
        means = self.append(SpatialLinear(identity, ((1 / width,) * width,)), source)
        return self.append(Broadcast(), means, source)

    def _spatial(self) -> int:
        """Any two matrices."""
        numbers = st.sampled_from([0.0, 0.5, 1.0, -0.25])
        matrices = [
            tuple(tuple(self.draw(numbers) for _ in range(length)) for _ in range(length))
            for length in self.size
        ]
        return self.append(SpatialLinear(*matrices), self.any_value())

    def _rearrange(self) -> int:
        """Whole channels in another order, or pixels of all channels mixed."""
        height, width = self.size
        index = np.arange(CHANNELS * height * width).reshape(CHANNELS, height, width)
        rng = np.random.default_rng(self.draw(st.integers(0, 99)))
        if self.draw(st.booleans()):
            index = index[rng.permutation(CHANNELS)]
        else:
            index = rng.permutation(index.ravel()).reshape(index.shape)
        shape = (CHANNELS, height, width)
        return self.append(Rearrange.of(index, shape=shape), self.any_value())


@st.composite
def programs(draw: st.DrawFn, size: Size = (7, 6)) -> Program:
    """Small networks of all layer kinds for 3-channel images of `size`."""
    drawing = _Drawing(draw, size)
    for _ in range(draw(st.integers(1, 3))):
        for _ in range(draw(st.integers(1, 5))):
            drawing.layer()
        if draw(st.booleans()):
            drawing.reshape()
    last = drawing.values[-1]
    ending = draw(st.sampled_from(["linear", "flat", "heads", "maps"]))
    if ending == "flat":
        drawing.append(Linear(3, pixels=drawing.size[0] * drawing.size[1]), last)
    elif ending != "maps":
        last = drawing.append(GlobalMean(), last)
        if ending == "linear":
            drawing.append(Linear(draw(st.integers(1, 3))), last)
    return drawing.builder.build()


def minibatches() -> st.SearchStrategy[Noise]:
    """Minibatches of 2 to 35 images of the size that `programs` are drawn for."""
    return strategies.minibatches().map(lambda noise: noise._replace(height=7, width=6))
