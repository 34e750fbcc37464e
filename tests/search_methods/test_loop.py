"""The loop around a search: budget, memory, and an end."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epsilon_research.search_methods import (
    AgeingEvolution,
    Domain,
    RandomSearch,
    SearchAlgorithm,
    SearchMethod,
    Start,
    run_search,
)
from epsilon_research.search_methods.loop import ASKS_PER_TRAINING
from tests.search_methods.words import Words, value

SPACE = Words()


class Told(SearchAlgorithm):
    """Asks for given architectures in turn; keeps what it is told."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self.told: list[tuple[str, float]] = []

    def ask(self, rng: np.random.Generator) -> str:
        return self._words[len(self.told) % len(self._words)]

    def tell(self, architecture_id: str, fitness: float) -> None:
        self.told.append((architecture_id, fitness))


methods = st.sampled_from(
    [
        RandomSearch(),
        AgeingEvolution(population_size=6, tournament_size=2),
        AgeingEvolution(population_size=1, tournament_size=1),
    ]
)


@given(methods, st.integers(1, 60), st.booleans(), st.integers(0, 2**32 - 1))
def test_the_budget_is_used_up_and_never_exceeded(
    method: SearchMethod, budget: int, counts_repeats: bool, seed: int
) -> None:
    calls: Counter[str] = Counter()

    def evaluate(word: str) -> float:
        calls[word] += 1
        return value(word)

    found = run_search(
        method.start(Start(domain=Domain(space=SPACE))),
        evaluate,
        budget=budget,
        counts_repeats=counts_repeats,
        rng=np.random.default_rng(seed),
    )
    assert len(found.trained) == budget
    assert set(calls.values()) == {1}
    assert calls.total() == len({trial.architecture_id for trial in found.trials})
    if not counts_repeats:
        assert calls.total() == budget
    assert found.num_repeated == len(found.trials) - calls.total()


def test_a_repeat_is_answered_from_memory_and_told_again() -> None:
    search = Told(["aaaa", "cccc", "aaaa", "bbbb"])
    answers = iter([0.1, float("nan"), 0.3])
    found = run_search(
        search,
        lambda word: next(answers),
        budget=3,
        counts_repeats=False,
        rng=np.random.default_rng(0),
    )
    np.testing.assert_equal(
        search.told, [("aaaa", 0.1), ("cccc", float("nan")), ("aaaa", 0.1), ("bbbb", 0.3)]
    )
    assert [trial.repeated for trial in found.trials] == [False, False, True, False]
    assert [trial.architecture_id for trial in found.trained] == ["aaaa", "cccc", "bbbb"]


def test_repeats_count_where_the_protocol_says_so() -> None:
    rng = np.random.default_rng(0)
    search = Told(["aaaa", "cccc", "aaaa"])
    found = run_search(search, value, budget=3, counts_repeats=True, rng=rng)
    assert [trial.architecture_id for trial in found.trained] == ["aaaa", "cccc", "aaaa"]


def test_a_search_that_runs_dry_is_ended() -> None:
    rng = np.random.default_rng(0)
    found = run_search(Told(["aaaa", "cccc"]), value, budget=3, counts_repeats=False, rng=rng)
    assert len(found.trained) == 2
    assert len(found.trials) == 3 * ASKS_PER_TRAINING


def test_no_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="budget must be at least 1, got 0"):
        run_search(Told(["a"]), value, budget=0, counts_repeats=False, rng=np.random.default_rng(0))
