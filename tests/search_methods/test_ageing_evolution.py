"""Ageing evolution: the invariants that make it what its publication says."""

import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epsilon_research.search_methods import AgeingEvolution, Domain, Start, run_search
from epsilon_research.search_methods.ageing_evolution import Population
from epsilon_research.search_methods.moves import MOVES
from tests.search_methods.words import Words, distance, value

SPACE = Words()
WORDS = list(SPACE.architecture_ids)

words = st.lists(st.sampled_from(WORDS), unique=True)


def scores(function: Callable[[str], float]) -> Callable[..., np.ndarray]:
    return lambda ids: np.array([function(id_) for id_ in ids])


def values(scale: float = 1.0) -> Callable[..., np.ndarray]:
    return scores(lambda word: scale * value(word))


@st.composite
def evolutions(draw: st.DrawFn) -> AgeingEvolution:
    population_size = draw(st.integers(1, 12))
    return AgeingEvolution(
        population_size=population_size,
        tournament_size=draw(st.integers(1, population_size)),
        move=draw(st.sampled_from(MOVES)),
        num_children=draw(st.integers(1, 4)),
    )


def begun(method: AgeingEvolution, *, first: list[str]) -> Population:
    start = Start(domain=Domain(space=SPACE), first=tuple(first), score=values())
    return method.start(start)


@given(evolutions(), words, st.integers(0, 2**32 - 1))
def test_the_population_is_the_last_that_were_told_oldest_first(
    method: AgeingEvolution, first: list[str], seed: int
) -> None:
    population = begun(method, first=first)
    rng = np.random.default_rng(seed)
    told = []
    for _ in range(3 * method.population_size + 5):
        word = population.ask(rng)
        population.tell(word, value(word))
        told.append(word)
        members = [member.architecture_id for member in population.members]
        assert len(members) <= method.population_size
        # The oldest is out, whatever its fitness, and nobody else is.
        assert members == told[-method.population_size :]


@given(evolutions(), words, st.integers(0, 2**32 - 1))
def test_a_child_is_one_mutation_from_a_member_and_never_before_the_population_is_full(
    method: AgeingEvolution, first: list[str], seed: int
) -> None:
    population = begun(method, first=first)
    rng = np.random.default_rng(seed)
    for step in range(3 * method.population_size + 5):
        members = [member.architecture_id for member in population.members]
        word = population.ask(rng)
        if step < method.population_size:
            assert step >= len(first) or word == first[step]
        else:
            assert 1 in {distance(word, member) for member in members}
        population.tell(word, value(word))


@given(st.integers(1, 10), st.integers(0, 2**32 - 1), st.sampled_from(["fitness", "score"]))
def test_the_winner_of_a_whole_population_is_the_parent(size: int, seed: int, move: str) -> None:
    # The score turns the order around, so that both moves have another parent.
    method = AgeingEvolution(population_size=size, tournament_size=size, move=move)
    population = method.start(Start(domain=Domain(space=SPACE), score=values(-1)))
    rng = np.random.default_rng(seed)
    for _ in range(size):
        word = population.ask(rng)
        population.tell(word, value(word))
    members = [member.architecture_id for member in population.members]
    parent = max(members, key=value) if move == "fitness" else min(members, key=value)
    assert distance(population.ask(rng), parent) == 1


@given(st.integers(0, 2**32 - 1))
def test_the_best_scored_child_is_evaluated_and_a_known_one_only_as_a_last_resort(
    seed: int,
) -> None:
    method = AgeingEvolution(
        population_size=1, tournament_size=1, move="children", num_children=200
    )
    population = begun(method, first=["bbbb"])
    rng = np.random.default_rng(seed)
    population.tell(population.ask(rng), 1.0)
    # 200 children of eight neighbours: all of them, but in one of 10^10 cases.
    neighbours = sorted((w for w in WORDS if distance(w, "bbbb") == 1), key=value, reverse=True)
    asked = []
    for _ in neighbours:
        asked.append(population.ask(rng))
        population.tell(asked[-1], 0.0)
        population.tell("bbbb", 1.0)  # the parent again, so that it is the only member
    assert asked == neighbours
    assert population.ask(rng) == neighbours[0]


def test_an_undefined_fitness_loses_every_tournament() -> None:
    method = AgeingEvolution(population_size=3, tournament_size=3)
    population = begun(method, first=["aaaa", "cccc", "acac"])
    rng = np.random.default_rng(0)
    for fitness in (0.1, float("nan"), float("nan")):
        population.tell(population.ask(rng), fitness)
    assert all(distance(population.ask(rng), "aaaa") == 1 for _ in range(30))


@given(evolutions(), st.integers(0, 2**32 - 1), st.integers(0, 100), st.integers(0, 100))
def test_the_seed_alone_decides_the_trajectory(
    method: AgeingEvolution, seed: int, other: int, another: int
) -> None:
    trajectories = []
    for globally in (other, another):
        random.seed(globally)
        np.random.seed(globally)  # noqa: NPY002  # the search must not look at it
        found = run_search(
            begun(method, first=[]),
            value,
            budget=25,
            counts_repeats=False,
            rng=np.random.default_rng(seed),
        )
        trajectories.append(found.trials)
    assert trajectories[0] == trajectories[1]


def test_another_seed_is_another_trajectory() -> None:
    found = [
        run_search(
            begun(AgeingEvolution(population_size=5, tournament_size=2), first=[]),
            value,
            budget=25,
            counts_repeats=True,
            rng=np.random.default_rng(seed),
        ).trials
        for seed in (0, 1)
    ]
    assert found[0] != found[1]


@given(st.integers(0, 2**32 - 1), st.sampled_from(MOVES))
def test_a_perfect_metric_finds_the_optimum_at_the_first_query(seed: int, move: str) -> None:
    method = AgeingEvolution(population_size=8, tournament_size=3, move=move)
    best = sorted(WORDS, key=value, reverse=True)
    start = Start(domain=Domain(space=SPACE), first=tuple(best), score=values())
    rng = np.random.default_rng(seed)
    found = run_search(method.start(start), value, budget=20, counts_repeats=False, rng=rng)
    assert found.trials[0].architecture_id == "cccc"
    assert [trial.architecture_id for trial in found.trials[:8]] == best[:8]


@given(st.integers(0, 2**32 - 1), st.sampled_from(MOVES))
def test_an_adversarial_metric_does_not_break_the_search(seed: int, move: str) -> None:
    method = AgeingEvolution(population_size=8, tournament_size=3, move=move)
    worst = sorted(WORDS, key=value)
    start = Start(domain=Domain(space=SPACE), first=tuple(worst), score=values(-1))
    rng = np.random.default_rng(seed)
    found = run_search(method.start(start), value, budget=40, counts_repeats=False, rng=rng)
    assert len(found.trained) == 40
    # It goes on from the worst eight, and upwards.
    assert max(trial.fitness for trial in found.trained) > value(worst[7])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"population_size": 0}, "population_size must be an integer of 1 or more, got 0"),
        ({"population_size": 9}, r"between 1 and population_size \(9\), got 10"),
        ({"tournament_size": 0}, "tournament_size must be an integer of 1 or more, got 0"),
        ({"move": "best"}, "move must be one of fitness, score, children, got 'best'"),
        ({"num_children": 0}, "num_children must be an integer of 1 or more, got 0"),
    ],
)
def test_wrong_settings_are_refused(settings: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        AgeingEvolution(**settings)


@pytest.mark.parametrize("move", ["score", "children"])
def test_a_move_by_score_needs_scores(move: str) -> None:
    method = AgeingEvolution(move=move)
    assert method.needs_score
    with pytest.raises(ValueError, match="must have scores to go by, got none"):
        method.start(Start(domain=Domain(space=SPACE)))
