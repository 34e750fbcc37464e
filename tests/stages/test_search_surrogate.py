"""The search stage of a predictor: its variants and its proxies."""

from dataclasses import replace

import pytest

from epsilon_research.stages.search.algorithms import SurrogateStage
from tests.search_methods.words import WordsOfGenes
from tests.stages.test_search import SMALL, run, trials


def test_a_predictor_is_run_with_and_without_proxies() -> None:
    settings = SMALL | {"warmup_pool": 0, "repeats": 2}
    stage = SurrogateStage(**settings, num_initial=5, num_candidates=20, refit_every=3)
    space = WordsOfGenes()
    outcome = run(stage, space=space)
    entries = outcome.summary["search"]
    assert list(entries) == ["surrogate", "surrogate_with_proxies", "random_search"]
    assert [entry["proxies"] for entry in entries.values()] == [[], ["good"], []]
    assert entries["surrogate"]["model"] == "boosting"
    assert trials(outcome, "surrogate")["architecture_id"].tolist() != (
        trials(outcome, "surrogate_with_proxies")["architecture_id"].tolist()
    )
    # A warm-up and a predictor go together, and a space without an encoding has its proxies.
    warm = replace(stage, warmup_pool=20, without_proxies=False, proxies=["good", "bad"])
    found = run(warm).summary["search"]
    assert list(found) == [
        "surrogate_with_proxies",
        "surrogate_with_proxies+warmup_good",
        "random_search",
        "random_search+warmup_good",
    ]
    assert found["surrogate_with_proxies+warmup_good"]["proxies"] == ["good", "bad"]
    with pytest.raises(ValueError, match=r"search.proxies must be among good, .*, got synflow"):
        run(replace(stage, proxies="synflow"), space=space)
    with pytest.raises(ValueError, match=r"search.proxies must name at least one metric, got none"):
        run(replace(stage, proxies=[]), space=space)
    with pytest.raises(ValueError, match=r"search\.without_proxies=false"):
        run(stage)
