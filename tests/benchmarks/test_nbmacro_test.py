"""NAS-Bench-Macro's accuracies: means of three trainings, exact."""

from fractions import Fraction
from pathlib import Path

import pandas as pd

from epsilon_research.benchmarks.nbmacro_test import SEEDS, NbMacroTest
from epsilon_research.spaces.nbmacro import NasBenchMacro


def test_all_networks_have_the_mean_of_three_trainings(shared: Path) -> None:
    table = NbMacroTest().load()
    source = pd.read_parquet(shared / "data" / "nbmacro_cifar10.parquet")
    assert set(table.rows["architecture_id"]) == set(NasBenchMacro().architecture_ids)
    found = table.lookup(list(source["architecture_id"]))
    images = [[round(one * 10_000) for one in row] for row in source[list(SEEDS)].to_numpy()]
    # The float64 nearest to the mean, so that equal means tie.
    assert found["test_accuracy"].tolist() == [float(Fraction(sum(n), 30_000)) for n in images]
    assert found["validation_accuracy"].isna().all()
    assert table.target == "test_accuracy"
    assert "three trainings" in table.source
