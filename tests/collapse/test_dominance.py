"""What is left out changes no digit of a score; what is remembered is what was computed."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from epsilon_research.collapse import Workspace, lower
from epsilon_research.collapse.plan import Plan
from epsilon_research.collapse.workspace import CollapsedOutput
from epsilon_research.programs import Program
from epsilon_research.spaces.nb201 import NasBench201
from tests.strategies import Noise, fits, minibatches, programs

SPACE = NasBench201()
IMAGES = np.random.default_rng(0).normal(size=(18, 3, 32, 32)).astype(np.float32)
NOTHING = -np.inf
"""A cut below which there is no summand."""
COARSE = -8.0
"""A cut that can be seen: what it leaves out has to be among the rounding errors."""


def normalised(output: CollapsedOutput) -> np.ndarray:
    values = output.values
    return (values - values.min()) / np.ptp(values)


def compare(plan: Plan, images: np.ndarray, *, weight: float, dtype: type, coarse: bool) -> None:
    whole, cut = Workspace(images, dtype=dtype), Workspace(images, dtype=dtype)
    whole._cut = NOTHING
    if coarse:
        cut._cut = COARSE
    (full,), (found,) = (one.run(plan, weights=[weight]) for one in (whole, cut))
    assert found.float32_defined == full.float32_defined
    if np.ptp(full.values) == 0 or full.rounding > 1e-3:
        return
    # An error of four standard deviations, of the one and of the other.
    error = np.abs(normalised(found) - normalised(full)).max()
    assert error <= 4 * (found.rounding + full.rounding)


def plan_of(id_: str) -> Plan:
    return lower(SPACE.program(id_, num_outputs=1), height=32, width=32)


@settings(max_examples=150, deadline=None)
@given(
    programs(), minibatches(), st.floats(-14, 1), st.sampled_from([np.float32, np.float64]),
    st.booleans(),
)  # fmt: skip
def test_what_is_left_out_is_among_the_rounding_errors(
    program: Program, noise: Noise, exponent: float, dtype: type, coarse: bool
) -> None:
    assume(fits(program, noise))
    plan = lower(program, height=noise.height, width=noise.width)
    assume(plan.connected)
    compare(plan, noise.images, weight=10**exponent, dtype=dtype, coarse=coarse)


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("weight", [1e-7, 1e-5, 1e-3])
def test_cells_at_small_weights(weight: float, coarse: bool) -> None:
    for id_ in SPACE.sample(12, np.random.default_rng(5)):
        plan = plan_of(id_)
        if plan.connected:
            compare(plan, IMAGES, weight=weight, dtype=np.float32, coarse=coarse)


FEWEST = "|skip_connect~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|"
HIDING = (
    "|skip_connect~0|+|nor_conv_3x3~0|none~1|+|nor_conv_1x1~0|skip_connect~1|nor_conv_3x3~2|",
    "|skip_connect~0|+|none~0|nor_conv_1x1~1|+|nor_conv_1x1~0|skip_connect~1|nor_conv_3x3~2|",
)
"""Cells of which a skip connection alone can be seen."""


def test_convolutions_beside_a_skip_connection_are_left_out() -> None:
    expected = normalised(Workspace(IMAGES).run(plan_of(FEWEST), weights=[1e-7])[0])
    for id_ in HIDING:
        (found,) = Workspace(IMAGES).run(plan_of(id_), weights=[1e-7])
        np.testing.assert_allclose(normalised(found), expected, rtol=0, atol=3e-7)
        (other,) = Workspace(IMAGES).run(plan_of(id_), weights=[1.0])
        assert np.abs(normalised(other) - expected).max() > 1e-2


def test_an_output_that_is_known_is_not_computed_again() -> None:
    workspace = Workspace(IMAGES)
    first, second = (workspace.run(plan_of(id_), weights=[1e-7])[0] for id_ in HIDING)
    assert second.values is first.values
    other = workspace.run(plan_of(HIDING[0]), weights=[1e-8])[0]
    assert other.values is not first.values
    # Nothing is left out, so nothing is known, and memory does not grow with such plans.
    known = workspace._memo.taken[0]
    workspace.run(plan_of(FEWEST), weights=[1.0])
    assert workspace._memo.taken[0] == known


@pytest.mark.parametrize(
    ("plain", "hiding"),
    [
        # A convolution alone, and with one behind it beside it.
        (
            "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|",
            "|nor_conv_1x1~0|+|none~0|nor_conv_1x1~1|+|nor_conv_1x1~0|none~1|avg_pool_3x3~2|",
        ),
        # Twice the input, and likewise a convolution beside it.
        (
            "|skip_connect~0|+|none~0|none~1|+|skip_connect~0|skip_connect~1|none~2|",
            "|skip_connect~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|skip_connect~1|"
            "nor_conv_1x1~2|",
        ),
    ],
    ids=["convolution", "multiple"],
)
def test_what_is_hidden_has_no_part_in_what_is_known(plain: str, hiding: str) -> None:
    workspace = Workspace(IMAGES)
    first, second = (workspace.run(plan_of(id_), weights=[1e-7])[0] for id_ in (plain, hiding))
    assert second.values is first.values
    (fresh,) = Workspace(IMAGES).run(plan_of(hiding), weights=[1e-7])
    np.testing.assert_array_equal(fresh.values, second.values)
    # But in the rounding error.
    assert second.rounding == fresh.rounding >= first.rounding


def test_a_memo_that_is_full_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace(IMAGES)
    (first,) = workspace.run(plan_of(HIDING[0]), weights=[1e-7])
    workspace._memo.taken[0] = len(workspace._memo.keys)
    workspace.run(plan_of(HIDING[0]), weights=[1e-8])
    assert workspace._memo.taken[0] < 1_000
    (again,) = workspace.run(plan_of(HIDING[0]), weights=[1e-7])
    np.testing.assert_array_equal(again.values, first.values)


def test_numbers_do_not_depend_on_what_is_known() -> None:
    plans = [plan_of(id_) for id_ in SPACE.sample(60, np.random.default_rng(3))]
    plans = [plan for plan in plans if plan.connected]
    fresh = [Workspace(IMAGES).run(plan, weights=[1e-7])[0] for plan in plans]
    workspace = Workspace(IMAGES)
    for plan in reversed(plans):
        workspace.run(plan, weights=[1e-7])
    for plan, expected in zip(plans, fresh, strict=True):
        (found,) = workspace.run(plan, weights=[1e-7])
        np.testing.assert_array_equal(found.values, expected.values)
        assert found.rounding == expected.rounding
        assert found.float32_defined == expected.float32_defined
