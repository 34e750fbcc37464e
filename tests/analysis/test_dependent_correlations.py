from math import atanh, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm, spearmanr

from epsilon_research.analysis.dependent_correlations import (
    compare_dependent_rhos,
    holm,
    steiger_z,
)

p_values = arrays(np.float64, st.integers(0, 12), elements=st.floats(0, 1))


def test_a_published_example_has_its_published_z():
    # Printed by the R package cocor 1.1, test steiger1980, of 553 persons; correlations with four
    # digits leave the last digit of z open.
    found = steiger_z(0.0228, 0.3522, 0.3718, num_rows=553)
    assert found == pytest.approx(-7.1345, abs=1e-3)


def test_the_formula_agrees_with_the_hand():
    # r̄² = 0.16, c = (0.1 · 0.68 − 0.08 · (0.68 − 0.01)) / 0.84² = 0.0144 / 0.7056.
    expected = (atanh(0.5) - atanh(0.3)) * sqrt(100) / sqrt(2 - 2 * 0.0144 / 0.7056)
    assert steiger_z(0.5, 0.3, 0.1, num_rows=103) == pytest.approx(expected)
    found = compare_dependent_rhos(0.5, 0.3, 0.1, num_rows=103)
    assert found.z == pytest.approx(expected / sqrt(1.08))
    assert found.p == pytest.approx(2 * norm.sf(found.z))


def _sample(rho, between, *, rows, rng):
    """Scores of two metrics and accuracies; both metrics correlate by `rho` with accuracy."""
    matrix = np.array([[1, rho, rho], [rho, 1, between], [rho, between, 1]])
    return np.linalg.cholesky(matrix) @ rng.normal(size=(3, rows))


@pytest.mark.parametrize(("rho", "between"), [(0.0, 0.3), (0.5, 0.5), (0.8, 0.5), (0.95, 0.95)])
def test_equal_correlations_are_called_different_as_often_as_the_level_says(rho, between):
    """800 tables of 200 rows, level 5 %: 40 are expected.

    Fewer than 18 or more than 64 of binomial(800, 0.05) have a probability of 0.0002, four times.
    The test is a little careful at high ρ (about 4 %: fewer than 15 have 0.0005). Without the
    factor for ranks, 9 % are called different at 0.95, which is 72.
    """
    rng = np.random.default_rng(5)
    tests = np.array([_compare(*_sample(rho, between, rows=200, rng=rng)) for _ in range(800)])
    assert 15 <= (tests[:, 1] < 0.05).sum() <= 64
    assert tests[:, 0].mean() == pytest.approx(0, abs=0.15)
    assert tests[:, 0].std() == pytest.approx(1, abs=0.12)


def _compare(accuracies, first, second):
    rhos = np.asarray(spearmanr(np.stack([accuracies, first, second], axis=1))[0])
    return compare_dependent_rhos(
        float(rhos[0, 1]), float(rhos[0, 2]), float(rhos[1, 2]), num_rows=accuracies.size
    )


def test_a_real_difference_is_found():
    rng = np.random.default_rng(0)
    accuracies, good, _ = _sample(0.8, 0.5, rows=500, rng=rng)
    worse = good + rng.normal(size=500)
    found = _compare(accuracies, good, worse)
    assert found.z > 4
    assert found.p < 1e-4


@given(rhos=arrays(np.float64, 2, elements=st.floats(-0.9, 0.9)), between=st.floats(-0.5, 0.99))
def test_swapping_the_metrics_turns_the_sign(rhos, between):
    first, second = rhos.tolist()
    there = compare_dependent_rhos(first, second, between, num_rows=50)
    back = compare_dependent_rhos(second, first, between, num_rows=50)
    assert there.z == pytest.approx(-back.z, nan_ok=True)
    assert there.p == pytest.approx(back.p, nan_ok=True)


def test_two_equal_rankings_do_not_differ():
    assert compare_dependent_rhos(0.7, 0.7, 1.0, num_rows=20) == (0, 1)


@pytest.mark.parametrize(
    ("first", "second", "between", "rows"),
    [
        (0.5, 0.3, 0.1, 3),
        (np.nan, 0.3, 0.1, 50),
        (0.5, 0.3, np.nan, 50),
        (1.0, 0.3, 0.3, 50),
        # No three variables have these correlations.
        (0.5, 0.3, 1.0, 50),
    ],
)
def test_what_cannot_be_compared_is_nan(first, second, between, rows):
    found = compare_dependent_rhos(first, second, between, num_rows=rows)
    assert np.isnan(found).all()


def test_holm_agrees_with_the_hand():
    # Sorted: 0.005 · 4, 0.01 · 3, 0.03 · 2, 0.04 · 1; the last is raised to the one before.
    found = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    np.testing.assert_allclose(found, [0.03, 0.06, 0.06, 0.02])


@given(p=p_values, level=st.floats(0.001, 0.5))
def test_holm_rejects_what_its_step_down_procedure_rejects(p, level):
    rejected = np.zeros(p.size, bool)
    for position, index in enumerate(np.argsort(p, kind="stable")):
        # Away from the border, where rounding decides.
        if abs(p[index] * (p.size - position) - level) < 1e-12:
            return
        if p[index] > level / (p.size - position):
            break
        rejected[index] = True
    np.testing.assert_array_equal(holm(p) <= level, rejected)


@given(p=p_values)
def test_holm_never_lowers_a_p_value_nor_their_order(p):
    found = holm(p)
    assert (found >= p).all()
    assert (found <= 1).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(found[order]) >= 0).all()


def test_undefined_tests_are_not_counted():
    np.testing.assert_allclose(holm(np.array([np.nan, 0.01, 0.04])), [np.nan, 0.02, 0.04])
