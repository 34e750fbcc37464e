import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from epsilon_research.analysis.ndcg import ndcg
from tests.analysis.naive import naive_ndcg

tied = st.integers(3, 60).flatmap(
    lambda rows: arrays(np.float64, (2, rows), elements=st.integers(-9, 9).map(float))
)


@given(table=tied)
def test_scikit_learn_agrees_under_ties(table):
    assert ndcg(*table) == pytest.approx(naive_ndcg(*table), abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("rows", [3, 10, 11, 2000])
def test_scikit_learn_agrees_without_ties(rows):
    scores, accuracies = np.random.default_rng(rows).normal(size=(2, rows))
    assert ndcg(scores, accuracies) == pytest.approx(naive_ndcg(scores, accuracies), abs=1e-12)


def test_a_small_case_agrees_with_the_hand():
    # 20 rows, so the best two count. Their accuracies rank 18th and 20th of 20 from below; the
    # gains are 17/19 and 19/19, at best 19/19 and 18/19.
    accuracies = np.arange(20.0)
    scores = np.zeros(20)
    scores[17], scores[19] = 2, 1
    second = 1 / np.log2(3)
    assert ndcg(scores, accuracies) == pytest.approx((17 + 19 * second) / (19 + 18 * second))


def test_equal_scores_share_their_positions():
    # Nobody is told apart: each row has the mean gain, 1/2, at each of the two positions.
    accuracies = np.arange(20.0)
    second = 1 / np.log2(3)
    best = (19 + 18 * second) / 19
    assert ndcg(np.zeros(20), accuracies) == pytest.approx(0.5 * (1 + second) / best)


@given(table=tied, seed=st.integers(0, 100))
def test_monotone_maps_and_shuffles_change_nothing(table, seed):
    scores, accuracies = table
    order = np.random.default_rng(seed).permutation(scores.size)
    mapped = ndcg((scores**3 + scores)[order], np.exp(accuracies)[order])
    assert mapped == pytest.approx(ndcg(scores, accuracies), abs=1e-12, nan_ok=True)


@given(table=tied)
def test_it_is_a_fraction_and_accuracy_itself_has_1(table):
    scores, accuracies = table
    if np.ptp(accuracies) == 0:
        assert np.isnan(ndcg(scores, accuracies))
    else:
        assert 0 <= ndcg(scores, accuracies) <= 1 + 1e-12
        assert ndcg(accuracies, accuracies) == pytest.approx(1)


def test_the_very_best_count_most():
    accuracies = np.arange(100.0)
    first_wrong, last_wrong = accuracies.copy(), accuracies.copy()
    first_wrong[[99, 50]] = first_wrong[[50, 99]]
    last_wrong[[90, 50]] = last_wrong[[50, 90]]
    assert ndcg(first_wrong, accuracies) < ndcg(last_wrong, accuracies) < 1


def test_undefined_scores_are_refused():
    with pytest.raises(ValueError, match="scores must be finite, got 1 of 3"):
        ndcg(np.array([1, np.nan, 2]), np.arange(3.0))
