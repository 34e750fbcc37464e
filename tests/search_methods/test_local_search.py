"""Local search: a better neighbour takes the centre's place."""

import math

import numpy as np
import pytest

from epsilon_research.search_methods import Domain, LocalSearch, Start, run_search
from tests.search_methods.words import Words, distance, value

SPACE = Words()


def started(*, num_initial: int = 2, patience: int = 3, first: tuple[str, ...] = ()):
    method = LocalSearch(num_initial=num_initial, patience=patience)
    return method.start(Start(domain=Domain(space=SPACE), first=first))


def test_a_better_neighbour_becomes_the_centre_and_misses_lead_to_a_new_start() -> None:
    rng = np.random.default_rng(0)
    search = started()
    initial = [search.ask(rng) for _ in range(2)]
    search.tell(initial[0], 1.0)
    assert search.centre is None
    search.tell(initial[1], math.nan)
    assert search.centre == initial[0]
    child = search.ask(rng)
    assert distance(initial[0], child) == 1
    search.tell(child, 1.0)  # as good is no better
    assert search.centre == initial[0]
    search.tell(child, 2.0)
    assert search.centre == child
    for _ in range(3):
        search.tell(search.ask(rng), 0.0)
    assert search.centre is None


def test_a_warm_up_gives_the_first_architectures_in_its_order() -> None:
    rng = np.random.default_rng(1)
    first = tuple(SPACE.sample(3, rng))
    search = started(num_initial=3, first=first)
    asked = []
    for _ in first:
        asked.append(search.ask(rng))
        search.tell(asked[-1], 0.0)
    assert tuple(asked) == first


def test_it_finds_the_optimum_sooner_than_chance() -> None:
    search = started(num_initial=5, patience=50)
    found = run_search(search, value, budget=60, counts_repeats=False, rng=np.random.default_rng(2))
    best = max(value(word) for word in SPACE.architecture_ids)
    assert max(trial.fitness for trial in found.trained) == best


@pytest.mark.parametrize("setting", ["num_initial", "patience"])
def test_settings_below_1_are_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=f"{setting} must be at least 1, got 0"):
        LocalSearch(**{setting: 0})
