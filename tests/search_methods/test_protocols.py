"""What a curve shows: against a loop that says it in words."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from epsilon_research.search_methods import PROTOCOLS, Published, Sound

# Few values, so that there are ties, and undefined ones.
numbers = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
pairs = st.integers(1, 12).flatmap(
    lambda size: st.tuples(
        arrays(np.float64, size, elements=st.one_of(numbers, st.just(math.nan))),
        arrays(np.float64, size, elements=numbers),
    )
)


@given(pairs)
def test_a_sound_curve_shows_what_is_reported_of_the_incumbent(pair: tuple) -> None:
    fitness, reported = pair
    incumbent, best, expected = math.nan, -math.inf, []
    for fit, shown in zip(fitness, reported, strict=True):
        if fit > best:
            best, incumbent = fit, shown
        expected.append(incumbent)
    np.testing.assert_array_equal(Sound().curve(fitness, reported), expected)


@given(pairs)
def test_a_published_curve_is_the_running_maximum_of_what_is_reported(pair: tuple) -> None:
    fitness, reported = pair
    expected = [max(reported[: step + 1]) for step in range(reported.size)]
    np.testing.assert_array_equal(Published().curve(fitness, reported), expected)


def test_the_two_differ_where_validation_prefers_another_than_test() -> None:
    validation, test = np.array([0.8, 0.9, 0.7]), np.array([0.6, 0.5, 0.9])
    assert Sound().curve(validation, test).tolist() == [0.6, 0.5, 0.5]
    assert Published().curve(validation, test).tolist() == [0.6, 0.6, 0.9]


@pytest.mark.parametrize(("name", "place"), [("sound", 3), ("published", 1)])
def test_undefined_scores_rank_last_or_as_zero(name: str, place: int) -> None:
    ranks = PROTOCOLS[name].rank(np.array([1.0, np.nan, -0.5, -2.0]))
    assert ranks[[0, 2, 3]].tolist() == [1.0, -0.5, -2.0]
    assert np.argsort(-ranks).tolist().index(1) == place


def test_only_the_published_protocol_counts_repeats_and_draws_with_replacement() -> None:
    assert [(p.counts_repeats, p.draws_with_replacement) for p in (Sound(), Published())] == [
        (False, False),
        (True, True),
    ]
    assert [PROTOCOLS[name].float32_only for name in ("sound", "published")] == [False, True]
    assert [p.mutates_as_published for p in (Sound(), Published())] == [False, True]
    assert {name: protocol.name for name, protocol in PROTOCOLS.items()} == {
        "sound": "sound",
        "published": "published",
    }
