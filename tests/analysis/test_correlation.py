import time

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from epsilon_research.analysis.correlation import kendall_tau, spearman_rho
from epsilon_research.analysis.ranked_rows import check_rows, mid_ranks

CORRELATIONS = [(spearman_rho, scipy.stats.spearmanr), (kendall_tau, scipy.stats.kendalltau)]

# Small integers: many ties, and any monotone map of them is exact.
tied = st.integers(3, 40).flatmap(
    lambda rows: arrays(np.float64, (2, rows), elements=st.integers(-5, 5).map(float))
)


@pytest.mark.parametrize(
    ("scores", "accuracies", "rho", "tau"),
    [
        # Rank differences 1, 1, 0: ρ = 1 - 6·2 / (3·8); two of three pairs agree: τ = (2 - 1) / 3.
        ([1, 2, 3], [2, 1, 3], 0.5, 1 / 3),
        ([1, 2, 3, 4], [1, 2, 3, 4], 1, 1),
        ([1, 2, 3, 4], [4, 3, 2, 1], -1, -1),
        # Mid-ranks 1.5, 1.5, 3 and 1, 2, 3. One tied pair, two concordant: τ-b = 2 / √(2·3).
        ([1, 1, 2], [1, 2, 3], 1.5 / np.sqrt(1.5 * 2), 2 / np.sqrt(6)),
    ],
)
def test_small_cases_agree_with_the_hand(scores, accuracies, rho, tau):
    scores, accuracies = np.array(scores, float), np.array(accuracies, float)
    assert spearman_rho(scores, accuracies) == pytest.approx(rho)
    assert kendall_tau(scores, accuracies) == pytest.approx(tau)


@pytest.mark.parametrize(("ours", "reference"), CORRELATIONS)
@pytest.mark.parametrize("decimals", [0, 1, 12])
def test_large_cases_agree_with_scipy(ours, reference, decimals):
    rng = np.random.default_rng(5)
    scores = rng.normal(size=3000).round(decimals)
    accuracies = (scores + rng.normal(size=3000)).round(decimals)
    assert ours(scores, accuracies) == pytest.approx(reference(scores, accuracies)[0], abs=1e-12)


@pytest.mark.parametrize(("ours", "reference"), CORRELATIONS)
@given(table=tied)
def test_tied_cases_agree_with_scipy(ours, reference, table):
    if np.ptp(table[0]) == 0 or np.ptp(table[1]) == 0:
        assert np.isnan(ours(*table))
    else:
        assert ours(*table) == pytest.approx(reference(*table)[0], abs=1e-12)


@pytest.mark.parametrize("ours", [spearman_rho, kendall_tau])
@given(table=tied, seed=st.integers(0, 100))
def test_monotone_maps_and_shuffles_change_nothing(ours, table, seed):
    scores, accuracies = table
    order = np.random.default_rng(seed).permutation(scores.size)
    mapped = ours((scores**3 + scores)[order], np.exp(accuracies)[order])
    assert mapped == pytest.approx(ours(scores, accuracies), abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("ours", [spearman_rho, kendall_tau])
@given(table=tied)
def test_turning_one_side_turns_the_sign(ours, table):
    scores, accuracies = table
    turned = ours(scores, -accuracies)
    assert turned == pytest.approx(-ours(scores, accuracies), abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("ours", [spearman_rho, kendall_tau])
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_fewer_than_three_rows_are_nan(ours, rows):
    assert np.isnan(ours(np.arange(rows, dtype=float), np.arange(rows, dtype=float)))


@pytest.mark.parametrize("ours", [spearman_rho, kendall_tau])
def test_a_constant_side_is_nan(ours):
    assert np.isnan(ours(np.ones(9), np.arange(9.0)))
    assert np.isnan(ours(np.arange(9.0), np.ones(9)))


@pytest.mark.parametrize("ours", [spearman_rho, kendall_tau])
def test_undefined_values_are_refused_with_their_number(ours):
    with pytest.raises(ValueError, match="scores must be finite, got 2 of 3"):
        ours(np.array([np.nan, 1, np.inf]), np.arange(3.0))


def test_rows_of_different_number_are_refused():
    with pytest.raises(ValueError, match="same rows, got 3 scores and 4 accuracies"):
        check_rows(np.arange(3.0), np.arange(4.0))


def test_mid_ranks_share_the_mean_of_their_places():
    np.testing.assert_array_equal(mid_ranks(np.array([7.0, 3, 7, 1])), [3.5, 2, 3.5, 1])


def test_kendall_of_the_largest_benchmark_takes_seconds():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=423_624)
    accuracies = scores + rng.normal(size=scores.size)
    kendall_tau(scores[:10], accuracies[:10])  # compiles, once per machine
    start = time.perf_counter()
    tau = kendall_tau(scores, accuracies)
    # 0.17 s measured; a quadratic count would take minutes.
    assert time.perf_counter() - start < 10
    # Bivariate normal with r = 1/√2: τ = 2/π · asin(r) = 1/2. Standard error 0.001.
    assert tau == pytest.approx(0.5, abs=0.006)
