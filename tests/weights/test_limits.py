"""The limits w→0 and w→∞, found."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from stand_ins import Chains
from weight_inputs import METRIC, choose, scoring_of

from epsilon_research.data import Minibatch
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.spaces.nb201 import NasBench201, official_order
from epsilon_research.spaces.nbnlp import NasBenchNlp
from epsilon_research.spaces.toy import Toy
from epsilon_research.tracking.record import to_plain
from epsilon_research.weights.base import ChosenPair, check_rule
from epsilon_research.weights.limits import Limits
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
