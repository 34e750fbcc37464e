"""Pareto fronts and hypervolumes against their definitions."""

import numpy as np
import pytest

from epsilon_research.analysis.pareto import hypervolume, non_dominated


def test_equal_rows_are_all_on_the_front() -> None:
    costs = np.array([[1.0, 2.0], [1.0, 2.0], [2.0, 1.0], [2.0, 2.0]])
    assert non_dominated(costs).tolist() == [True, True, True, False]
    assert non_dominated(np.empty((0, 2))).tolist() == []


@pytest.mark.parametrize("criteria", [1, 2, 3])
def test_a_row_is_on_the_front_if_none_is_better_in_everything(criteria: int) -> None:
    costs = np.random.default_rng(criteria).integers(6, size=(60, criteria)).astype(float)
    expected = [
        not any((other <= row).all() and (other < row).any() for other in costs) for row in costs
    ]
    assert non_dominated(costs).tolist() == expected


def test_the_hypervolume_is_the_share_of_points_that_are_dominated() -> None:
    rng = np.random.default_rng(0)
    costs, reference = rng.uniform(0, 2, size=(12, 2)), np.array([1.5, 1.0])
    points = rng.uniform(0, 1, size=(20_000, 2)) * reference
    dominated = (costs[:, None] <= points[None]).all(axis=2).any(axis=0)
    area = hypervolume(costs, reference)
    assert area == pytest.approx(reference.prod() * dominated.mean(), abs=0.03)
    assert area == pytest.approx(hypervolume(costs[non_dominated(costs)], reference))


def test_rows_beyond_the_reference_add_nothing() -> None:
    reference = np.array([2.0, 2.0])
    assert hypervolume(np.array([[1.0, 1.0]]), reference) == 1.0
    beyond = np.array([[1.0, 1.0], [0.0, 5.0], [3.0, 0.0]])
    assert hypervolume(beyond, reference) == 1.0
    assert hypervolume(np.empty((0, 2)), reference) == 0.0
