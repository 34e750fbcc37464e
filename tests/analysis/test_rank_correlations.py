import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from epsilon_research.analysis.rank_correlations import (
    resampled_rhos,
    rho_difference_interval,
    rho_matrix,
)
from tests.analysis.naive import correlation

tied = st.tuples(st.integers(3, 40), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(0, 6).map(float))
)


@given(values=tied)
def test_the_matrix_agrees_with_scipy_pair_by_pair(values):
    expected = [
        [correlation(scipy.stats.spearmanr, first, second) for second in values.T]
        for first in values.T
    ]
    np.testing.assert_allclose(rho_matrix(values), expected, atol=1e-12)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_too_few_rows_have_no_correlation(rows):
    values = np.arange(3.0 * rows).reshape(rows, 3)
    assert np.isnan(rho_matrix(values)).all()
    resampled = resampled_rhos(
        values, np.arange(float(rows)), rng=np.random.default_rng(0), num_resamples=4
    )
    assert resampled.shape == (4, 3)
    assert np.isnan(resampled).all()


@settings(max_examples=25)
@given(values=tied)
def test_resamples_agree_with_scipy_on_the_same_draws(values):
    scores, accuracies = values[:, :-1], values[:, -1]
    found = resampled_rhos(scores, accuracies, rng=np.random.default_rng(3), num_resamples=35)
    order = np.lexsort((*scores.T[::-1], accuracies))
    for rhos, source in zip(found, np.random.default_rng(3).spawn(35), strict=True):
        drawn = order[source.integers(len(scores), size=len(scores), dtype=np.int32)]
        for rho, column in zip(rhos, scores[drawn].T, strict=True):
            expected = correlation(scipy.stats.spearmanr, column, accuracies[drawn])
            assert rho == pytest.approx(expected, abs=1e-12, nan_ok=True)


@settings(max_examples=25)
@given(values=tied.filter(lambda values: values.shape[1] > 1), seed=st.integers(0, 99))
def test_the_interval_of_a_difference_agrees_with_scipy_on_the_same_draws(values, seed):
    scores, accuracies = values[:, 0], values[:, 1]
    first, second = np.random.default_rng(seed).uniform(size=(2, len(values))) > 0.3
    interval = rho_difference_interval(
        scores,
        accuracies,
        first=first,
        second=second,
        rng=np.random.default_rng(3),
        num_resamples=35,
    )
    either = np.flatnonzero(first | second)
    if either.size < 3:
        assert np.isnan(interval).all()
        return
    keys = (second[either], first[either], scores[either], accuracies[either])
    order = either[np.lexsort(keys)]
    differences = []
    for source in np.random.default_rng(3).spawn(35):
        drawn = order[source.integers(order.size, size=order.size, dtype=np.int32)]
        rhos = [
            correlation(scipy.stats.spearmanr, scores[drawn[kept]], accuracies[drawn[kept]])
            for kept in (first[drawn], second[drawn])
        ]
        differences.append(rhos[0] - rhos[1])
    defined = [difference for difference in differences if np.isfinite(difference)]
    expected = np.percentile(defined, [2.5, 97.5]) if defined else [np.nan, np.nan]
    np.testing.assert_allclose(interval, expected, atol=1e-12)


@pytest.mark.parametrize("num_threads", [1, 3])
def test_neither_threads_nor_the_order_of_rows_change_anything(num_threads):
    values = np.random.default_rng(1).normal(size=(200, 4)).round(1)
    order = np.random.default_rng(2).permutation(200)
    first, second = (
        resampled_rhos(
            table[:, 1:],
            table[:, 0],
            rng=np.random.default_rng(3),
            num_resamples=70,
            num_threads=threads,
        )
        for table, threads in ((values, 1), (values[order], num_threads))
    )
    np.testing.assert_array_equal(first, second)


def test_all_metrics_of_a_resample_have_the_same_draw():
    scores = np.random.default_rng(1).normal(size=100)
    accuracies = scores + np.random.default_rng(2).normal(size=100)
    found = resampled_rhos(
        np.stack([scores, -scores, np.exp(scores)], axis=1),
        accuracies,
        rng=np.random.default_rng(3),
        num_resamples=50,
    )
    np.testing.assert_allclose(found[:, 0], -found[:, 1], atol=1e-12)
    np.testing.assert_allclose(found[:, 0], found[:, 2], atol=1e-12)
    assert np.ptp(found[:, 0]) > 0
