"""The best-scored within limits are trained, and random ones beside them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from epsilon_research.metrics import Flops, NumParameters
from epsilon_research.stages.train_best import TrainBest
from tests.stages.contexts import EPSILON, prepared_run, scored

METRICS = {"epsilon": EPSILON, "num_parameters": NumParameters(), "flops": Flops()}
IDS = [f"architecture {number}" for number in range(40)]


def frame() -> pd.DataFrame:
    numbers = np.arange(40.0)
    epsilon = np.where(numbers % 10 == 3, np.nan, numbers % 7)
    return pd.DataFrame(
        {"architecture_id": IDS, "epsilon": epsilon, "num_parameters": numbers, "flops": numbers}
    )


def fitness(architecture_id: str) -> float:
    return int(architecture_id.split()[1]) / 40


def outcome(**settings: Any):
    stage = TrainBest(objective=fitness, **settings)
    prepared = prepared_run(metrics=METRICS)
    stage.check(prepared)
    return stage.run(scored(prepared, frame=frame(), columns=list(METRICS)))


def test_groups_are_the_best_of_each_metric_within_the_limits() -> None:
    found = outcome(limits={"flops": 19}, count=3).summary["train_best"]
    assert list(found) == ["epsilon", "num_parameters", "random"]
    names = [entry["architecture_id"] for entry in found["num_parameters"]]
    assert names == ["architecture 19", "architecture 18", "architecture 17"]
    # 3 and 13 have no epsilon, 6 is the largest remainder; the first of equal ones comes first.
    assert [entry["score"] for entry in found["epsilon"]] == [6.0, 5.0, 5.0]
    assert found["epsilon"][0]["architecture_id"] == "architecture 6"
    for group in found.values():
        assert len(group) == 3
        for entry in group:
            assert entry["flops"] <= 19
            assert entry["fitness"] == fitness(entry["architecture_id"])
    assert len({entry["architecture_id"] for entry in found["random"]}) == 3


def test_an_architecture_of_two_groups_is_trained_once() -> None:
    trained: list[str] = []

    def objective(architecture_id: str) -> float:
        trained.append(architecture_id)
        return 0.5

    stage = TrainBest(objective=objective, count=20)
    context = scored(prepared_run(metrics=METRICS), frame=frame(), columns=list(METRICS))
    found = stage.run(context)
    assert len(trained) == len(set(trained))
    assert found.tables[0].rows[20][1] == "mean"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"count": 0}, "stages.train_best.count must be an integer of 1 or more"),
        ({"limits": {"naswot": 1}}, "must name metrics of the run .*, got naswot"),
        ({"limits": {"flops": 3}}, "5 architectures must lie within .* got 4 of 40"),
    ],
)
def test_what_cannot_be_trained_is_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        outcome(**settings)
