"""Metrics made of the outputs' gradient for the images: by hand on two layers.

The sum of both outputs has slope 4 for the mean of channel 0 and 1 for that of channel 1: a pixel
above 0 has the gradient 4/2, one below 0 the gradient −1/2.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from metrics.small_networks import known

from epsilon_research.metrics.correlations import correlations_of_rows
from epsilon_research.metrics.epe_nas import EpeNas, class_score
from epsilon_research.metrics.jacob_cov import JacobCov
from epsilon_research.metrics.network_metric import UndefinedScoreError

K = 1e-5


def test_jacob_cov_of_opposite_gradients() -> None:
    # Gradients (2, −1/2) and (−1/2, 2): correlation −1, eigenvalues 0 and 2.
    expected = -sum(math.log(v + K) + 1 / (v + K) for v in (0, 2))
    assert JacobCov().measure(known((1, -3), (-2, 2))) == pytest.approx(expected, rel=1e-6)


def test_jacob_cov_of_three_images() -> None:
    rows = np.array([[2, -0.5, 2, 2], [-0.5, -0.5, 2, 2], [2, 2, -0.5, 2]])
    values = np.linalg.eigvalsh(np.corrcoef(rows))
    expected = -np.sum(np.log(values + K) + 1 / (values + K))
    subject = known((1, -3, 1, 2), (-1, -1, 1, 1), (1, 1, -1, 1), labels=(0, 1, 0))
    assert JacobCov().measure(subject) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("metric", [JacobCov(), EpeNas()])
def test_a_constant_gradient_has_no_correlation(metric) -> None:
    with pytest.raises(UndefinedScoreError, match="constant_gradient"):
        metric.measure(known((1, 3), (-2, 2)))


def test_epe_nas_looks_within_classes() -> None:
    # All correlations are 1 or −1: log(1 + k) each.
    alone = EpeNas().measure(known((1, -3), (-2, 2), labels=(0, 1)))
    together = EpeNas().measure(known((1, -3), (-2, 2), labels=(1, 1)))
    assert alone == pytest.approx(2 * math.log1p(K), rel=1e-4)
    assert together == pytest.approx(4 * math.log1p(K), rel=1e-4)


# Rows 0 and 1 have correlation 0, rows 2 and 3 correlation 1/2.
ROWS = np.array([[1.0, -1, 0, 0], [0, 0, 1, -1], [1, -1, 0, 0], [1, 0, -1, 0]])


def test_the_class_score_adds_sizes() -> None:
    first = 2 * math.log(1 + K) + 2 * math.log(K)
    second = 2 * math.log(1 + K) + 2 * math.log(0.5 + K)
    found = class_score(ROWS, np.array([3, 3, 7, 7]), num_classes=10)
    assert found == pytest.approx(abs(first) + abs(second))


def test_the_class_score_compares_where_classes_are_many() -> None:
    first = math.log(1 + K) + math.log(K)
    second = math.log(1 + K) + math.log(0.5 + K)
    rows = np.concatenate([ROWS, ROWS[:1]])
    found = class_score(rows, np.array([3, 3, 7, 7, 9]), num_classes=120)
    assert found == pytest.approx(2 * abs(first - second) / 2)
    assert class_score(ROWS, np.array([0, 1, 2, 3]), num_classes=120) == 0


@given(
    npst.arrays(np.float64, (4, 6), elements=st.floats(-10, 10)),
    st.floats(1e-200, 1e200),
)
def test_correlations_are_numpys_whatever_the_scale(rows: np.ndarray, scale: float) -> None:
    rows = np.round(rows, 2)
    if (np.ptp(rows, axis=1) == 0).any():
        with pytest.raises(UndefinedScoreError, match="constant_gradient"):
            correlations_of_rows(rows * scale)
        return
    np.testing.assert_allclose(correlations_of_rows(rows * scale), np.corrcoef(rows), atol=1e-9)


def test_gradients_that_are_not_finite_have_no_correlation() -> None:
    with pytest.raises(UndefinedScoreError, match="overflow"):
        correlations_of_rows(np.array([[1.0, np.inf], [0, 1]]))
