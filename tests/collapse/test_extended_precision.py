"""Who is right where float64 itself underflows: a naive network in 80-bit numbers decides."""

import numpy as np
import pytest

from epsilon_research.collapse import Workspace, lower
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.metrics import epsilon_score
from epsilon_research.programs import Program
from epsilon_research.programs.operations import (
    Add,
    AveragePool,
    BatchNorm,
    Convolution,
    GlobalMean,
    Input,
    Linear,
    Operation,
    ReLU,
    Zero,
)
from epsilon_research.spaces.nb201 import NasBench201

WIDE = np.longdouble
SPACE = NasBench201()
# The public golden case in which the published code in float64 gives 0.00565392.
UNDERFLOWS = "|nor_conv_1x1~0|+|skip_connect~0|nor_conv_3x3~1|+|none~0|nor_conv_3x3~1|none~2|"

pytestmark = pytest.mark.skipif(
    np.finfo(WIDE).minexp > -16000, reason="needs numbers with a 15-bit exponent (x86)"
)


def window_sums(x: np.ndarray, op: Convolution | AveragePool) -> np.ndarray:
    """Sum over each window of zero-padded maps (batch, channels, height, width)."""
    p, k, s = op.padding, op.kernel_size, op.stride
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(2, 3))
    return windows[:, :, ::s, ::s].sum(axis=(-1, -2))


def apply(op: Operation, inputs: list[np.ndarray], weight: np.longdouble) -> np.ndarray:
    x = inputs[0]
    if isinstance(op, Convolution):
        one = weight * window_sums(x.sum(axis=1, keepdims=True), op)
        return np.repeat(one, op.channels, axis=1)
    if isinstance(op, BatchNorm):
        mean = x.mean(axis=(0, 2, 3), keepdims=True)
        variance = ((x - mean) ** 2).mean(axis=(0, 2, 3), keepdims=True)
        return (x - mean) / np.sqrt(variance + WIDE(op.eps)) * weight
    if isinstance(op, AveragePool):
        return window_sums(x, op) / window_sums(np.ones_like(x), op)
    if isinstance(op, Linear):
        return weight * x.sum(axis=1, keepdims=True)
    simple = {
        Input: lambda: x,
        Zero: lambda: 0 * x,
        ReLU: lambda: np.maximum(x, 0),
        Add: lambda: sum(inputs[1:], x),
        GlobalMean: lambda: x.mean(axis=(2, 3), keepdims=True),
    }
    return simple[type(op)]()


def wide_outputs(program: Program, images: np.ndarray, weight: float) -> np.ndarray:
    """The network with all its channels, layer by layer."""
    values: list[np.ndarray] = []
    for layer in program.layers:
        inputs = [values[source] for source in layer.inputs] or [images.astype(WIDE)]
        values.append(apply(layer.operation, inputs, WIDE(weight)))
    return values[-1].ravel()


def wide_score(program: Program, images: np.ndarray, weights: tuple[float, float]) -> float:
    # Scaled while still wide: the outputs themselves lie below what float64 can hold.
    pair = [wide_outputs(program, images, weight) for weight in weights]
    return epsilon_score(*[(y / np.abs(y).max()).astype(np.float64) for y in pair])


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(5, 3, 32, 32)).astype(np.float32)


def collapsed_score(program: Program, images: np.ndarray, weights: tuple[float, float]) -> float:
    plan = lower(program, height=32, width=32)
    low, high = Workspace(images, dtype=np.float64).run(plan, weights=weights)
    return epsilon_score(low.values, high.values)


def test_the_collapse_is_right_where_float64_loses_digits(images: np.ndarray) -> None:
    program = SPACE.program(UNDERFLOWS, num_outputs=1)
    exact = wide_score(program, images, (1e-7, 1))
    session = ReferenceEngine(dtype="float64").open(images)
    low, high = session.outputs(program, (1e-7, 1))
    published = epsilon_score(low.values, high.values)
    assert collapsed_score(program, images, (1e-7, 1)) == pytest.approx(exact, rel=1e-9)
    assert abs(published / exact - 1) > 1e-4


@pytest.mark.parametrize("weights", [(1e-30, 1e30), (1e-30, 1e-29), (1e29, 1e30), (1e-12, 1e5)])
@pytest.mark.parametrize("seed", range(2))
def test_it_is_right_for_extreme_weights(
    seed: int, weights: tuple[float, float], images: np.ndarray
) -> None:
    rng = np.random.default_rng(seed)
    (architecture_id,) = SPACE.sample(1, rng)
    program = SPACE.program(architecture_id, num_outputs=1)
    exact = wide_score(program, images, weights)
    assert np.isfinite(exact)
    ours = collapsed_score(program, images, weights)
    assert ours == pytest.approx(exact, rel=1e-7, abs=1e-12)
