"""The search stage: variants, curves, repeats, record; on words."""

import json
import random
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from epsilon_research.stages.search.algorithms import (
    AgeingEvolutionStage,
    RandomSearchStage,
    SurrogateStage,
)
from epsilon_research.stages.search.task import table_goal
from epsilon_research.tracking import write_json
from tests.search_methods.words import Words, WordsOfGenes, value
from tests.stages.word_searches import (
    EVOLUTION,
    SMALL,
    WORDS,
    inputs,
    run,
    table,
    table_of,
    trials,
)


def test_random_search_alone_does_the_whole_job(tmp_path: Path) -> None:
    outcome = run(RandomSearchStage(**SMALL))
    assert list(outcome.summary["search"]) == ["random_search", "random_search+warmup_good"]
    assert list(outcome.summary["selection"]) == ["5", "50"]
    assert len(outcome.frames["search_curves"]) == 2 * 4 * 12
    write_json(outcome.summary, tmp_path / "summary.json")
    assert json.loads((tmp_path / "summary.json").read_text())["search"]


def test_a_search_ends_in_the_fittest_architectures_that_it_has_found() -> None:
    outcome = run(RandomSearchStage(**SMALL))
    (table,) = outcome.tables
    tried = outcome.frames["search_trials"]
    best = tried.drop_duplicates("architecture_id").nlargest(5, "fitness")
    assert [row[0] for row in table.rows] == best["architecture_id"].tolist()
    assert table.head[:3] == ["architecture", "searches", "test accuracy"]
    for id_, searches, *_ in table.rows:
        meetings = tried[tried["architecture_id"] == id_].groupby(["variant", "repeat"])
        assert int(searches) == meetings.ngroups


def test_evolution_comes_alone_warmed_up_and_beside_random_search() -> None:
    outcome = run(AgeingEvolutionStage(**EVOLUTION))
    assert list(outcome.summary["search"]) == [
        "ageing_evolution",
        "ageing_evolution+warmup_good",
        "random_search",
        "random_search+warmup_good",
    ]
    entry = outcome.summary["search"]["ageing_evolution+warmup_good"]
    expected = {
        "algorithm": "ageing_evolution",
        "protocol": "sound",
        "budget": 12,
        "repeats": 4,
        "warmup_pool": 20,
        "warmup_universe": 81,
        "warmup_metric": "good",
        "move": "fitness",
        "population_size": 5,
        "tournament_size": 2,
        "move_metric": None,
        "selected_on": "validation",
        "reported": "test_accuracy",
        "higher_is_better": True,
        "fewest_trained": 12,
    }
    assert {name: entry[name] for name in expected} == expected
    assert outcome.summary["search"]["ageing_evolution"]["warmup_pool"] == 0
    assert [len(entry[f"{name}_curve"]) for name in ("low", "median", "high")] == [12] * 3


def test_the_six_published_variants_and_several_metrics_are_one_figure() -> None:
    stage = AgeingEvolutionStage(**EVOLUTION, move="score")
    assert list(run(stage).summary["search"]) == [
        "ageing_evolution",
        "ageing_evolution+warmup_good",
        "ageing_evolution+move_score_good",
        "ageing_evolution+warmup_good+move_score_good",
        "random_search",
        "random_search+warmup_good",
    ]
    stage = RandomSearchStage(**SMALL, warmup_metric=["bad", "good"])
    assert list(run(stage).summary["search"]) == [
        "random_search",
        "random_search+warmup_bad",
        "random_search+warmup_good",
    ]
    stage = RandomSearchStage(**SMALL | {"warmup_pool": 0})
    assert list(run(stage).summary["search"]) == ["random_search"]


def test_repeats_are_answered_from_memory_and_their_share_is_told() -> None:
    outcome = run(AgeingEvolutionStage(**EVOLUTION))
    for variant, entry in outcome.summary["search"].items():
        asked = trials(outcome, variant)
        assert entry["repeat_share"] == pytest.approx(asked["repeated"].mean())
        for _, part in asked.groupby("repeat"):
            assert part["repeated"].tolist() == part["architecture_id"].duplicated().tolist()
            assert (~part["repeated"]).sum() == 12
    published = run(AgeingEvolutionStage(**EVOLUTION, protocol="published"))
    assert set(published.frames["search_trials"].groupby(["variant", "repeat"]).size()) == {12}


@pytest.mark.parametrize(("protocol", "is_published"), [("sound", False), ("published", True)])
def test_only_the_published_protocol_mutates_as_published(
    protocol: str, is_published: bool
) -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Published(Words):
        def mutate_as_published(self, architecture_id: str, rng: np.random.Generator) -> str:
            return "bbbb"

    stage = AgeingEvolutionStage(**EVOLUTION | {"warmup_pool": 0}, protocol=protocol)
    children = trials(run(stage, space=Published()), "ageing_evolution").query("ask >= 5")
    assert (set(children["architecture_id"]) == {"bbbb"}) is is_published


def test_curves_show_the_test_accuracy_of_the_validation_incumbent() -> None:
    outcome = run(RandomSearchStage(**SMALL))
    curves = outcome.frames["search_curves"]
    for (variant, repeat), part in curves.groupby(["variant", "repeat"]):
        found = trials(outcome, str(variant))
        found = found[(found["repeat"] == repeat) & ~found["repeated"]]
        words = list(found["architecture_id"])
        shown = [value(max(words[: i + 1], key=value)[::-1]) for i in range(12)]
        assert part["accuracy"].tolist() == shown
        assert part["trained"].tolist() == list(range(1, 13))


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_the_published_curve_is_the_running_best_of_test_accuracy(higher_is_better: bool) -> None:
    stage = RandomSearchStage(**SMALL, protocol="published")
    outcome = run(stage, higher_is_better=higher_is_better)
    best = np.maximum if higher_is_better else np.minimum
    curves = outcome.frames["search_curves"]
    for (variant, repeat), part in curves.groupby(["variant", "repeat"]):
        found = trials(outcome, str(variant))
        tests = [value(word[::-1]) for word in found[found["repeat"] == repeat]["architecture_id"]]
        assert part["accuracy"].tolist() == best.accumulate(tests).tolist()


@pytest.mark.parametrize("missing", ["validation_accuracy", "test_accuracy"])
def test_a_table_with_one_accuracy_selects_and_reports_by_it(missing: str) -> None:
    accuracies = table().assign(**{missing: np.nan})
    outcome = run(RandomSearchStage(**SMALL), accuracies=accuracies)
    entry = outcome.summary["search"]["random_search"]
    left = "test" if missing == "validation_accuracy" else "validation"
    assert (entry["selected_on"], entry["reported"]) == (left, f"{left}_accuracy")
    curves = outcome.frames["search_curves"].groupby(["variant", "repeat"])["accuracy"]
    assert all(part.is_monotonic_increasing for _, part in curves)
    assert np.isnan(outcome.summary["selection"]["5"][missing]["mean"])
    assert outcome.summary["selection"]["5"][f"{left}_accuracy"]["mean"] > 0


def test_a_loss_is_searched_downwards_and_reported_in_its_own_unit() -> None:
    losses = table()
    losses[["validation_accuracy", "test_accuracy"]] = (
        5 - losses[["validation_accuracy", "test_accuracy"]]
    )
    good, loss = (
        run(AgeingEvolutionStage(**EVOLUTION)),
        run(AgeingEvolutionStage(**EVOLUTION), accuracies=losses, higher_is_better=False),
    )
    for variant, entry in loss.summary["search"].items():
        assert entry["higher_is_better"] is False
        same = good.summary["search"][variant]
        np.testing.assert_allclose(entry["median_curve"], 5 - np.array(same["median_curve"]))
        np.testing.assert_allclose(entry["low_curve"], 5 - np.array(same["high_curve"]))
        pairs = zip(entry["targets"].values(), same["targets"].values(), strict=True)
        assert all(one["reached_share"] == other["reached_share"] for one, other in pairs)
    assert loss.summary["selection"]["50"]["mean_rank"] == pytest.approx(
        good.summary["selection"]["50"]["mean_rank"]
    )


def test_the_seed_alone_decides_everything() -> None:
    stage = AgeingEvolutionStage(**EVOLUTION, move=["score", "children"])
    summaries = []
    for globally in (0, 1):
        random.seed(globally)
        np.random.seed(globally)  # noqa: NPY002  # the search must not look at it
        summaries.append(run(stage).summary)
    assert summaries[0] == summaries[1]
    other = stage.search(inputs(), rng=np.random.default_rng(2))
    assert other.summary["search"] != summaries[0]["search"]


def test_the_first_repeats_do_not_depend_on_how_many_there_are() -> None:
    few, many = (
        run(RandomSearchStage(**SMALL | {"repeats": repeats})).frames["search_trials"]
        for repeats in (2, 4)
    )
    pd.testing.assert_frame_equal(few, many[many["repeat"] < 2].reset_index(drop=True))


def test_a_search_stays_among_what_the_table_knows() -> None:
    known = [word for word in WORDS if word.count("a") != 1]
    outcome = run(
        AgeingEvolutionStage(**EVOLUTION, move=["score", "children"]),
        accuracies=table(known),
    )
    assert set(outcome.frames["search_trials"]["architecture_id"]) <= set(known)
    entry = outcome.summary["search"]["ageing_evolution"]
    assert entry["redrawn_mutations"] > 0
    assert entry["replaced_mutations"] == 0
    assert outcome.summary["search"]["random_search+warmup_good"]["warmup_universe"] == len(known)


def test_variants_are_compared_in_pairs_and_by_the_cost_of_an_accuracy() -> None:
    stage = AgeingEvolutionStage(**EVOLUTION, targets=[0.0, 2])
    search = run(stage).summary["search"]
    alone, warm = search["ageing_evolution"], search["ageing_evolution+warmup_good"]
    assert set(alone["compared_with"]) == set(search) - {"ageing_evolution"}
    one = alone["compared_with"]["ageing_evolution+warmup_good"]
    other = warm["compared_with"]["ageing_evolution"]
    assert one["final"]["n"] == 4
    assert one["anytime"]["mean_difference"] == pytest.approx(-other["anytime"]["mean_difference"])
    reference = f"{alone['median_curve'][-1]:.6g}"
    assert list(warm["targets"]) == [reference, "0", "2"]
    assert warm["targets"]["0"]["median_models"] == 1.0
    assert warm["targets"]["2"]["reached_share"] == 0.0


def test_a_users_own_objective_needs_no_table_and_is_asked_once() -> None:
    counts: Counter[str] = Counter()

    def objective(word: str) -> float:
        counts[word] += 1
        return float("nan") if word.startswith("a") else 10 * value(word)

    stage = AgeingEvolutionStage(**EVOLUTION, objective=objective)
    outcome = run(stage, table=None)
    assert set(counts.values()) == {1}
    entry = outcome.summary["search"]["ageing_evolution"]
    assert (entry["selected_on"], entry["reported"]) == ("objective", "objective")
    assert entry["median_curve"][-1] > 5
    assert outcome.summary["selection"] == {}


def test_scored_architectures_without_an_accuracy_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must have some scored architecture .* among 3:"):
        run(RandomSearchStage(**SMALL), accuracies=table(WORDS[3:]), scored=WORDS[:3])


def test_a_second_column_of_test_accuracies_is_reported() -> None:
    rows = table()
    accuracies = rows.assign(
        validation_accuracy=np.nan, second_test_accuracy=1 - rows["test_accuracy"]
    )
    outcome = run(RandomSearchStage(**SMALL), accuracies=accuracies)
    entry = outcome.summary["search"]["random_search"]
    assert (entry["selected_on"], entry["reported"]) == ("test", "second_test_accuracy")
    # What is best by the first column is worst by the second.
    assert entry["median_curve"][-1] < entry["median_curve"][0]


def test_rows_without_what_is_needed_are_no_part_of_the_search() -> None:
    accuracies = table(WORDS[:4])
    accuracies.loc[0, "validation_accuracy"] = np.nan
    accuracies.loc[1, "test_accuracy"] = np.nan
    assert list(table_goal(table_of(accuracies)).rows.index) == WORDS[2:4]


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
