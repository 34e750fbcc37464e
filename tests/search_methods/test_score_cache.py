"""Scores on demand: each computed once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epsilon_research.search_methods import ScoreCache
from tests.search_methods.words import value

batches = st.lists(st.lists(st.sampled_from(["aa", "ab", "bc", "ca", "cc"])), max_size=6)


@given(batches)
def test_every_score_is_computed_once_and_comes_in_the_order_asked_for(
    asked: list[list[str]],
) -> None:
    computed: list[str] = []

    def compute(ids: list[str]) -> np.ndarray:
        computed.extend(ids)
        return np.array([value(id_) for id_ in ids])

    cache = ScoreCache(compute)
    for batch in asked:
        np.testing.assert_array_equal(cache(batch), [value(word) for word in batch])
    assert sorted(computed) == sorted({word for batch in asked for word in batch})


def test_undefined_stays_undefined_and_is_not_computed_again() -> None:
    calls = []
    cache = ScoreCache(lambda ids: (calls.append(ids), np.full(len(ids), np.nan))[1])
    assert np.isnan(cache(["a"])).all()
    assert np.isnan(cache(["a", "a"])).all()
    assert calls == [["a"]]


def test_known_scores_are_not_computed_and_without_a_function_others_are_undefined() -> None:
    cache = ScoreCache()
    cache.add(["a", None], np.array([7.0, 8.0]))
    np.testing.assert_array_equal(cache(["b", "a"]), [np.nan, 7.0])
    computed = ScoreCache(lambda ids: np.ones(len(ids)))
    computed.add(["a"], np.array([7.0]))
    np.testing.assert_array_equal(computed(["b", "a"]), [1.0, 7.0])


def test_a_wrong_number_of_scores_is_refused() -> None:
    with pytest.raises(ValueError, match=r"each of 2 architectures, got an array of shape \(1,\)"):
        ScoreCache(lambda ids: np.zeros(1))(["a", "b"])
