import numpy as np
import pytest
import scipy.stats

from epsilon_research.analysis.stability import measure_stability


def _repeats(rows=400, repeats=3, *, noise=0.5):
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, 1)) + noise * rng.normal(size=(rows, repeats))


def test_the_correlations_agree_with_scipy():
    scores = _repeats()
    found = measure_stability(scores)
    rhos = np.asarray(scipy.stats.spearmanr(scores)[0])
    pairs = [rhos[0, 1], rhos[0, 2], rhos[1, 2]]
    assert found["mean_rho"] == pytest.approx(np.mean(pairs))
    assert found["min_rho"] == pytest.approx(min(pairs))


def test_the_overlap_is_the_share_of_the_best_tenth():
    scores = _repeats()
    best = [set(np.argsort(column)[-40:]) for column in scores.T]
    expected = [len(best[a] & best[b]) / 40 for a, b in ((0, 1), (0, 2), (1, 2))]
    assert measure_stability(scores)["mean_top10_overlap"] == pytest.approx(np.mean(expected))


def test_undefined_scores_are_left_out_and_counted():
    scores = _repeats()
    scores[:10] = np.nan
    scores[10:50, 1] = np.inf
    found = measure_stability(scores)
    assert (found["repeats"], found["n"]) == (3, 350)
    assert found["coverage"] == pytest.approx(350 / 390)
    assert found | {"coverage": 1.0} == measure_stability(scores[50:])


def test_equal_repeats_are_perfectly_stable():
    found = measure_stability(np.repeat(_repeats(repeats=1), 4, axis=1))
    assert found["mean_rho"] == pytest.approx(1)
    assert found["mean_top10_overlap"] == 1


@pytest.mark.parametrize("rows", [0, 2])
def test_too_few_rows_are_nan(rows):
    found = measure_stability(_repeats(rows=rows))
    assert np.isnan(found["mean_rho"])
    assert found["n"] == rows
    assert np.isnan(found["coverage"]) == (rows == 0)


def test_a_constant_repeat_is_nan():
    scores = _repeats()
    scores[:, 0] = 1
    found = measure_stability(scores)
    assert np.isnan(found["mean_rho"])
    assert np.isnan(found["mean_top10_overlap"])


def test_one_repeat_is_refused():
    with pytest.raises(ValueError, match="two repeats or more, got 1"):
        measure_stability(_repeats(repeats=1))
