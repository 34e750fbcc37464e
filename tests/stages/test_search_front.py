"""Fronts that searches find: chosen by what they saw, judged by what is reported."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from epsilon_research.benchmarks.hardware_costs import hardware_costs
from epsilon_research.search_methods import Domain, OptunaSearch, ScoreCache, Start, run_search
from epsilon_research.spaces.nb201 import NasBench201, official_order
from epsilon_research.stages.base import Outcome
from epsilon_research.stages.search.algorithms import RandomSearchStage
from epsilon_research.stages.search.base import SearchStage
from tests.search_methods.words import value
from tests.stages.contexts import accuracies_of, prepared_run, scored
from tests.stages.word_searches import SMALL, WORDS, inputs, run, table

IDS = list(official_order()[:600])
FRONT: dict[str, Any] = {"front": "letters", "front_budgets": [6, 12, 500]}


def letters(ids: list[str]) -> np.ndarray:
    """What a word costs: its letters beyond the first of the alphabet."""
    return np.array([sum("abc".index(letter) for letter in id_) for id_ in ids], dtype=float)


COSTS = {"letters": ScoreCache(letters)}


def found(stage: SearchStage, **changes: Any) -> Outcome:
    return run(stage, costs=COSTS, **changes)


def test_the_front_of_a_search_is_chosen_by_validation_and_judged_by_test_accuracy() -> None:
    outcome = found(RandomSearchStage(**SMALL, **FRONT))
    record = outcome.summary["search_front"]
    assert set(record["variants"]) == set(outcome.summary["search"])
    assert set(record["variants"]["random_search"]) == {"6", "12"}
    best = {row["architecture_id"]: row["reported"] for row in record["true_front"]}
    tests = {word: value(word[::-1]) for word in WORDS}
    for word in WORDS:
        beaten = any(
            letters([other])[0] <= letters([word])[0] and tests[other] > tests[word]
            for other in WORDS
        )
        assert (word in best) is not beaten
    fronts, trials = outcome.frames["search_fronts"], outcome.frames["search_trials"]
    fronts = fronts[fronts["budget"] == 6].groupby(["variant", "repeat"])
    for search, tried in trials.groupby(["variant", "repeat"]):
        first = list(tried[~tried["repeated"]]["architecture_id"][:6])
        chosen = fronts.get_group(search)
        expected = {
            word
            for word in first
            if not any(
                letters([other])[0] <= letters([word])[0] and value(other) > value(word)
                for other in first
            )
        }
        assert set(chosen["architecture_id"]) == expected
        assert chosen["reported"].tolist() == [tests[id_] for id_ in chosen["architecture_id"]]


def test_a_search_that_trains_everything_finds_the_whole_front() -> None:
    same = table().assign(test_accuracy=table()["validation_accuracy"])
    stage = RandomSearchStage(
        **SMALL | {"budget": 81, "repeats": 1, "warmup_pool": 0},
        front="letters",
        front_budgets=[81],
    )
    record = found(stage, accuracies=same).summary["search_front"]
    entry = record["variants"]["random_search"]["81"]
    assert entry["hypervolume"] == pytest.approx(1.0)
    assert entry["hypervolume_interval"] == pytest.approx([1.0, 1.0])
    assert entry["size"] == len(record["true_front"])
    losses = same.assign(**{n: 5 - same[n] for n in ("validation_accuracy", "test_accuracy")})
    turned = found(stage, accuracies=losses, higher_is_better=False).summary["search_front"]
    assert turned["reference"] == pytest.approx([8.0, 5 - record["reference"][1]])
    assert turned["variants"]["random_search"]["81"]["hypervolume"] == pytest.approx(1.0)


def test_more_models_never_cover_less_where_selection_and_report_agree() -> None:
    same = table().assign(test_accuracy=table()["validation_accuracy"])
    outcome = found(RandomSearchStage(**SMALL, **FRONT), accuracies=same)
    for entries in outcome.summary["search_front"]["variants"].values():
        assert 0 < entries["6"]["hypervolume"] <= entries["12"]["hypervolume"] <= 1
        low, high = entries["12"]["hypervolume_interval"]
        assert low <= entries["12"]["hypervolume"] <= high
    (_, shown) = outcome.tables
    assert shown.title == "front of test accuracy against letters"
    assert [row[1] for row in shown.rows] == ["no", "no"]


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_samplers_of_several_objectives_search_by_the_cost_too(sampler: str) -> None:
    latency = hardware_costs("raspi4_latency")
    means = {}
    for cost in (None, lambda ids: latency[list(ids)].to_numpy()):
        trials = run_search(
            OptunaSearch(name=sampler).start(Start(domain=Domain(space=NasBench201()), cost=cost)),
            # The dearer, the fitter: by fitness alone a search leaves what is cheap.
            lambda id_: float(latency[id_]),
            budget=60,
            counts_repeats=False,
            rng=np.random.default_rng(1),
        ).trained
        means[cost is None] = latency[[trial.architecture_id for trial in trials[30:]]].mean()
    assert means[False] < means[True]


def test_a_front_needs_accuracies_and_a_cost_that_is_known() -> None:
    stage = RandomSearchStage(front="flops", objective=lambda id_: 1.0)
    with pytest.raises(ValueError, match=r"search.front=flops must have a table of accuracies"):
        stage.check(prepared_run(ids=IDS[:4]))
    with pytest.raises(ValueError, match=r"search.front must name costs .* got watt"):
        RandomSearchStage(front="watt").check(prepared_run(ids=IDS[:4]))
    unknown = {"letters": ScoreCache(lambda ids: np.full(len(ids), np.nan))}
    with pytest.raises(ValueError, match=r"search.front must be a cost that is known .* letters"):
        run(RandomSearchStage(**SMALL, **FRONT), costs=unknown)


def test_the_figure_stands_beside_the_curves(tmp_path: Path) -> None:
    from epsilon_research.plotting import FigureSettings, RunFigures

    accuracies = accuracies_of(IDS, np.linspace(0.5, 0.9, len(IDS)))
    prepared = prepared_run(ids=IDS[:20], table=accuracies)
    frame = pd.DataFrame(
        {"architecture_id": IDS[:20], "epsilon": np.arange(20.0), "num_parameters": 1}
    ).assign(epsilon_float32_defined=True)
    stage = RandomSearchStage(**SMALL | {"sample_sizes": [5]}, front="pixel3_latency")
    figures = RunFigures(folder=tmp_path, settings=FigureSettings(formats=["png"]))
    outcome = stage.run(scored(prepared, frame=frame, run_dir=tmp_path, figures=figures))
    assert [path.name for path in outcome.figures] == ["search_curves.png", "search_front.png"]
    assert inputs().costs == {}
