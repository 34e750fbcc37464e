import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from epsilon_research.analysis.statistics import STATISTICS
from epsilon_research.analysis.top import (
    oriented,
    spearman_rho_top10,
    top10_overlap_percent,
    top64_in_top5,
)
from tests.analysis.naive import naive_statistics

tied = st.integers(3, 120).flatmap(
    lambda rows: arrays(np.float64, (2, rows), elements=st.integers(0, 30).map(float))
)


@pytest.mark.parametrize("decimals", [1, 2, 12])
@pytest.mark.parametrize("rows", [30, 64, 65, 1001])
def test_all_statistics_agree_with_the_paper_code(rows, decimals):
    rng = np.random.default_rng(rows)
    scores = rng.normal(size=rows).round(decimals)
    accuracies = (scores + rng.normal(size=rows)).round(decimals)
    found = [statistic(scores, accuracies) for statistic in STATISTICS.values()]
    np.testing.assert_allclose(found, naive_statistics(scores, accuracies), atol=1e-12)


@given(table=tied)
def test_all_statistics_agree_with_the_paper_code_under_ties(table):
    found = [statistic(*table) for statistic in STATISTICS.values()]
    np.testing.assert_allclose(found, naive_statistics(*table), atol=1e-12)


def test_overlap_is_relative_to_the_best_scores():
    # The 90th percentile of 0..19 is 17.1: the best are 18 and 19, of which one is accurate.
    scores = np.arange(20.0)
    accuracies = np.arange(20.0)
    accuracies[[18, 0]] = accuracies[[0, 18]]
    assert top10_overlap_percent(scores, accuracies) == 50


def test_overlap_is_nan_where_too_many_share_the_best_score():
    scores = np.array([1.0] * 8 + [2.0] * 2)
    assert np.isnan(top10_overlap_percent(scores, np.arange(10.0)))


def test_top_correlation_is_over_the_most_accurate_rows_only():
    # Above the 90th percentile of 0..99 lie 90..99, where the scores run backwards.
    scores = np.arange(100.0)
    scores[90:] = scores[90:][::-1]
    assert spearman_rho_top10(scores, np.arange(100.0)) == pytest.approx(-1)


def test_best_64_of_200_hold_all_ten_of_the_top_5_percent():
    assert top64_in_top5(np.arange(200.0), np.arange(200.0)) == 10
    assert top64_in_top5(-np.arange(200.0), np.arange(200.0)) == 0


def test_rows_that_tie_with_the_64th_best_all_count():
    # 5 % of 2,000 rows are 100, and all of them share one best score.
    accuracies = np.arange(2000.0)
    assert top64_in_top5((accuracies >= 1900).astype(float), accuracies) == 100


def test_64_rows_are_too_few_for_the_64_best():
    assert np.isnan(top64_in_top5(np.arange(64.0), np.arange(64.0)))


def test_a_good_metric_on_losses_has_a_positive_correlation():
    losses = np.array([4.0, 3, 2, 1, 5, 6, 7, 8, 9, 10])
    good = oriented(losses, higher_is_better=False)
    assert STATISTICS["spearman_rho"](10 - losses, good) == pytest.approx(1)
    assert oriented(losses, higher_is_better=True) is losses


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_too_few_rows_give_nan_for_every_statistic(rows):
    values = np.arange(rows, dtype=float)
    assert all(np.isnan(statistic(values, values)) for statistic in STATISTICS.values())
