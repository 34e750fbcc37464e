"""The epsilon formula and the metric around it."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from epsilon_research.data import Minibatch
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.metrics import Candidate, Epsilon, epsilon_score, scorer_of
from epsilon_research.metrics.epsilon import check_weights
from epsilon_research.metrics.epsilon_formula import normalise_outputs, normalised_score
from epsilon_research.programs import ProgramBuilder
from epsilon_research.programs.operations import (
    Add,
    BatchNorm,
    Convolution,
    GlobalMean,
    Linear,
    Operation,
    ReLU,
    Zero,
)

vectors = npst.arrays(np.float64, 9, elements=st.floats(-100, 100, width=32))


def published(low: np.ndarray, high: np.ndarray) -> float:
    """The formula as the paper states it, with nothing but numpy's own means."""
    pair = []
    for outputs in (low, high):
        with np.errstate(all="ignore"):
            normalised = (outputs - outputs.min()) / (outputs.max() - outputs.min())
        normalised[normalised == 0] = np.nan
        pair.append(normalised)
    if np.isnan(pair[0] - pair[1]).all():
        return math.nan
    return float(np.nanmean(np.abs(pair[0] - pair[1])) / np.nanmean(pair))


def test_a_hand_computed_score() -> None:
    # p1 = [nan, 1/2, 1], p2 = [nan, 1/4, 1]: mean |p1 - p2| = 1/8, mean of all four = 11/16.
    assert epsilon_score(np.array([0.0, 1, 2]), np.array([1.0, 2, 5])) == pytest.approx(2 / 11)


def test_a_value_dropped_on_one_side_counts_in_the_denominator_only() -> None:
    # p1 = [nan, 1/2, 1], p2 = [1, nan, 1/2]: one common value, |1 - 1/2|; mean of four = 3/4.
    assert epsilon_score(np.array([0.0, 1, 2]), np.array([3.0, 1, 2])) == pytest.approx(2 / 3)


@given(vectors, vectors)
def test_it_is_the_published_formula(low: np.ndarray, high: np.ndarray) -> None:
    np.testing.assert_allclose(epsilon_score(low, high), published(low, high), rtol=1e-9)


@given(vectors, vectors, st.floats(0.1, 10), st.floats(-5, 5))
def test_scale_and_shift_of_the_outputs_do_not_matter(
    low: np.ndarray, high: np.ndarray, scale: float, shift: float
) -> None:
    expected = epsilon_score(low, high)
    moved = epsilon_score(np.float64(2) ** round(scale) * low, high)
    np.testing.assert_allclose(moved, expected, rtol=1e-9)


@given(vectors, vectors)
def test_the_order_of_the_two_weights_does_not_matter(low: np.ndarray, high: np.ndarray) -> None:
    np.testing.assert_allclose(epsilon_score(low, high), epsilon_score(high, low), rtol=1e-12)


@given(vectors, vectors)
def test_the_absolute_dispersion_is_the_score_before_the_division(
    low: np.ndarray, high: np.ndarray
) -> None:
    pair = np.stack([normalise_outputs(low), normalise_outputs(high)])
    absolute = normalised_score(*pair, dispersion="absolute")
    if math.isnan(absolute):
        assert math.isnan(epsilon_score(low, high))
        return
    assert 0 <= absolute <= 1
    assert absolute / np.nanmean(pair) == pytest.approx(epsilon_score(low, high), rel=1e-12)
    kept = [(p, q) for p, q in pair.T if not math.isnan(p + q)]
    assert absolute == pytest.approx(sum(abs(p - q) for p, q in kept) / len(kept), rel=1e-9)


@pytest.mark.parametrize(
    "outputs", [[1.0, 1, 1], [1.0, np.inf, 2], [1.0, np.nan, 2], [-np.inf, 0, np.inf]]
)
def test_outputs_that_cannot_be_normalised_have_no_score(outputs: list) -> None:
    assert math.isnan(epsilon_score(np.array(outputs), np.array([1.0, 2, 3])))
    assert math.isnan(epsilon_score(np.array([1.0, 2, 3]), np.array(outputs)))


def test_vectors_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"one length, got \(2,\) and \(3,\)"):
        epsilon_score(np.zeros(2), np.zeros(3))


@pytest.mark.parametrize(
    "weights",
    [[1, 1], [0, 1], [-1, 1], [1], [1, 2, 3], [1, math.inf], [math.nan, 1], "12", ["a", "b"],
     [True, 2], []],
)  # fmt: skip
def test_weights_that_are_no_pair_are_refused(weights: object) -> None:
    with pytest.raises(ValueError, match="two distinct positive finite numbers, got"):
        check_weights(weights)


def test_whole_numbers_and_any_order_are_accepted() -> None:
    assert check_weights([1, 1e-7]) == (1e-7, 1.0)


def program(*operations: Operation, channels: int = 1):
    builder = ProgramBuilder(input_channels=channels)
    last = builder.input
    for operation in operations:
        last = builder.append(operation, last)
    return builder.build()


def shortcut():
    """A convolution beside a shortcut; their shares in the sum depend on the weight."""
    builder = ProgramBuilder(input_channels=1)
    branch = builder.input
    for operation in (Convolution(1, 3, padding=1), BatchNorm(), ReLU()):
        branch = builder.append(operation, branch)
    last = builder.append(Add(), builder.input, branch)
    builder.append(Linear(1), builder.append(GlobalMean(), last))
    return builder.build()


def epsilon(**settings: Any) -> Epsilon:
    return Epsilon(weights=[1e-2, 1], engine=CollapsedEngine(dtype="float64"), **settings)


def score(built, images: np.ndarray, *, connected: bool = True, **settings: Any):
    metric = epsilon(**settings)
    minibatch = Minibatch(inputs=images, kind="images", dataset="noise")
    candidate = Candidate(
        build=lambda count: built, num_classes=1, num_parameters=1, connected=connected
    )
    return scorer_of(metric, minibatch)(candidate)


IMAGES = np.random.default_rng(0).normal(size=(8, 1, 6, 6)).astype(np.float32)


def test_a_network_has_a_score_and_no_reason() -> None:
    found = score(shortcut(), IMAGES)
    assert found.value > 0
    assert found.failure is None
    assert found.columns["float32_defined"] is True
    assert found.columns["resolved"] is True


def test_a_disconnected_network_says_so() -> None:
    found = score(program(Zero(), GlobalMean(), Linear(1)), IMAGES, connected=False)
    assert math.isnan(found.value)
    assert found.failure == "disconnected"
    assert found.columns["float32_defined"] is False
    assert math.isnan(found.columns["resolution"])
    assert found.columns["resolved"] is False


def test_a_constant_output_says_so() -> None:
    images = np.ones((8, 1, 6, 6), np.float32)
    found = score(program(Convolution(2, 1), GlobalMean(), Linear(1)), images)
    assert math.isnan(found.value)
    assert found.failure == "constant_output"


def test_both_dispersions_are_made_of_the_same_passes() -> None:
    built = shortcut()
    relative, absolute = (epsilon(dispersion=name) for name in ("relative", "absolute"))
    assert epsilon() == relative
    assert relative.passes == absolute.passes
    assert [metric.settings["dispersion"] for metric in (relative, absolute)] == [
        "relative",
        "absolute",
    ]
    # One metric's evaluations in the hands of the other.
    minibatch = Minibatch(inputs=IMAGES, kind="images", dataset="noise")
    candidate = Candidate(
        build=lambda count: built, num_classes=1, num_parameters=1, connected=True
    )
    kept = dict(enumerate(relative.evaluator(minibatch)(candidate, [0, 1])))
    assert absolute.score(kept) == score(built, IMAGES, dispersion="absolute")
    assert 0 < absolute.score(kept).value < relative.score(kept).value


def test_other_dispersions_are_refused() -> None:
    with pytest.raises(ValueError, match=r"dispersion must be one of .*, got 'raw': choose"):
        epsilon(dispersion="raw")
