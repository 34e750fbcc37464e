"""Where searches with scores start: pools, metrics that rank them, score files."""

import logging
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from epsilon_research.spaces.nb201 import NasBench201
from epsilon_research.stages.search.algorithms import AgeingEvolutionStage, RandomSearchStage
from tests.search_methods.words import value
from tests.stages.word_searches import EVOLUTION, SMALL, WORDS, run, trials


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
