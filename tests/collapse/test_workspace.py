"""Running plans: memory, batch sizes, determinism, weights."""

import numpy as np
import pytest

from epsilon_research.collapse import Workspace, lower
from epsilon_research.collapse.rounding import displacement
from epsilon_research.metrics import epsilon_score
from epsilon_research.spaces.nb201 import NasBench201

SPACE = NasBench201()
IDS = SPACE.sample(12, np.random.default_rng(2))
PLANS = [lower(SPACE.program(id_, num_outputs=1), height=32, width=32) for id_ in IDS]
PLANS = [plan for plan in PLANS if plan.connected]


def images(batch: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(batch, 3, 32, 32)).astype(np.float32)


def test_a_plan_gives_the_same_bits_whatever_ran_before() -> None:
    fresh = [Workspace(images(20)).run(plan, weights=[1e-7, 1]) for plan in PLANS]
    workspace = Workspace(images(20))
    for plan in reversed(PLANS):
        workspace.run(plan, weights=[0.3])
    for plan, expected in zip(PLANS, fresh, strict=True):
        for ours, theirs in zip(workspace.run(plan, weights=[1e-7, 1]), expected, strict=True):
            np.testing.assert_array_equal(ours.values, theirs.values)
            assert ours.float32_defined == theirs.float32_defined


def test_memory_does_not_grow_with_the_number_of_plans() -> None:
    workspace = Workspace(images(20))
    for plan in PLANS:
        workspace.run(plan, weights=[1.0])
    sizes = (workspace._maps.nbytes, workspace._vectors.nbytes)
    for plan in PLANS * 3:
        workspace.run(plan, weights=[1.0])
    assert (workspace._maps.nbytes, workspace._vectors.nbytes) == sizes
    # A cell needs its four nodes and a few edges at a time, not one map per layer.
    assert len(workspace._maps) <= 3 + 12


@pytest.mark.parametrize("batch", [2, 15, 16, 17, 33])
def test_samples_that_pad_the_last_block_do_not_count(batch: int) -> None:
    """Doubling every image doubles each sum: statistics and so the scores stay as they are."""
    once = images(batch)
    twice = np.concatenate([once, once])
    for plan in PLANS[:4]:
        pair = [Workspace(x, dtype=np.float64).run(plan, weights=[1e-2, 1]) for x in (once, twice)]
        scores = [epsilon_score(low.values, high.values) for low, high in pair]
        assert scores[0] == pytest.approx(scores[1], rel=1e-8)


@pytest.mark.parametrize("weight", [0.0, -1.0, np.inf, np.nan])
def test_a_weight_that_is_no_positive_number_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="a weight must be positive and finite"):
        Workspace(images(4)).run(PLANS[0], weights=[weight])


def test_the_scale_of_the_images_matters_as_in_the_network_only() -> None:
    """The first batch norm removes any scale far above its epsilon."""
    for plan in PLANS[:4]:
        scores = []
        for factor in (2.0**10, 2.0**20):
            low, high = Workspace(images(20) * np.float32(factor)).run(plan, weights=[1e-2, 1])
            scores.append(epsilon_score(low.values, high.values))
        assert scores[0] == pytest.approx(scores[1], rel=1e-4)


def test_a_pair_of_outputs_that_are_rounding_errors_shows_as_such() -> None:
    """Normalised each, a pair is 0 and 1 whatever it was."""
    noise = np.array([1e-16, 3e-16])
    assert displacement(noise, np.array([2e-16, 2.5e-16])) > 0.1
    assert displacement(noise, noise + 1e-16) < 1e-15
    assert displacement(np.array([1.0, 2.0]), np.array([1.0, 2.0 + 4e-16])) < 1e-15
    # Squares beyond float64.
    assert displacement(np.array([0.0, 1e270]), np.array([0.0, 2e270])) == pytest.approx(0.5)
    assert displacement(np.ones(2), noise) == np.inf
