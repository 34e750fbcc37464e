"""What a search stage refuses, and what its options in conf/ hold."""

from dataclasses import replace

import pytest

from epsilon_research.spaces.nb201 import official_order
from epsilon_research.stages.search.algorithms import AgeingEvolutionStage, RandomSearchStage
from tests.stages.contexts import accuracies_of, prepared_run


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"budget": 0}, "search.budget must be an integer of 1 or more, got 0: pass e.g."),
        ({"repeats": 2.5}, "search.repeats must be an integer of 1 or more, got 2.5"),
        ({"warmup_pool": -1}, "search.warmup_pool must be an integer of 0 or more, got -1"),
        ({"protocol": "fair"}, "search.protocol must be one of sound, published, got 'fair'"),
        ({"objective": 3}, "search.objective must be something that can be called .*, got 3:"),
        ({"sample_sizes": [10, 0]}, "search.sample_sizes must be an integer of 1 or more, got 0"),
        ({"population_size": 3}, r"between 1 and population_size \(3\), got 10"),
        ({"move": ["score", "x"]}, "move must be one of fitness, score, children, got 'x'"),
    ],
)
@pytest.mark.filterwarnings("ignore::beartype.roar.BeartypeWarning")
def test_wrong_settings_are_refused_when_it_is_built(
    settings: dict, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a user's process: values of a wrong type get as far as the stage's own checks.
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)
    with pytest.raises(ValueError, match=sentence):
        AgeingEvolutionStage(**settings)


def test_what_cannot_be_searched_is_refused_before_any_work() -> None:
    ids = official_order()[:4]
    prepared = prepared_run(ids=ids, table=accuracies_of(ids, [0.1, 0.2, 0.3, 0.4]))
    stage = RandomSearchStage()
    stage.check(prepared)
    with pytest.raises(ValueError, match="must have accuracies or an objective"):
        stage.check(prepared_run(ids=ids))
    replace(stage, objective=lambda _: 1.0).check(prepared_run(ids=ids))
    unknown = replace(stage, warmup_metric="synflow")
    with pytest.raises(ValueError, match="must be among epsilon, num_parameters, got synflow"):
        unknown.check(prepared)
    replace(stage, warmup_metric="num_parameters").check(prepared)
