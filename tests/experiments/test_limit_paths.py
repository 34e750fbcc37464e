"""Which paths the limits of constant weights choose, against counts by hand."""

import math

import pytest

from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.operations import (
    Add,
    BatchNorm,
    Convolution,
    GlobalMean,
    Linear,
    Multiply,
    ReLU,
    Zero,
)
from epsilon_research.spaces.nb201 import NasBench201
from experiments.leaderboard.limit_paths import limit_paths

CHAIN = (ReLU(), Convolution(4, 3, padding=1), BatchNorm())


def network(*, skip: bool, convolutions: int) -> Program:
    """A stem with batch norm, then a skip connection beside a chain, or the chain alone."""
    builder = ProgramBuilder()
    stem = builder.chain(builder.input, Convolution(4, 1), BatchNorm())
    branch = builder.chain(stem, *CHAIN * convolutions)
    terms = (stem, branch) if skip else (branch,)
    builder.chain(builder.append(Add(), *terms), GlobalMean(), Linear(1))
    return builder.build()


def test_small_weights_leave_the_shortest_path_and_large_ones_all_normalised_alike() -> None:
    paths = limit_paths(network(skip=True, convolutions=2))
    assert paths is not None
    low, high = paths
    assert (low.depth, low.exponent) == (1, 3)
    # Stem and branch are both w times a map of variance 1.
    assert high.depth == pytest.approx((1 + 3) / 2)


def test_a_chain_is_alike_at_both_limits() -> None:
    paths = limit_paths(network(skip=False, convolutions=2))
    assert paths is not None
    low, high = paths
    assert high.depth == low.depth
    assert low.exponent == 2 * 3 + 1
    expected = math.log(3) + 2 * math.log(4 * 9) + math.log(4) - 3 / 2 * math.log(1e-5)
    assert low.size == pytest.approx(expected)


def test_a_disconnected_network_has_no_paths() -> None:
    builder = ProgramBuilder()
    builder.chain(builder.input, Zero(), Convolution(1, 1))
    assert limit_paths(builder.build()) is None


def test_a_product_is_refused() -> None:
    builder = ProgramBuilder()
    builder.append(Multiply(), builder.input, builder.input)
    with pytest.raises(ValueError, match="sums or concatenations"):
        limit_paths(builder.build())


def test_the_shortcut_without_batch_norm_outgrows_what_runs_beside_it() -> None:
    cell = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|nor_conv_3x3~1|none~2|"
    paths = limit_paths(NasBench201().program(cell, num_outputs=1))
    assert paths is not None
    # Stem and two shortcuts as w→0; large weights mix skips and chains in the first stage only.
    low, high = paths
    assert low.depth == 3
    assert high.depth > 3
