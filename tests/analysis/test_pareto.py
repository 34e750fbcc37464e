"""Pareto fronts and hypervolumes against their definitions."""

import numpy as np
import pandas as pd
import pytest

from epsilon_research.analysis.pareto import attainment, hypervolume, non_dominated


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


def test_the_surface_is_what_half_of_the_searches_have_at_a_cost() -> None:
    grid = np.array([0.5, 1.0, 2.0, 2.5, 3.0, 10.0])
    fronts = [[(1.0, 0.5), (3.0, 0.9)], [(2.0, 0.8)], [(2.0, 0.7), (3.0, 0.6)]]
    rows = [(repeat, *point) for repeat, front in enumerate(fronts) for point in front]
    one = pd.DataFrame(rows, columns=["repeat", "cost", "reported"])
    median, low, high = attainment(one, grid, higher_is_better=True)
    np.testing.assert_array_equal(median, [np.nan, np.nan, 0.7, 0.7, 0.8, 0.8])
    np.testing.assert_array_equal(low, [np.nan, np.nan, 0.5, 0.5, 0.7, 0.7])
    np.testing.assert_array_equal(high, [np.nan, 0.5, 0.8, 0.8, 0.9, 0.9])
    losses = one.assign(reported=1 - one["reported"])
    turned = attainment(losses, grid, higher_is_better=False)
    np.testing.assert_allclose(turned[0], 1 - median)
