"""The spread over minibatches and tables is half the mean square of differences."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from epsilon_research.analysis.statistics import STATISTICS
from epsilon_research.benchmarks import AccuracyTable
from epsilon_research.data import Minibatch
from experiments.minibatch_spread import SETTINGS, measure

NUM = 40


def table(seed: int) -> AccuracyTable:
    ids = SETTINGS["nb201"].space.architecture_ids[:NUM]
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


def test_equal_minibatches_have_no_spread_and_equal_tables_none_either() -> None:
    entry = measure(SETTINGS["nb201"], [table(0), table(0)], [[batch(0), batch(0)]], count=NUM)
    assert set(entry["std_over_minibatches"].values()) == {0.0}
    assert set(entry["std_over_tables"].values()) == {0.0}
    # The 64 best of 40 are not the 64 best of 5,000.
    assert set(entry["std_over_tables"]) == set(STATISTICS) - {"top64_in_top5"}


def test_the_spread_is_that_of_two_independent_draws() -> None:
    setting = replace(SETTINGS["nb201"], weights=(1e-7, 1))
    entry = measure(setting, [table(0), table(1)], [[batch(0), batch(1)]], count=NUM)
    assert (entry["minibatches"], entry["architectures"]) == (2, NUM)
    one = measure(setting, [table(0), table(1)], [[batch(0), batch(0)]], count=NUM)
    two = measure(setting, [table(0), table(1)], [[batch(1), batch(1)]], count=NUM)
    between = [one["std_over_tables"]["spearman_rho"], two["std_over_tables"]["spearman_rho"]]
    assert entry["std_over_tables"]["spearman_rho"] == pytest.approx(
        np.sqrt(np.mean(np.square(between))), rel=0.01
    )
    assert entry["std_over_minibatches"]["spearman_rho"] > 0
