"""Plans: channel groups, value numbering, dead code, canonical hash."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from epsilon_research.collapse import Workspace, canonical_hash, lower
from epsilon_research.collapse.plan import Op, Plan
from epsilon_research.collapse.workspace import _encode
from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.operations import (
    Add,
    BatchNorm,
    Concatenate,
    Convolution,
    GlobalMean,
    GroupNorm,
    Linear,
    Operation,
    ReLU,
    Truncate,
    Zero,
)
from epsilon_research.programs.program import Layer
from tests.strategies import Noise, fits, minibatches, programs

CONV = Convolution(4, 3, padding=1)


def ops(program: Program) -> list[Op]:
    return [i.op for i in lower(program, height=8, width=8).instructions]


def finish(builder: ProgramBuilder, last: int) -> Program:
    builder.append(GlobalMean(), last)
    return builder.build()


def chain(*operations: Operation) -> Program:
    builder = ProgramBuilder(input_channels=3)
    last = builder.input
    for operation in operations:
        last = builder.append(operation, last)
    return finish(builder, last)


def test_equal_layers_are_computed_once() -> None:
    builder = ProgramBuilder(input_channels=3)
    twins = [builder.append(CONV, builder.input) for _ in range(2)]
    program = finish(builder, builder.append(Add(), *twins))
    assert ops(program).count(Op.BOX) == 1
    # The sum of two equal maps is one map times two.
    assert Op.COMBINE not in ops(program)


def test_layers_without_effect_are_not_computed() -> None:
    builder = ProgramBuilder(input_channels=3)
    used = builder.append(Convolution(4, 1), builder.input)
    builder.append(CONV, builder.input)
    through_zero = builder.append(Zero(), builder.append(CONV, used))
    program = finish(builder, builder.append(Add(), used, through_zero))
    assert Op.BOX not in ops(program)


def test_what_is_cut_off_is_not_computed() -> None:
    builder = ProgramBuilder(input_channels=3)
    kept = builder.append(Convolution(4, 1), builder.input)
    cut = builder.append(CONV, kept)
    both = builder.append(Concatenate(), kept, cut)
    program = finish(builder, builder.append(Truncate(4), both))
    assert Op.BOX not in ops(program)


def test_a_program_of_zeros_has_no_plan() -> None:
    plan = lower(chain(CONV, Zero(), BatchNorm(), ReLU(), CONV), height=8, width=8)
    assert not plan.connected
    assert plan.instructions == ()


def test_groups_of_different_width_are_split_when_added() -> None:
    builder = ProgramBuilder(input_channels=1)
    small = builder.append(Convolution(2, 1), builder.input)
    large = builder.append(CONV, builder.input)
    left = builder.append(Concatenate(), small, large)  # channels: 2 small, 4 large
    right = builder.append(Concatenate(), large, small)  # channels: 4 large, 2 small
    total = builder.append(Add(), left, right)  # 2 both, 2 large twice, 2 both
    builder.append(Linear(1), builder.append(GlobalMean(), total))
    program = builder.build()
    images = np.random.default_rng(0).normal(size=(4, 1, 6, 6)).astype(np.float32)
    box = np.pad(images[:, 0].astype(float), ((0, 0), (1, 1), (1, 1)))
    box = np.lib.stride_tricks.sliding_window_view(box, (3, 3), axis=(1, 2)).sum(axis=(-1, -2))
    expected = (6 - 2) * images[:, 0].mean(axis=(1, 2)) + 8 * box.mean(axis=(1, 2))
    found = Workspace(images, dtype=np.float64).run(
        lower(program, height=6, width=6), weights=[1.0]
    )[0]
    ratio = found.values / expected
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)


def test_images_that_are_too_small_are_refused() -> None:
    with pytest.raises(ValueError, match=r"window must fit .* kernel 5 on 3 pixels"):
        lower(chain(Convolution(4, 5)), height=3, width=3)


def repeated(*operations: Operation, times: int = 3, before: Operation | None = None) -> Program:
    """A stem whose output, perhaps read by `before`, goes through a cell several times.

    The sum of the cell's output and what a ReLU makes of the stem's ends it.
    """
    cell = ProgramBuilder(input_channels=4)
    cell.append(Add(), cell.input, cell.chain(cell.input, *operations))
    builder = ProgramBuilder(input_channels=3)
    stem = builder.chain(builder.input, CONV, BatchNorm())
    beside = stem if before is None else builder.append(before, stem)
    last = builder.inline(cell.build(), stem, times=times)
    return finish(builder, builder.append(Add(), builder.append(ReLU(), stem), beside, last))


def test_a_cell_that_is_repeated_is_lowered_once() -> None:
    program = repeated(ReLU(), CONV, BatchNorm())
    plan = lower(program, height=8, width=8)
    assert [loop.times for loop in plan.loops] == [3]
    assert len(program.layers) == len(program.rolled) + 2 * 4
    assert len(plan.instructions) == len(plan.rolled) + 2 * 4
    assert canonical_hash(plan) == canonical_hash(lower(Program(program.layers), height=8, width=8))


def test_two_loops_may_begin_at_one_value() -> None:
    builder = ProgramBuilder(input_channels=3)
    stem = builder.chain(builder.input, CONV, BatchNorm())
    ends = []
    for size in (1, 3):
        cell = ProgramBuilder(input_channels=4)
        cell.chain(cell.input, ReLU(), Convolution(4, size, padding=size // 2), BatchNorm())
        ends.append(builder.inline(cell.build(), stem, times=3))
    program = finish(builder, builder.append(Add(), *ends))
    plan = lower(program, height=8, width=8)
    assert len(plan.loops) == 2
    check_encoding(plan)
    written_out = lower(Program(program.layers), height=8, width=8)
    assert canonical_hash(plan) == canonical_hash(written_out)


def test_what_cannot_be_repeated_is_refused() -> None:
    cell = ProgramBuilder(input_channels=3)
    cell.append(CONV, cell.input)
    builder = ProgramBuilder(input_channels=3)
    with pytest.raises(ValueError, match="must get 3 channels, got 4"):
        builder.inline(cell.build(), builder.input, times=2)
    with pytest.raises(ValueError, match="times must be at least 1, got 0"):
        builder.inline(cell.build(), builder.input, times=0)


def test_a_program_of_its_input_alone_is_its_source() -> None:
    builder = ProgramBuilder(input_channels=3)
    builder.append(ReLU(), builder.input)
    nothing = ProgramBuilder(input_channels=3).build()
    assert builder.inline(nothing, builder.input, times=2) == builder.input


def with_two_groups() -> Program:
    """A cell whose first round reads one channel group, and gives two to the next."""
    cell = ProgramBuilder(input_channels=4)
    halves = [cell.append(Convolution(2, size, padding=size // 2), cell.input) for size in (1, 3)]
    cell.append(Concatenate(), *halves)
    builder = ProgramBuilder(input_channels=3)
    stem = builder.append(CONV, builder.input)
    return finish(builder, builder.inline(cell.build(), stem, times=3))


def ending_in_a_cell() -> Program:
    """The output is not the last of what a further round would read."""
    builder = ProgramBuilder(input_channels=3)
    mean = builder.append(GlobalMean(), builder.input)
    for times in (1, 3):
        cell = ProgramBuilder(input_channels=3 if times == 1 else 4)
        first = cell.append(Convolution(2, 1), cell.input)
        cell.append(Concatenate(), first, cell.append(BatchNorm(), first))
        mean = builder.inline(cell.build(), mean, times=times)
    builder.append(Truncate(2), mean)
    return builder.build()


@pytest.mark.parametrize(
    "program",
    [
        ending_in_a_cell(),
        # The first round finds its ReLU computed already.
        repeated(ReLU(), CONV, BatchNorm(), before=ReLU()),
        with_two_groups(),
        repeated(Zero()),
        repeated(GroupNorm(2), CONV),
    ],
)
def test_rounds_that_may_differ_are_written_out(program: Program) -> None:
    plan = lower(program, height=8, width=8)
    assert plan == lower(Program(program.layers), height=8, width=8)


@settings(max_examples=150, deadline=None)
@given(programs(), minibatches())
def test_a_plan_with_loops_is_the_plan_of_all_layers(program: Program, noise: Noise) -> None:
    assume(fits(program, noise) and program.loops)
    size = {"height": noise.height, "width": noise.width}
    plan, written_out = lower(program, **size), lower(Program(program.layers), **size)
    assert plan.connected == written_out.connected
    assert canonical_hash(plan) == canonical_hash(written_out)
    if plan.connected:
        check_encoding(plan)


def check_encoding(plan: Plan) -> None:
    """The encoded loops are the encoded instructions of all rounds."""
    without = Plan(plan.instructions, plan.input_shape, plan.repeats)
    arrays = [_encode(one, num_inputs=3) for one in (plan, without)]
    for ours, theirs in zip(*arrays, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def reordered(program: Program, seed: int) -> Program:
    """The same network with the terms of its sums in another order."""
    rng = np.random.default_rng(seed)
    layers = tuple(
        Layer(layer.operation, tuple(rng.permutation(layer.inputs).tolist()), layer.channels)
        if isinstance(layer.operation, Add)
        else layer
        for layer in program.layers
    )
    return Program(layers)


@settings(max_examples=60, deadline=None)
@given(programs(), minibatches(), st.integers(0, 99))
def test_the_order_of_sums_does_not_change_the_hash(
    program: Program, noise: Noise, seed: int
) -> None:
    assume(fits(program, noise))
    size = {"height": noise.height, "width": noise.width}
    hashes = {
        canonical_hash(lower(variant, **size)) for variant in (program, reordered(program, seed))
    }
    assert len(hashes) == 1


@settings(max_examples=60, deadline=None)
@given(programs(), programs(), minibatches())
def test_equal_hashes_mean_equal_outputs(first: Program, second: Program, noise: Noise) -> None:
    assume(fits(first, noise))
    assume(fits(second, noise))
    plans = [lower(p, height=noise.height, width=noise.width) for p in (first, second)]
    assume(all(plan.connected for plan in plans))
    workspace = Workspace(noise.images, dtype=np.float64)
    outputs = [workspace.run(plan, weights=[0.5])[0].values for plan in plans]
    same = np.allclose(*[y / (np.abs(y).max() or 1) for y in outputs], rtol=0, atol=1e-9)
    if canonical_hash(plans[0]) == canonical_hash(plans[1]):
        assert same


def test_nested_sums_are_opened_and_multiplicities_count() -> None:
    def network(*, nested: bool, twice: bool) -> Program:
        builder = ProgramBuilder(input_channels=3)
        a = builder.append(CONV, builder.input)
        b = builder.append(Convolution(4, 1), builder.input)
        c = builder.append(Convolution(4, 5, padding=2), builder.input)
        if nested:
            total = builder.append(Add(), builder.append(Add(), a, b), c)
        else:
            total = builder.append(Add(), a, b, c)
        if twice:
            total = builder.append(Add(), total, a)
        return finish(builder, total)

    def key(**choices: bool) -> str:
        return canonical_hash(lower(network(**choices), height=8, width=8))

    assert key(nested=True, twice=False) == key(nested=False, twice=False)
    assert key(nested=True, twice=True) == key(nested=False, twice=True)
    assert key(nested=True, twice=True) != key(nested=True, twice=False)
