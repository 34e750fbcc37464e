"""Candidates of the protocol, and which paths the limits choose, against counts by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from epsilon_research.engines.collapsed import CollapsedEngine
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
from experiments.leaderboard.board import QUICK, read_board
from experiments.leaderboard.constant_weights import (
    BESIDE,
    candidates,
    confirm,
    features,
    is_even,
    limit_paths,
    without_scales,
)

SKIPS = "|skip_connect~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
MIXED = "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|skip_connect~0|nor_conv_3x3~1|none~2|"


def test_there_are_forty_candidates_made_of_features_and_flops() -> None:
    found = candidates()
    assert len(found) == 40
    single = {name for name, parts in found.items() if len(parts) == 1}
    assert {part for parts in found.values() for part in parts} == single | {"flops"}


def test_features_of_a_cell_of_skips_are_alike_at_both_limits_and_of_a_mixed_one_are_not() -> None:
    images = np.random.default_rng(0).normal(size=(16, 3, 8, 8)).astype(np.float32)
    session = CollapsedEngine(dtype="float64").open(images)
    alike, mixed = (
        features(NasBench201().program(cell, num_outputs=1), session) for cell in (SKIPS, MIXED)
    )
    assert alike["epsilon_0_inf"] == pytest.approx(0, abs=1e-9)
    assert alike["depth_difference"] == 0
    assert mixed["epsilon_0_inf"] > 1e-3
    assert mixed["depth_difference"] > 0
    assert set(candidates()) >= set(alike)


def test_unit_gain_takes_the_scale_of_every_batch_norm_and_nothing_else() -> None:
    program = NasBench201().program(MIXED, num_outputs=1)
    plain = without_scales(program)
    norms = [layer.operation for layer in plain.layers if isinstance(layer.operation, BatchNorm)]
    assert norms
    assert not any(norm.affine for norm in norms)
    assert [layer.inputs for layer in plain.layers] == [layer.inputs for layer in program.layers]


def test_equal_functions_are_in_one_half_and_both_halves_have_some() -> None:
    table = pd.DataFrame({"canonical_hash": [f"h{place // 2}" for place in range(100)]})
    even = is_even(table)
    assert (even[::2] == even[1::2]).all()
    assert 20 < even.sum() < 80


def test_a_candidate_that_is_the_result_is_called_better_than_flops() -> None:
    rng = np.random.default_rng(0)
    arenas = {arena.name: arena for arena in read_board(size=QUICK).arenas}
    tables = {}
    for name, arena in arenas.items():
        result = rng.normal(size=120)
        columns = {column: rng.normal(size=120) for column in BESIDE}
        tables[name] = pd.DataFrame(
            {"canonical_hash": [f"h{place}" for place in range(120)], "chosen": result}
            | columns
            | {task: result + rng.normal(0, 0.3, 120) for task in arena.tasks}
        )
    assert confirm("chosen", tables, arenas)["better"]
    assert not confirm("epsilon", tables, arenas)["better"]


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
