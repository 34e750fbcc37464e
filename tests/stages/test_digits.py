"""The example of a user's own objective: real training, in a few steps."""

from dataclasses import replace

import numpy as np
import pytest

from epsilon_research.search_methods import ScoreCache
from epsilon_research.spaces.toy import Toy
from epsilon_research.stages.search.algorithms import AgeingEvolutionStage
from epsilon_research.stages.search.digits import DigitsAccuracy
from epsilon_research.stages.search.task import SearchInputs


def test_digits_are_told_better_by_a_network_with_convolutions_than_by_chance() -> None:
    objective = DigitsAccuracy(space=Toy(), steps=10)
    connected, disconnected = objective("conv3x3-skip-conv3x3"), objective("none-none-none")
    assert disconnected < 0.15 < connected


def test_an_architecture_has_one_fitness_whatever_came_before() -> None:
    import torch

    objective = DigitsAccuracy(space=Toy(), steps=2)
    found = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        found.append(objective("conv1x1-skip-pool"))
        assert torch.equal(torch.get_rng_state(), before)
    assert found[0] == found[1]
    assert replace(objective, seed=1)("conv1x1-skip-pool") != found[0]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"steps": 0}, "search.objective.steps must be an integer of 1 or more, got 0"),
        ({"batch_size": 1}, "search.objective.batch_size must be an integer from 2 to 1000, got 1"),
    ],
)
def test_an_impossible_training_is_refused(settings: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        DigitsAccuracy(space=Toy(), **settings)


def test_networks_are_trained_where_the_objective_says_so() -> None:
    stage = AgeingEvolutionStage(
        budget=7,
        repeats=1,
        warmup_pool=20,
        population_size=5,
        tournament_size=2,
        random_search=False,
        objective=DigitsAccuracy(space=Toy(), steps=1),
    )
    sizes = ScoreCache(lambda ids: np.array([float(id_.count("conv3x3")) for id_ in ids]))
    inputs = SearchInputs(
        space=Toy(),
        table=None,
        scores={"size": sizes},
        metrics=["size"],
        scored=Toy().architecture_ids,
    )
    outcome = stage.search(inputs, rng=np.random.default_rng(0))
    assert outcome.frames["search_trials"]["fitness"].between(0, 1).all()
    assert [len(entry["median_curve"]) for entry in outcome.summary["search"].values()] == [7, 7]
    assert list(outcome.summary["search"]) == ["ageing_evolution", "ageing_evolution+warmup_size"]
