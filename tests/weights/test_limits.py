"""The limits w→0 and w→∞, found."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stand_ins import Chains
from weight_inputs import METRIC, choose, scoring_of

from epsilon_research.data import Minibatch
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.spaces.nb201 import NasBench201, official_order
from epsilon_research.spaces.nbnlp import NasBenchNlp
from epsilon_research.spaces.toy import Toy
from epsilon_research.tracking.record import to_plain
from epsilon_research.weights.base import ChosenPair, check_rule
from epsilon_research.weights.limits import (
    Limits,
    limit_place,
    output_changes,
    pairwise_changes,
)
from epsilon_research.weights.sample import evaluate_weights
from epsilon_research.weights.widest import Widest


@pytest.fixture(scope="module")
def on_nb201() -> ChosenPair:
    return choose(Limits(sample_size=12), scoring_of(NasBench201()))


def test_beyond_the_limits_no_score_changes(on_nb201: ChosenPair) -> None:
    low, high = on_nb201.weights
    assert 1e-9 < low < 1e-3
    assert 1 < high < 1e6
    scoring = scoring_of(NasBench201())
    # Of the whole space in its order, so others than the rule has seen.
    ids = official_order()[:30]
    descriptions = scoring.describe(ids)
    weights = [low, high, low * 1e-30, high * 1e50, 1e-3, 1.0]
    found = evaluate_weights(METRIC, ids, descriptions, weights=weights, scoring=scoring)

    def scores(one: int, two: int) -> np.ndarray:
        return np.array([METRIC.score({0: row[one], 1: row[two]}).value for row in found])

    np.testing.assert_allclose(scores(2, 3), scores(0, 1), atol=0.02)
    np.testing.assert_allclose(scores(2, 5), scores(0, 5), atol=0.02)
    assert np.nanmax(np.abs(scores(4, 1) - scores(0, 1))) > 0.1


def test_the_record_says_how_each_tried_weight_compares(on_nb201: ChosenPair) -> None:
    record = on_nb201.record
    assert record["limits"] == list(on_nb201.weights)
    assert record["tolerance"] == 1e-3
    assert record["left_out"] == 0
    assert record["sample"]["architectures"] == 12
    assert record["sample"]["of"] == 15_625
    for side, chosen in zip(("low", "high"), on_nb201.weights, strict=True):
        rows = record[side]
        weights = [row["weight"] for row in rows]
        assert weights == sorted(weights, reverse=side == "low")
        assert weights[-1] == (1e-300 if side == "low" else 1e300)
        assert np.isnan(rows[-1]["largest_change"])
        place = weights.index(chosen)
        assert rows[place]["largest_change_beyond"] <= 1e-3
        assert all(row["largest_change_beyond"] > 1e-3 for row in rows[:place])
        for row in rows[:-1]:
            assert row["median_change"] <= row["largest_change"] <= row["largest_change_beyond"]
    assert json.dumps(to_plain(record), allow_nan=False)


def test_the_choice_is_one_of_the_seed() -> None:
    rule, scoring = Limits(sample_size=6), scoring_of(Toy())
    np.random.seed(1)  # noqa: NPY002
    once = to_plain(choose(rule, scoring).record)
    np.random.seed(2)  # noqa: NPY002
    assert to_plain(choose(rule, scoring).record) == once
    assert choose(rule, scoring, seed=1).record["sample"]["hash"] != once["sample"]["hash"]


def test_a_pair_may_lie_decades_outside_and_inside() -> None:
    scoring = scoring_of(Toy())
    low, high = choose(Limits(sample_size=6), scoring).weights
    outside = choose(Limits(sample_size=6, beyond=2), scoring)
    np.testing.assert_allclose(outside.weights, (low / 100, high * 100), rtol=1e-12)
    assert outside.record["limits"] == [low, high]
    inside = choose(Limits(sample_size=6, beyond=-1), scoring).weights
    np.testing.assert_allclose(inside, (low * 10, high / 10), rtol=1e-12)


@pytest.mark.parametrize("beyond", [-100, 300])
def test_a_pair_out_of_order_or_range_is_refused(beyond: int) -> None:
    with pytest.raises(ValueError, match=r"weight_rule.beyond must .* got .* nearer to 0"):
        choose(Limits(sample_size=4, beyond=beyond), scoring_of(Toy()))


def test_a_space_without_limits_is_told_in_one_sentence() -> None:
    tokens = np.random.default_rng(0).normal(size=(5, 4, 8)).astype(np.float32)
    minibatch = Minibatch(inputs=tokens, kind="tokens", dataset="noise")
    space = NasBenchNlp(
        recipes=None, num_drawn=40, generator_seed=1, hidden=2, intermediate=7, vocabulary_size=50
    )
    with pytest.raises(
        ValueError,
        match=r"weight_rule=limits must .* constant or infinite outputs of \d+% at 1e-300 and "
        r"\d+% at 1e\+300 on nbnlp: there is no limit",
    ):
        choose(Limits(sample_size=15), scoring_of(space, minibatch=minibatch))


def test_engines_that_underflow_are_refused_before_any_work() -> None:
    metric = replace(METRIC, engine=ReferenceEngine(dtype="float64"))
    check_rule(Widest(), metrics={"epsilon": metric}, published=[1e-7, 1])
    with pytest.raises(ValueError, match="got engine=reference: pass engine=collapsed"):
        check_rule(Limits(), metrics={"epsilon": metric}, published=[1e-7, 1])


def test_changes_that_never_end_are_told() -> None:
    with pytest.raises(ValueError, match=r"must find a low weight .* raise weight_rule.tolerance"):
        choose(Limits(sample_size=6, tolerance=1e-12), scoring_of(NasBench201()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Single(Chains):
    """A space with a single connected function."""

    @property
    def architecture_ids(self) -> list[str]:
        return ["c", "z"]


def test_a_space_of_one_function_has_nothing_to_choose() -> None:
    images = np.random.default_rng(0).random((4, 1, 4, 4)).astype(np.float32)
    minibatch = Minibatch(inputs=images, kind="images", dataset="noise")
    with pytest.raises(ValueError, match=r"must have 2 connected architectures .* got 1 on chains"):
        choose(Limits(), scoring_of(Single(), minibatch=minibatch))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"sample_size": 1}, r"weight_rule.sample_size must be an integer of 2 or more, got 1"),
        ({"sample_size": 2.5}, r"weight_rule.sample_size must be .* got 2.5: pass e.g."),
        (
            {"tolerance": 0.0},
            r"tolerance must be a finite number above 0 and below 1, got 0.0",
        ),
        (
            {"tolerance": 1},
            r"tolerance must be a finite number above 0 and below 1, got 1:",
        ),
        ({"beyond": 0.5}, r"weight_rule.beyond must be an integer of -300 or more, got 0.5"),
    ],
)
def test_options_of_limits_are_checked(
    wrong: dict, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import jaxtyping

    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=sentence):
        Limits(**wrong)


def distances(path: Iterable[float]) -> np.ndarray:
    """Changes between points that move along a line."""
    points = np.array(list(path), dtype=np.float64)
    return np.abs(points[:, None] - points[None, :])


def test_a_limit_is_confirmed_by_several_weights_further_out() -> None:
    assert limit_place(distances([0, 1, 1, 1]), tolerance=0.01) is None
    assert limit_place(distances([0, 1, 1, 1, 1]), tolerance=0.01) == 1
    assert limit_place(distances([0, 1, 1, 1]), tolerance=0.01, confirmations=2) == 1
    plateau_in_the_middle = [0, 0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1]
    assert limit_place(distances(plateau_in_the_middle), tolerance=0.01) == 5


PATHS = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(PATHS, st.floats(0.001, 0.5), st.integers(1, 4))
def test_the_limit_is_as_defined_and_the_first_such(
    path: list[float], tolerance: float, confirmations: int
) -> None:
    changes = distances(path)
    place = limit_place(changes, tolerance=tolerance, confirmations=confirmations)
    calm = [
        start
        for start in range(len(path) - confirmations)
        if all(abs(path[start] - later) <= tolerance for later in path[start + 1 :])
    ]
    assert place == (calm[0] if calm else None)


def test_a_change_is_of_values_or_of_which_are_kept() -> None:
    nan = np.nan
    first = np.array([[nan, 0.5, 1], [nan, 0.5, 1], [nan, 0.5, 1], [nan, nan, nan]])
    second = np.array([[nan, 0.4, 1], [0.001, nan, 1], [nan, 0.5, 1], [nan, 0.5, 1]])
    expected = [0.1, 2 / 3, 0, np.inf]
    np.testing.assert_allclose(output_changes(first, second), expected)
    np.testing.assert_allclose(output_changes(second, first), expected)


def test_vectors_without_any_score_are_never_taken_for_equal() -> None:
    undefined = np.full((2, 5), np.nan)
    assert np.isinf(output_changes(undefined, undefined)).all()


def test_changes_are_between_every_two_weights() -> None:
    outputs = np.random.default_rng(0).random((4, 3, 5))
    changes = pairwise_changes(outputs)
    assert changes.shape == (3, 3, 4)
    np.testing.assert_array_equal(changes, changes.swapaxes(0, 1))
    np.testing.assert_array_equal(np.diagonal(changes), np.zeros((4, 3)))
    np.testing.assert_array_equal(changes[0, 2], output_changes(outputs[:, 0], outputs[:, 2]))
