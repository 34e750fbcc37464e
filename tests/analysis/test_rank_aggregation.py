from itertools import combinations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from epsilon_research.analysis import rank_aggregation
from epsilon_research.analysis.rank_aggregation import AGGREGATES, aggregate_ranks, best_subsets

gaps = st.one_of(st.integers(-4, 4).map(float), st.just(np.nan), st.just(-np.inf))
scores_with_gaps = st.tuples(st.integers(1, 25), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=gaps)
)


@given(scores=scores_with_gaps)
def test_the_mean_rank_and_the_logarithms_agree_with_scipy(scores):
    kept = ~np.isnan(scores).any(axis=1)
    filled = np.maximum(scores, -1e300)[kept]
    ranks = scipy.stats.rankdata(filled, axis=0) / max(kept.sum(), 1)
    expected = {"mean_rank": ranks.mean(axis=1), "log_rank": np.log(ranks).sum(axis=1)}
    for aggregate in AGGREGATES:
        found = aggregate_ranks(scores, aggregate=aggregate)
        np.testing.assert_array_equal(np.isnan(found), ~kept)
        np.testing.assert_allclose(found[kept], expected[aggregate], atol=1e-12)


def test_the_mean_rank_orders_rows_as_bordas_count():
    scores = np.random.default_rng(0).integers(0, 5, (30, 3)).astype(float)
    # Borda: a point for each row that one beats, half a point for each that one ties with.
    beaten = (scores[:, None] > scores[None]).sum(axis=(1, 2))
    ties = (scores[:, None] == scores[None]).sum(axis=(1, 2))
    mean = aggregate_ranks(scores)
    assert scipy.stats.spearmanr(mean, beaten + 0.5 * ties)[0] == pytest.approx(1)


@given(scores=scores_with_gaps)
def test_equal_sums_of_ranks_are_equal_numbers(scores):
    aggregate = aggregate_ranks(scores)
    backwards = aggregate_ranks(scores[:, ::-1])
    np.testing.assert_array_equal(aggregate, backwards)


def test_minus_infinity_ranks_last_and_nan_is_left_out():
    scores = np.array([[-np.inf, 1.0], [2.0, 3.0], [1.0, 2.0], [np.nan, 4.0], [-np.inf, 4.0]])
    found = aggregate_ranks(scores)
    # Ranks of the four rows left: 1.5, 4, 3, 1.5 and 1, 3, 2, 4.
    np.testing.assert_allclose(found, np.array([2.5, 7, 5, np.nan, 5.5]) / 8)


def test_one_metric_alone_keeps_its_order():
    scores = np.array([[0.3], [np.nan], [-7.0], [0.1]])
    for aggregate in AGGREGATES:
        found = aggregate_ranks(scores, aggregate=aggregate)
        np.testing.assert_array_equal(np.argsort(found), [2, 3, 0, 1])


def test_unknown_options_are_answered_with_those_that_exist():
    with pytest.raises(ValueError, match="one of mean_rank, log_rank, got 'median'"):
        aggregate_ranks(np.ones((3, 2)), aggregate="median")
    with pytest.raises(ValueError, match="at least one metric"):
        aggregate_ranks(np.ones((3, 0)))


def _noisy(rows=150, metrics=6):
    rng = np.random.default_rng(4)
    accuracies = rng.normal(size=rows)
    scores = accuracies[:, None] + rng.normal(size=(rows, metrics)) * np.arange(1, metrics + 1)
    return scores, accuracies


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_best_subsets_are_the_best_of_all(size):
    scores, accuracies = _noisy()
    expected = {
        chosen: scipy.stats.spearmanr(aggregate_ranks(scores[:, chosen]), accuracies)[0]
        for chosen in combinations(range(6), size)
    }
    found = best_subsets(scores, accuracies, size=size, num_best=4)
    best = sorted(expected, key=lambda chosen: -expected[chosen])[:4]
    assert [subset.columns for subset in found] == best
    for subset in found:
        assert subset.rho == pytest.approx(expected[subset.columns], abs=1e-12)


def test_too_many_subsets_leave_the_weakest_metrics_out(monkeypatch):
    scores, accuracies = _noisy()
    # Four metrics have six pairs, five have ten.
    monkeypatch.setattr(rank_aggregation, "MOST_WORK", 150 * 9)
    found = best_subsets(scores, accuracies, size=2, num_best=99)
    alone = [scipy.stats.spearmanr(column, accuracies)[0] for column in scores.T]
    best_four = set(np.argsort(alone)[-4:].tolist())
    assert len(found) == 6
    assert {column for subset in found for column in subset.columns} == best_four


def test_nothing_to_choose_from_is_no_subset():
    scores, accuracies = _noisy()
    assert best_subsets(scores[:, :1], accuracies, size=2) == []
    assert best_subsets(scores[:2], accuracies[:2], size=2) == []
    assert best_subsets(scores, np.ones(150), size=2) == []
    assert best_subsets(np.ones((150, 2)), accuracies, size=2) == []
