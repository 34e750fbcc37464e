"""TransNAS-Bench-101's official file, by a small one of the same structure."""

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sentences import refused

from epsilon_research.benchmarks import tnb101_official
from epsilon_research.benchmarks.tnb101_official import TransNasOfficial
from epsilon_research.spaces.tnb101_macro import TransNasMacro
from epsilon_research.spaces.tnb101_micro import TransNasMicro

CURVES = {
    # The best validation result comes before the last epoch.
    "class_object": {"valid_top1": [10.0, 45.5, 44.0], "test_top1": [11.0, 43.5, 47.0]},
    "room_layout": {"valid_neg_loss": [-0.9, -0.6, -0.7], "test_neg_loss": [-0.8, -0.65, -0.5]},
    "normal": {"valid_ssim": [0.3, 0.5, 0.58], "test_ssim": [0.4, 0.51, 0.57]},
}
IDS = {"macro": "64-2311-basic", "micro": "64-41414-1_02_333"}


def content(curves: Mapping[str, Any] = CURVES) -> dict[str, Any]:
    """What the official file holds, of one architecture of each level and three tasks."""
    results = {
        task: {
            "metrics": {**metrics, "time_elapsed": [1.5, 1.25, 1.0]},
            "model_info": {"inference_time": 0.01, "encoder_params": 931_520},
            "total_epochs": 3,
        }
        for task, metrics in curves.items()
    }
    return {
        "metrics_dict": {task: [*metrics, "time_elapsed"] for task, metrics in curves.items()},
        "info_names": ["inference_time", "encoder_params"],
        "task_list": list(curves),
        "data": {level: {id_: results} for level, id_ in IDS.items()},
    }


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "epsilon_research"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "transnas-bench.pth"


def save(value: object, path: Path, kind: str = "zip") -> None:
    if kind == "plain":
        path.write_bytes(pickle.dumps(value))
    else:
        torch.save(value, path, _use_new_zipfile_serialization=kind == "zip")


def benchmark(path: Path, **options: str) -> TransNasOfficial:
    return TransNasOfficial(path=str(path), **options)


@pytest.mark.parametrize("kind", ["zip", "before 1.6", "plain"])
def test_every_way_of_writing_the_file_is_read(path: Path, kind: str) -> None:
    save(content(), path, kind)
    table = benchmark(path).load()
    assert sorted(table.rows["architecture_id"]) == sorted(IDS.values())
    assert table.lookup([IDS["micro"]]).to_numpy().tolist() == [[0.455, 0.435]]
    assert (table.target, table.higher_is_better) == ("test_accuracy", True)
    assert "class_object: test top-1 accuracy at the epoch of the best validation" in table.source


@pytest.mark.parametrize(
    ("task", "best", "last"),
    [
        ("class_object", (0.455, 0.435), (0.44, 0.47)),
        ("room_layout", (0.6, 0.65), (0.7, 0.5)),
        ("normal", (0.58, 0.57), (0.58, 0.57)),
    ],
)
def test_a_result_is_of_the_best_or_last_epoch(
    path: Path, task: str, best: tuple[float, float], last: tuple[float, float]
) -> None:
    save(content(), path)
    for epoch, expected in (("best", best), ("last", last)):
        table = benchmark(path, task=task, epoch=epoch).load()
        np.testing.assert_allclose(table.lookup([IDS["macro"]]), [expected], rtol=1e-15)
        assert table.higher_is_better is (task != "room_layout")


def test_each_level_keeps_its_own_architectures(path: Path) -> None:
    save(content(), path)
    table = benchmark(path, target="validation_accuracy").load()
    names = list(table.rows["architecture_id"])
    for space, level in ((TransNasMicro(), "micro"), (TransNasMacro(), "macro")):
        renamed = table.renamed(space.canonical_ids(names))
        assert list(renamed.rows["architecture_id"]) == [IDS[level]]


def test_a_task_that_the_file_lacks_has_no_table(path: Path) -> None:
    save(content(), path)
    with refused(ValueError, "must have a test_accuracy for some architecture"):
        benchmark(path, task="jigsaw").load()


def test_the_file_is_read_once(path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(content(), path)
    first = benchmark(path).load()
    assert [kept.suffix for kept in cache.iterdir()] == [".parquet"]
    monkeypatch.setattr(
        tnb101_official, "load_torch_file", lambda *a, **k: pytest.fail("read again")
    )
    pd.testing.assert_frame_equal(benchmark(path).load().rows, first.rows, check_dtype=False)
    assert not benchmark(path, task="room_layout").load().higher_is_better


class Command:
    """Would run a command where it is unpickled."""

    def __reduce__(self) -> tuple:
        return os.system, ("touch run",)


@pytest.mark.parametrize("kind", ["zip", "before 1.6", "plain"])
def test_nothing_is_run(path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    save(content() | {"task_list": Command()}, path, kind)
    with refused(ValueError, r"must be a pickle of plain values, got the name", "system"):
        benchmark(path).load()
    assert not (path.parent / "run").exists()


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"data": []}, "AttributeError"),
        ({"tasks": {}}, "KeyError"),
        (content({"class_object": {"valid_top1": [1.0]}}), "test_top1"),
        (content({"class_object": {"valid_top1": [1.0], "test_top1": []}}), "IndexError"),
        (content({"class_object": {"valid_top1": ["1"], "test_top1": [1.0]}}), "not a number"),
        (content({"class_object": {"valid_top1": 1.0, "test_top1": [1.0]}}), "not a list"),
        (content({"class_object": {"valid_top1": [10**400], "test_top1": [1.0]}}), "OverflowError"),
    ],
)
def test_another_structure_is_refused(path: Path, value: object, problem: str) -> None:
    save(value, path, "plain")
    with refused(ValueError, "must hold results in TransNAS-Bench-101's format", problem):
        benchmark(path).load()


def test_a_missing_file_and_wrong_choices_are_refused(tmp_path: Path) -> None:
    with refused(FileNotFoundError, "must be the file transnas-bench_v10141024.pth"):
        benchmark(tmp_path / "none.pth").load()
    with refused(ValueError, "benchmark.epoch must be one of best, last"):
        benchmark(tmp_path, epoch="first")
    with refused(ValueError, "benchmark.task must be one of class_scene"):
        benchmark(tmp_path, task="objects")
    with refused(ValueError, "benchmark.target must be one of validation_accuracy"):
        benchmark(tmp_path, target="accuracy")
