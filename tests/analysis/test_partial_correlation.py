import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from epsilon_research.analysis.partial_correlation import MIN_GROUP, rho_within_groups

tables = st.integers(1, 120).flatmap(
    lambda rows: arrays(np.float64, (3, rows), elements=st.integers(0, 5).map(float))
)


def naive_pool(scores, accuracies, covariate):
    """Group by group, with scipy."""
    total, weights = 0.0, 0
    for value in set(covariate):
        x, y = scores[covariate == value], accuracies[covariate == value]
        if len(x) < MIN_GROUP or np.ptp(x) == 0 or np.ptp(y) == 0:
            continue
        rho = scipy.stats.spearmanr(x, y)[0]
        most = 1 - 12 / (len(x) ** 3 - len(x))
        total += (len(x) - 3) * np.arctanh(min(max(rho, -most), most))
        weights += len(x) - 3
    return np.tanh(total / weights) if weights else np.nan


@given(table=tables)
def test_the_pooled_correlation_agrees_with_a_loop(table):
    scores, accuracies, covariate = table
    found = rho_within_groups(scores, accuracies, covariate=covariate)
    expected = naive_pool(scores, accuracies, covariate)
    assert found.rho == pytest.approx(expected, abs=1e-9, nan_ok=True)
    assert sum(size for size, _ in found.groups.values()) == scores.size
    pooled = [size for size, rho in found.groups.values() if np.isfinite(rho)]
    assert (found.num_rows, found.num_groups) == (sum(pooled), len(pooled))


def test_one_group_has_its_own_correlation_and_interval():
    scores, accuracies = np.random.default_rng(0).normal(size=(2, 100))
    found = rho_within_groups(scores, accuracies, covariate=np.full(100, 4.0))
    rho = scipy.stats.spearmanr(scores, accuracies)[0]
    assert found.rho == pytest.approx(rho)
    assert found.groups == {4.0: (100, pytest.approx(rho))}
    reach = scipy.stats.norm.ppf(0.975) * np.sqrt((1 + rho**2 / 2) / 97)
    expected = np.tanh([np.arctanh(rho) - reach, np.arctanh(rho) + reach])
    np.testing.assert_allclose(found.interval, expected)


def test_a_metric_that_only_counts_has_nothing_left():
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 6, 3000).astype(float)
    accuracies = counts + rng.normal(size=3000)
    assert np.isnan(rho_within_groups(counts, accuracies, covariate=counts).rho)
    noisy = counts + rng.uniform(0, 0.1, 3000)
    assert scipy.stats.spearmanr(noisy, accuracies)[0] > 0.8
    found = rho_within_groups(noisy, accuracies, covariate=counts)
    # Independent within groups: a standard error of 0.018.
    assert abs(found.rho) < 0.07
    assert found.interval[0] < 0 < found.interval[1]


def test_intervals_cover_the_truth_as_often_as_they_say():
    """600 tables of five groups of 30 rows: 30 misses are expected.

    Fewer than 12 or more than 52 of binomial(600, 0.05) have a probability of 0.0002.
    """
    rng = np.random.default_rng(7)
    truth = 6 / np.pi * np.arcsin(0.6 / 2)
    covariate = np.repeat(np.arange(5.0), 30)
    misses = 0
    for _ in range(600):
        scores, noise = rng.normal(size=(2, 150))
        accuracies = 0.6 * scores + 0.8 * noise + 10 * covariate
        low, high = rho_within_groups(scores, accuracies, covariate=covariate).interval
        misses += not low <= truth <= high
    assert 12 <= misses <= 52


def test_a_perfect_group_is_finite():
    rows = np.arange(20.0)
    found = rho_within_groups(rows, rows, covariate=np.zeros(20))
    assert found.rho == pytest.approx(1 - 12 / (20**3 - 20))
    assert found.groups[0.0] == (20, pytest.approx(1))


def test_without_rows_there_is_no_correlation():
    nothing = np.empty(0)
    found = rho_within_groups(nothing, nothing, covariate=nothing)
    assert (found.num_rows, found.num_groups, found.groups) == (0, 0, {})
    assert np.isnan([found.rho, *found.interval]).all()


def test_an_undefined_covariate_is_refused():
    with pytest.raises(ValueError, match="must be finite, got 1 of 3"):
        rho_within_groups(np.ones(3), np.ones(3), covariate=np.array([1, np.nan, 2]))
