"""The default accuracies of NAS-Bench-201: what they are, and the second column."""

from pathlib import Path

import pandas as pd
import pytest
from sentences import refused

from epsilon_research.benchmarks import nb201_half_test
from epsilon_research.benchmarks.accuracy_table import SECOND
from epsilon_research.benchmarks.nb201_analog import Nb201Analog
from epsilon_research.benchmarks.nb201_half_test import Nb201HalfTest
from epsilon_research.spaces.nb201 import official_order


def test_all_cells_have_the_test_accuracy_of_the_run_on_half_the_training_set(shared: Path) -> None:
    table = Nb201HalfTest(second="none").load()
    source = pd.read_parquet(shared / "data" / "nb201_cifar10_validation.parquet")
    found = table.lookup(list(official_order()))
    assert list(source["architecture_id"]) == list(official_order())
    assert found["test_accuracy"].tolist() == source["validation_accuracy"].tolist()
    assert found["validation_accuracy"].isna().all()
    assert table.target == "test_accuracy"
    assert "test accuracy" in table.source
    assert "half" in table.source


def test_the_other_trainings_are_a_second_column() -> None:
    table, other = Nb201HalfTest(second="analog").load(), Nb201Analog().load()
    ids = list(official_order()[:50])
    second = table.rows.set_index("architecture_id")[SECOND].loc[ids]
    assert second.tolist() == other.lookup(ids)["test_accuracy"].tolist()
    assert table.second_source == other.source


def test_without_the_other_package_there_is_no_second_column(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert SECOND in Nb201HalfTest().load().rows
    monkeypatch.setattr(nb201_half_test, "is_installed", lambda: False)
    table = Nb201HalfTest().load()
    assert SECOND not in table.rows
    assert table.second_source == ""


def test_another_word_is_refused() -> None:
    with refused(ValueError, match=r"benchmark.second must be one of auto, analog, none"):
        Nb201HalfTest(second="yes")
