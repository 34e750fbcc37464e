"""One architecture without training: chance, perfection, and a loop that says it in words."""

import numpy as np
import pytest

from epsilon_research.search_methods import select_one

RNG = np.random.default_rng(0)
TEST = RNG.permutation(200) / 200
VALIDATION = TEST + RNG.normal(0, 0.01, 200)


def select(ranks: dict[str, np.ndarray], **changes) -> dict:
    arguments = {
        "judged_by": "test_accuracy",
        "higher_is_better": True,
        "sample_sizes": [10, 100],
        "num_runs": 300,
        "rng": np.random.default_rng(3),
    }
    accuracies = {"validation_accuracy": VALIDATION, "test_accuracy": TEST}
    return select_one(ranks, accuracies, **(arguments | changes))


def test_a_perfect_metric_is_the_optimum_and_an_adversarial_one_the_last() -> None:
    found = select({"perfect": TEST, "adversarial": -TEST})
    for size in (10, 100):
        entry = found[str(size)]
        assert entry["metric"] == "perfect"
        assert entry["mean_rank"] == 1.0
        assert entry["test_accuracy"] == entry["optimum"]["test_accuracy"]
        assert entry["others"]["adversarial"]["mean_rank"] == size
        assert entry["best_known"] == TEST.max()


def test_chance_is_in_the_middle_with_the_spread_of_all() -> None:
    entry = select({"any": VALIDATION}, num_runs=2000)["100"]["random"]
    # Five standard errors: a false alarm in a million seeds.
    assert entry["mean_rank"] == pytest.approx(50.5, abs=5 * 29 / 2000**0.5)
    assert entry["test_accuracy"]["mean"] == pytest.approx(TEST.mean(), abs=5 * 0.29 / 2000**0.5)
    assert entry["test_accuracy"]["std"] == pytest.approx(TEST.std(), rel=0.1)


def test_the_numbers_are_those_of_a_plain_loop() -> None:
    metric = np.random.default_rng(4).normal(size=200)
    rng = np.random.default_rng(3)
    accuracies, ranks = [], []
    for _ in range(300):
        sample = rng.choice(200, 10, replace=False)
        chosen = max(sample, key=lambda place: metric[place])
        accuracies.append(TEST[chosen])
        ranks.append(sorted(TEST[sample], reverse=True).index(TEST[chosen]) + 1)
    entry = select({"metric": metric})["10"]
    assert entry["test_accuracy"]["mean"] == pytest.approx(np.mean(accuracies))
    assert entry["test_accuracy"]["std"] == pytest.approx(np.std(accuracies))
    assert entry["mean_rank"] == pytest.approx(np.mean(ranks))


def test_of_a_loss_the_smallest_is_the_best() -> None:
    entry = select({"perfect": -TEST}, higher_is_better=False)["100"]
    assert entry["mean_rank"] == 1.0
    assert entry["best_known"] == TEST.min()


def test_equal_scores_are_decided_by_chance() -> None:
    entry = select({"constant": np.zeros(200)}, num_runs=2000)["100"]
    assert entry["mean_rank"] == pytest.approx(50.5, abs=5 * 29 / 2000**0.5)


def test_samples_larger_than_what_there_is_are_left_out() -> None:
    assert list(select({"any": TEST}, sample_sizes=[10, 200, 201])) == ["10", "200"]
