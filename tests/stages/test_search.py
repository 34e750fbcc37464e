"""The search stage: variants, pools, pairs, record, files; on words, and on NAS-Bench-201."""

import json
import logging
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from epsilon_research.search import ScoreCache
from epsilon_research.spaces.nb201 import NasBench201
from epsilon_research.stages.base import Outcome
from epsilon_research.stages.search.ageing_evolution import AgeingEvolutionStage
from epsilon_research.stages.search.base import SearchStage
from epsilon_research.stages.search.inputs import SearchInputs
from epsilon_research.stages.search.random_search import RandomSearchStage
from epsilon_research.tracking import write_json
from tests.search.words import Words, value

SPACE = Words()
WORDS = list(SPACE.architecture_ids)
SMALL: dict[str, Any] = {
    "budget": 12,
    "repeats": 4,
    "warmup_pool": 20,
    "sample_sizes": [5, 50],
    "selection_runs": 20,
}
EVOLUTION: dict[str, Any] = SMALL | {"population_size": 5, "tournament_size": 2}


def table(words: list[str] = WORDS) -> pd.DataFrame:
    """Validation accuracy is a word's value, test accuracy that of the word read backwards."""
    return pd.DataFrame(
        {
            "architecture_id": words,
            "validation_accuracy": [value(word) for word in words],
            "test_accuracy": [value(word[::-1]) for word in words],
        }
    )


def inputs(**changes: Any) -> SearchInputs:
    parts: dict[str, Any] = {
        "space": SPACE,
        "accuracies": table(),
        "higher_is_better": True,
        "scores": {
            "good": lambda ids: np.array([value(id_) for id_ in ids]),
            "bad": lambda ids: np.array([-value(id_) for id_ in ids]),
        },
        "metrics": ["good"],
        "scored": WORDS,
    }
    parts |= changes
    parts["scores"] = {name: ScoreCache(compute) for name, compute in parts["scores"].items()}
    return SearchInputs(**parts)


def run(stage: SearchStage, **changes: Any) -> Outcome:
    return stage.search(inputs(**changes), rng=np.random.default_rng(1))


def trials(outcome: Outcome, variant: str) -> pd.DataFrame:
    found = outcome.frames["search_trials"]
    return found[found["variant"] == variant]


def test_random_search_alone_does_the_whole_job(tmp_path: Path) -> None:
    outcome = run(RandomSearchStage(**SMALL))
    assert list(outcome.summary["search"]) == ["random_search", "random_search+warmup_good"]
    assert list(outcome.summary["selection"]) == ["5", "50"]
    assert len(outcome.frames["search_curves"]) == 2 * 4 * 12
    write_json(outcome.summary, tmp_path / "summary.json")
    assert json.loads((tmp_path / "summary.json").read_text())["search"]


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


def test_the_published_curve_is_the_running_maximum_of_test_accuracy() -> None:
    outcome = run(RandomSearchStage(**SMALL, protocol="published"))
    curves = outcome.frames["search_curves"]
    for (variant, repeat), part in curves.groupby(["variant", "repeat"]):
        found = trials(outcome, str(variant))
        tests = [value(word[::-1]) for word in found[found["repeat"] == repeat]["architecture_id"]]
        assert part["accuracy"].tolist() == np.maximum.accumulate(tests).tolist()


def test_a_warm_up_starts_from_the_best_of_each_repeats_own_pool() -> None:
    stage = AgeingEvolutionStage(**EVOLUTION, warmup_metric=["good", "bad"])
    outcome = run(stage)
    firsts = []
    for repeat in range(4):
        good, bad = (
            trials(outcome, f"random_search+warmup_{metric}").query(f"repeat == {repeat}")
            for metric in ("good", "bad")
        )
        # Both metrics rank one pool of 20, of which each asks for 12.
        best, worst = list(good["architecture_id"]), list(bad["architecture_id"])
        assert best == sorted(best, key=value, reverse=True)
        assert worst == sorted(worst, key=value)
        assert len({*best, *worst}) == 20
        evolved = trials(outcome, "ageing_evolution+warmup_good").query(f"repeat == {repeat}")
        assert list(evolved["architecture_id"])[:5] == best[:5]
        firsts.append(best)
    assert len({tuple(best) for best in firsts}) == 4


def test_a_perfect_metric_finds_the_optimum_first_and_an_adversarial_one_breaks_nothing() -> None:
    stage = AgeingEvolutionStage(
        **EVOLUTION | {"warmup_pool": 81}, warmup_metric=["good", "bad"], move=["score", "children"]
    )
    outcome = run(stage)
    for variant, entry in outcome.summary["search"].items():
        first = trials(outcome, variant).query("ask == 0")["architecture_id"]
        if entry["warmup_metric"] is not None:
            assert set(first) == {"cccc" if entry["warmup_metric"] == "good" else "aaaa"}
        assert entry["fewest_trained"] == 12


def test_undefined_scores_rank_last_or_as_published_zero() -> None:
    def scores(ids):
        return np.array([np.nan if id_[0] == "c" else -1 - value(id_) for id_ in ids])

    changes: dict[str, Any] = {"scores": {"good": scores}, "metrics": ["good"]}
    small = SMALL | {"warmup_pool": 81}
    asked = {
        protocol: trials(
            run(RandomSearchStage(**small, protocol=protocol), **changes),
            "random_search+warmup_good",
        )["architecture_id"].str[0]
        for protocol in ("sound", "published")
    }
    assert "c" not in set(asked["sound"])
    assert set(asked["published"]) == {"c"}


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


def test_the_published_curve_of_a_loss_is_its_running_minimum() -> None:
    outcome = run(RandomSearchStage(**SMALL, protocol="published"), higher_is_better=False)
    curves = outcome.frames["search_curves"]
    for (variant, repeat), part in curves.groupby(["variant", "repeat"]):
        found = trials(outcome, str(variant))
        losses = [value(word[::-1]) for word in found[found["repeat"] == repeat]["architecture_id"]]
        assert part["accuracy"].tolist() == np.minimum.accumulate(losses).tolist()


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


def test_scores_are_computed_once_for_all_repeats_and_variants() -> None:
    counts: Counter[str] = Counter()

    def compute(ids):
        counts.update(ids)
        return np.array([value(id_) for id_ in ids])

    stage = AgeingEvolutionStage(**EVOLUTION, move=["score", "children"])
    run(stage, scores={"good": compute})
    assert set(counts.values()) == {1}


def test_pools_that_are_all_the_same_are_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    run(RandomSearchStage(**SMALL))
    assert "warm-up pools" not in caplog.text
    outcome = run(RandomSearchStage(**SMALL), scored=WORDS[:15])
    assert "warm-up pools are all 15 scored architectures, the same in each repeat" in caplog.text
    assert outcome.summary["search"]["random_search+warmup_good"]["warmup_pool"] == 15


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
    stage.check_inputs(["good"], has_accuracies=False)
    outcome = run(stage, accuracies=None)
    assert set(counts.values()) == {1}
    entry = outcome.summary["search"]["ageing_evolution"]
    assert (entry["selected_on"], entry["reported"]) == ("objective", "objective")
    assert entry["median_curve"][-1] > 5
    assert outcome.summary["selection"] == {}


def test_a_column_of_a_score_file_warms_up(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    scores = pd.DataFrame({"architecture_id": WORDS, "mine": [value(word) for word in WORDS]})
    scores.iloc[5:].to_csv(path, index=False)
    stage = RandomSearchStage(**SMALL, score_file=str(path), warmup_metric="mine")
    stage.check_inputs(["good"], has_accuracies=True)
    outcome = run(stage)
    mine = trials(outcome, "random_search+warmup_mine")["architecture_id"]
    good = trials(run(RandomSearchStage(**SMALL)), "random_search+warmup_good")
    assert list(mine) == list(good["architecture_id"])
    assert outcome.summary["selection"]["50"]["metric"] == "mine"


def test_scored_architectures_without_an_accuracy_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must have some scored architecture .* among 3:"):
        run(RandomSearchStage(**SMALL), accuracies=table(WORDS[3:]), scored=WORDS[:3])


def test_parameter_counts_warm_up_on_the_real_table(shared: Path) -> None:
    # Test accuracies, in spite of the column's name: here they both select and are reported.
    accuracies = pd.read_parquet(shared / "data" / "nb201_cifar10_validation.parquet")
    proxies = pd.read_parquet(shared / "data" / "nb201_cifar10_published_proxies.parquet")
    proxies = proxies.set_index("architecture_id")
    outcome = run(
        RandomSearchStage(**SMALL | {"warmup_pool": 3000, "budget": 30, "repeats": 10}),
        space=NasBench201(),
        accuracies=accuracies[["architecture_id", "validation_accuracy"]].assign(
            test_accuracy=np.nan
        ),
        scored=list(accuracies["architecture_id"]),
        scores={
            name: lambda ids, name=name: proxies[name].reindex(ids).to_numpy()
            for name in ("params", "nwot")
        },
        metrics=["nwot", "params"],
    )
    search = outcome.summary["search"]
    alone = search["random_search"]["median_curve"]
    for metric in ("nwot", "params"):
        warm = search[f"random_search+warmup_{metric}"]
        assert warm["median_curve"][5] > alone[29] - 0.001
        assert warm["median_curve"][29] > alone[29]
        low, _ = warm["compared_with"]["random_search"]["anytime"]["mean_difference_interval"]
        assert low > 0
