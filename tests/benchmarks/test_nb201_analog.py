"""The accuracies that are installed with a package: complete, in the right place, untouched."""

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sentences import refused

from epsilon_research.benchmarks import AccuracyTable, converted_table, nb201_analog
from epsilon_research.benchmarks.nb201_analog import Nb201Analog
from epsilon_research.spaces.nb201 import official_order


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty cache, so that it is today's code that converts."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(converted_table, "user_cache", lambda: folder)
        yield folder


@pytest.fixture(scope="module")
def table() -> AccuracyTable:
    return Nb201Analog().load()


def accuracy(table: AccuracyTable, *architecture_ids: str) -> list[float]:
    return list(table.lookup(architecture_ids)["test_accuracy"])


def test_every_cell_is_there_once(table: AccuracyTable) -> None:
    ids = table.rows["architecture_id"]
    assert len(ids) == ids.nunique() == 5**6
    assert set(ids) == set(official_order())
    assert table.rows["test_accuracy"].between(0, 1).all()
    assert table.rows["validation_accuracy"].isna().all()
    assert (table.target, table.higher_is_better) == ("test_accuracy", True)
    assert "AnalogNAS-Bench (authors' own full training)" in table.source


def test_341_disconnected_cells_are_at_chance(table: AccuracyTable) -> None:
    chance = table.rows[table.rows["test_accuracy"] == 0.10]
    assert len(chance) == 341
    assert "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|" in set(chance["architecture_id"])
    # Whatever enters the last node comes from a node that nothing reaches.
    assert "|none~0|+|none~0|nor_conv_3x3~1|+|none~0|nor_conv_3x3~1|skip_connect~2|" in set(
        chance["architecture_id"]
    )


def test_a_cell_whose_only_path_is_one_edge_is_connected(table: AccuracyTable) -> None:
    # Each needs another edge, so a wrong order of the edges would find chance somewhere.
    paths = [
        "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
        "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|",
        "|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|nor_conv_3x3~2|",
        "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_3x3~2|",
    ]
    assert min(accuracy(table, *paths)) > 0.8


def test_three_cells_have_the_accuracies_of_the_file(table: AccuracyTable) -> None:
    # Official indices 0, 11 and 284, whose NAS-Bench-201 accuracies are 85.86, 91.58 and 88.79 %.
    found = accuracy(
        table,
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|"
        "skip_connect~2|",
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|",
        "|skip_connect~0|+|skip_connect~0|skip_connect~1|+|none~0|nor_conv_1x1~1|none~2|",
    )
    np.testing.assert_allclose(found, [0.8597, 0.9114, 0.8879], atol=5e-5, rtol=0)


def test_the_official_accuracy_of_one_run_ranks_alike(table: AccuracyTable, shared: Path) -> None:
    official = pd.read_parquet(shared / "data" / "nb201_cifar10_validation.parquet")
    ours = table.lookup(list(official["architecture_id"]))["test_accuracy"]
    assert ours.notna().all()
    assert list(official["architecture_id"]) == list(official_order())
    rho = ours.corr(official["validation_accuracy"], method="spearman")
    assert rho == pytest.approx(0.98195, abs=1e-5)  # as measured


def test_the_package_is_not_imported(table: AccuracyTable) -> None:
    assert not any(name.split(".")[0] == "analognasbench" for name in sys.modules)


def test_the_file_is_decoded_once(table: AccuracyTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nb201_analog, "load_pickle", lambda *a, **k: pytest.fail("was read"))
    pd.testing.assert_frame_equal(Nb201Analog().load().rows, table.rows)


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(nb201_analog, "files", missing)
    with refused(FileNotFoundError, match=r"pip install analog-nasbench==0\.1\.3, or pass an"):
        Nb201Analog().load()


@pytest.mark.parametrize("listed", [None, []])
def test_a_package_without_the_file_is_refused(
    listed: list | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nb201_analog, "files", lambda name: listed)
    with refused(FileNotFoundError, match=r"must contain analognasbench/data\.anb"):
        Nb201Analog().load()


def test_another_file_in_its_place_is_refused_unread(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "data.anb"
    other.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    monkeypatch.setattr(nb201_analog, "_locate", lambda: other)
    monkeypatch.setattr(nb201_analog, "load_pickle", lambda *a, **k: pytest.fail("was read"))
    with refused(ValueError, match=r"must be the file of .*, got SHA-256 [0-9a-f]{64}: pip"):
        Nb201Analog().load()
