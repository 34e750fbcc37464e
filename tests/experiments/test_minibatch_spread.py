"""The spread over minibatches and tables is half the mean square of differences."""

import importlib
from typing import Any

import numpy as np
import pandas as pd
import pytest

from epsilon_research.analysis.statistics import STATISTICS
from epsilon_research.benchmarks import AccuracyTable
from epsilon_research.data import Minibatch
from epsilon_research.executors import SerialExecutor
from epsilon_research.spaces.nb201 import NasBench201
from experiments.minibatch_spread import measure

NUM = 40


@pytest.fixture(autouse=True)
def serial(monkeypatch: pytest.MonkeyPatch) -> None:
    score = importlib.import_module("epsilon_research.api.score")
    monkeypatch.setattr(score, "ProcessExecutor", lambda **_: SerialExecutor())


def table(seed: int) -> AccuracyTable:
    ids = list(NasBench201().architecture_ids[:NUM])
    accuracies = np.random.default_rng(seed).uniform(0.5, 0.9, NUM)
    rows = pd.DataFrame(
        {"architecture_id": ids, "validation_accuracy": accuracies, "test_accuracy": np.nan}
    )
    return AccuracyTable(
        rows=rows,
        name=f"table {seed}",
        source="made up",
        target="validation_accuracy",
        higher_is_better=True,
        label="accuracy",
    )


def batch(seed: int) -> Minibatch:
    images = np.random.default_rng(seed).normal(size=(8, 3, 32, 32)).astype(np.float32)
    return Minibatch(inputs=images, kind="images", dataset="noise")


def spread(tables: list[AccuracyTable], *halves: Minibatch) -> dict[str, Any]:
    return measure("nb201", tables, [halves], count=NUM, weights=(1e-7, 1))


def test_equal_minibatches_have_no_spread_and_equal_tables_none_either() -> None:
    entry = spread([table(0), table(0)], batch(0), batch(0))
    assert set(entry["std_over_minibatches"].values()) == {0.0}
    assert set(entry["std_over_tables"].values()) == {0.0}
    # The 64 best of 40 are not the 64 best of 5,000.
    assert set(entry["std_over_tables"]) == set(STATISTICS) - {"top64_in_top5"}


def test_the_spread_is_that_of_two_independent_draws() -> None:
    tables = [table(0), table(1)]
    entry = spread(tables, batch(0), batch(1))
    assert (entry["minibatches"], entry["architectures"]) == (2, NUM)
    between = [
        spread(tables, batch(seed), batch(seed))["std_over_tables"]["spearman_rho"]
        for seed in (0, 1)
    ]
    assert entry["std_over_tables"]["spearman_rho"] == pytest.approx(
        np.sqrt(np.mean(np.square(between))), rel=0.01
    )
    assert entry["std_over_minibatches"]["spearman_rho"] > 0
