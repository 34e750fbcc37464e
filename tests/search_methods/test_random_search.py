"""Random search: uniform, or through a pool from the best down."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from epsilon_research.search_methods import Domain, RandomSearch, Start, run_search
from tests.search_methods.words import Words, value

SPACE = Words()
WORDS = list(SPACE.architecture_ids)


def test_without_a_warm_up_draws_are_uniform() -> None:
    search = RandomSearch().start(Start(domain=Domain(space=SPACE)))
    rng = np.random.default_rng(0)
    counts = Counter(search.ask(rng) for _ in range(8100))
    assert set(counts) == set(WORDS)
    # Chi-squared with 80 degrees of freedom: above 150 once in a million seeds.
    assert sum((count - 100) ** 2 / 100 for count in counts.values()) < 150


@given(st.permutations(WORDS[:20]), st.integers(0, 2**32 - 1))
def test_a_pool_is_gone_through_in_its_order_before_anything_is_drawn(
    first: list[str], seed: int
) -> None:
    start = Start(domain=Domain(space=SPACE), first=tuple(first))
    found = run_search(
        RandomSearch().start(start),
        value,
        budget=30,
        counts_repeats=True,
        rng=np.random.default_rng(seed),
    )
    asked = [trial.architecture_id for trial in found.trials]
    assert asked[:20] == first
    # The pool takes no random numbers, so that the draws after it are those of the seed.
    domain, rng = Domain(space=SPACE), np.random.default_rng(seed)
    assert asked[20:] == [domain.draw(rng) for _ in range(10)]
