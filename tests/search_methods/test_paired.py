"""Paired comparison: against scipy's own test, and where it must say nothing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from epsilon_research.search_methods import compare_pairs


def compare(first: np.ndarray, second: np.ndarray) -> dict:
    return compare_pairs(first, second, rng=np.random.default_rng(0))


def test_a_clear_difference_is_found_and_points_the_right_way() -> None:
    rng = np.random.default_rng(1)
    second = rng.normal(size=100)
    first = second + rng.normal(0.5, 0.2, size=100)
    found = compare(first, second)
    assert found["n"] == 100
    assert found["mean_difference"] == pytest.approx((first - second).mean())
    low, high = found["mean_difference_interval"]
    # The interval of a mean: about two standard errors to either side.
    assert high - low == pytest.approx(2 * 1.96 * 0.2 / 10, rel=0.25)
    assert low < 0.5 < high
    assert found["wilcoxon_p"] == pytest.approx(wilcoxon(first, second, method="approx").pvalue)
    assert found["wilcoxon_p"] < 1e-10


@given(st.integers(0, 2**32 - 1))
def test_turned_around_it_says_the_same_with_the_other_sign(seed: int) -> None:
    first, second = np.random.default_rng(seed).integers(0, 4, size=(2, 20)).astype(float)
    one, other = compare(first, second), compare(second, first)
    assert one["mean_difference"] == pytest.approx(-other["mean_difference"])
    assert one["wilcoxon_p"] == pytest.approx(other["wilcoxon_p"])
    assert 0 <= one["wilcoxon_p"] <= 1


def test_equal_results_are_no_difference() -> None:
    found = compare(np.full(10, 0.9), np.full(10, 0.9))
    assert found == {
        "n": 10,
        "mean_difference": 0.0,
        "mean_difference_interval": [0.0, 0.0],
        "wilcoxon_p": 1.0,
    }


def test_undefined_pairs_are_left_out_and_none_left_is_undefined() -> None:
    found = compare(np.array([1.0, np.nan, 3.0]), np.array([0.0, 1.0, 1.0]))
    assert (found["n"], found["mean_difference"]) == (2, 1.5)
    nothing = compare(np.array([np.nan]), np.array([1.0]))
    assert nothing["n"] == 0
    assert math.isnan(nothing["wilcoxon_p"])
