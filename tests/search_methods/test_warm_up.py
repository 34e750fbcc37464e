"""Warm-up: exactly the best of the pool, best first."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epsilon_research.search_methods import Sound, best_first, draw_pool

UNIVERSE = [f"architecture {number}" for number in range(30)]
# Few values, so that there are ties, and undefined ones.
scores = st.lists(
    st.one_of(st.integers(-3, 3).map(float), st.just(math.nan)), min_size=1, max_size=30
)


@given(scores, st.integers(1, 40))
def test_exactly_the_best_of_the_pool_are_kept(values: list[float], count: int) -> None:
    pool = UNIVERSE[: len(values)]
    kept = best_first(pool, Sound().rank(np.array(values)), count=count)
    # Python's own sort: undefined ones last, equal ones in the order of the pool.
    order = sorted(
        range(len(values)), key=lambda i: math.inf if math.isnan(values[i]) else -values[i]
    )
    assert kept == tuple(pool[place] for place in order[:count])


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_a_pool_has_no_architecture_twice_and_is_the_seeds(size: int, seed: int) -> None:
    pools = [
        draw_pool(UNIVERSE, size=size, with_replacement=False, rng=np.random.default_rng(seed))
        for _ in range(2)
    ]
    assert pools[0] == pools[1]
    assert len(set(pools[0])) == len(pools[0]) == min(size, 30)
    assert set(pools[0]) <= set(UNIVERSE)


def test_the_published_pool_is_drawn_with_replacement() -> None:
    pool = draw_pool(UNIVERSE, size=100, with_replacement=True, rng=np.random.default_rng(0))
    assert len(pool) == 100
    assert set(pool) <= set(UNIVERSE)


def test_ranks_must_be_numbers_one_for_each() -> None:
    with pytest.raises(ValueError, match="got 2 of which 1 are NaN: rank undefined scores first"):
        best_first(UNIVERSE[:2], np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match="one number for each of 2 architectures, got 1"):
        best_first(UNIVERSE[:2], np.array([1.0]))
