"""The published search for weights."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from weight_inputs import choose, scoring_of

from epsilon_research.metrics import Score
from epsilon_research.spaces.nb201 import NasBench201, official_order
from epsilon_research.spaces.toy import Toy
from epsilon_research.weights.base import ChosenPair
from epsilon_research.weights.widest import Widest, exponents_by_width, undefined_shares


@given(st.integers(-20, 20), st.integers(1, 15))
def test_all_pairs_are_tried_once_the_widest_first(low: int, width: int) -> None:
    pairs = list(exponents_by_width(low, low + width))
    assert len(set(pairs)) == len(pairs) == width * (width + 1) // 2
    assert all(low <= one < two <= low + width for one, two in pairs)
    assert pairs == sorted(pairs, key=lambda pair: (pair[0] - pair[1], pair[0]))


def test_shares_are_counted_as_the_protocols_do() -> None:
    def score(value: float, defined: bool, failure: str | None = None) -> Score:
        return Score(value=value, failure=failure, columns={"float32_defined": defined})

    scores = [
        score(1.0, True),
        score(1.0, False),
        score(np.nan, False, "disconnected"),
        score(np.nan, True, "no_common_sample"),
    ]
    connected = np.array([True, True, False, True])
    assert undefined_shares(scores, connected=connected) == {
        "paper": 3 / 4, "connected": 1 / 3, "worst": 2 / 4
    }  # fmt: skip
    nothing = undefined_shares(scores[2:3], connected=connected[2:3])
    assert np.isnan(nothing["connected"])


@pytest.fixture(scope="module")
def picks() -> Mapping[str, ChosenPair]:
    scoring = scoring_of(NasBench201())
    return {
        undefined: choose(Widest(undefined=undefined), scoring)
        for undefined in ("float32", "exact")
    }


def test_float32_makes_the_published_rule_avoid_the_published_pair(
    picks: Mapping[str, ChosenPair],
) -> None:
    tried = picks["float32"].record["tried"]
    assert tried[0]["weights"] == [1e-7, 1.0]
    assert tried[0]["undefined"]["paper"] > 0.3
    assert tried[0]["undefined"]["connected"] == 0
    assert picks["exact"].weights == (1e-7, 1.0)
    low, high = picks["float32"].weights
    assert low > 1e-7
    assert high == 1.0
    record = picks["float32"].record
    assert record["picks"] == {
        "paper": [low, high], "connected": [1e-7, 1.0], "worst": [1e-7, 1.0]
    }  # fmt: skip
    assert picks["exact"].record["picks"] == record["picks"]
    assert picks["exact"].record["tried"] == tried
    assert tried[-1]["weights"] == [low, high]
    assert tried[-1]["undefined"]["paper"] < 0.1
    assert all(pair["undefined"]["paper"] >= 0.1 for pair in tried[:-1])


def test_shares_are_those_of_a_run_on_the_architectures_that_numpy_draws(
    picks: Mapping[str, ChosenPair],
) -> None:
    np.random.seed(21)  # noqa: NPY002
    places = np.random.choice(15_625, 100)  # noqa: NPY002
    ids = [official_order()[place] for place in places]
    scoring = scoring_of(NasBench201())
    frame = scoring.score(ids, scoring.describe(ids)).frame
    defined = frame["epsilon_float32_defined"] & frame["epsilon"].notna()
    record = picks["float32"].record
    assert record["tried"][0]["undefined"]["paper"] == (~defined).mean()
    assert record["tried"][0]["undefined"]["worst"] == frame["epsilon"].isna().mean()
    assert record["sample"]["distinct"] == len(set(ids))
    assert record["sample"]["seed"] == 21


def test_another_seed_draws_others_and_the_run_s_generator_does_not_matter() -> None:
    scoring, rule = scoring_of(Toy()), Widest(num_architectures=10, most_undefined=1)
    once = choose(rule, scoring, seed=0)
    assert choose(rule, scoring, seed=1) == once
    other = choose(replace(rule, seed=3), scoring)
    assert other.record["sample"]["hash"] != once.record["sample"]["hash"]


def test_a_share_of_just_the_limit_is_too_much() -> None:
    # Of these ten one is disconnected, so that every pair leaves a tenth undefined.
    rule = Widest(num_architectures=10, undefined="exact")
    with pytest.raises(ValueError, match="with less than 10% undefined scores, got 10% at best"):
        choose(rule, scoring_of(Toy()))
    assert choose(replace(rule, most_undefined=0.11), scoring_of(Toy())).weights == (1e-7, 1.0)


def test_no_pair_at_all_is_told() -> None:
    rule = Widest(num_architectures=30, most_undefined=1e-9)
    with pytest.raises(ValueError, match=r"must find a pair with less than .* among 28: raise"):
        choose(rule, scoring_of(Toy()))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"undefined": "float16"}, r"weight_rule.undefined must be one of float32, exact, got"),
        ({"num_architectures": 0}, r"weight_rule.num_architectures must be an integer of 1"),
        ({"seed": -1}, r"weight_rule.seed must be an integer of 0 or more, got -1"),
        (
            {"most_undefined": 0},
            r"most_undefined must be a finite number above 0 and up to 1",
        ),
        ({"most_undefined": 10}, r"weight_rule.most_undefined must be .* got 10: pass"),
        ({"low_exponent": 0}, r"weight_rule.low_exponent must be below .* got 0 and 0"),
        ({"high_exponent": 400}, r"weight_rule.low_exponent must be .* both within 300"),
    ],
)
def test_options_of_widest_are_checked(wrong: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Widest(**wrong)
