"""Files of NATS-Bench, among them ones that someone made to do harm."""

import bz2
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentences import refused

from epsilon_research.benchmarks import nats_entry
from epsilon_research.benchmarks.nats_entry import Entry, Split, list_entries, read_entry

VALIDATION = Split("cifar10-valid", "x-valid")
TEST = Split("cifar10", "ori-test")


class Touch:
    """Pickles as a call that creates a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self._path,)


def results(
    number: int, accuracies: dict[Split, list], *, epochs: int = 12, cell: str | None = None
) -> dict:
    """An architecture's results as the official files hold them, one training per accuracy."""
    runs: dict[tuple[str, int], dict] = {}
    for split, values in accuracies.items():
        for seed, value in enumerate(values):
            run = {"epochs": epochs, "arch_config": {"genotype": cell}, "eval_acc1es": {}}
            found = runs.setdefault((split.run, seed), run)["eval_acc1es"]
            found |= {f"{split.images}@{epoch}": 1.0 for epoch in range(epochs)}
            found[f"{split.images}@{epochs - 1}"] = value
    seeds: dict[str, list[int]] = {}
    for run, seed in runs:
        seeds.setdefault(run, []).append(seed)
    state = {
        "arch_index": number, "arch_str": f"|cell {number}|", "all_results": runs,
        "dataset_seed": seeds,
    }  # fmt: skip
    return {f"{epochs:02d}": state}


def changed(**values: Any) -> dict:
    """Whole results but for some of their values."""
    content = results(0, {VALIDATION: [50.0], TEST: [60.0]})
    content["12"] |= values
    return content


def write(folder: Path, number: int, content: Any) -> Path:
    path = folder / f"{number:06d}.pickle.pbz2"
    path.write_bytes(bz2.compress(pickle.dumps(content, protocol=4)))
    return path


def read(path: Path, *, epochs: int = 12, cell: str | None = None) -> Entry:
    return read_entry(path, epochs=epochs, splits=(VALIDATION, TEST), cell=cell)


def test_an_accuracy_is_the_mean_over_seeds_after_the_last_epoch(tmp_path: Path) -> None:
    path = write(tmp_path, 7, results(7, {VALIDATION: [60.0, 80.0], TEST: [90.0, 91.0, 95.0]}))
    entry = read(path)
    assert entry.architecture_id == "|cell 7|"
    assert entry.accuracies == pytest.approx((0.70, 0.92), abs=1e-15)


@pytest.mark.parametrize("where", [lambda x: x, lambda x: {"12": x}, lambda x: {"12": {"a": x}}])
def test_an_entry_that_calls_something_is_refused_and_nothing_is_called(
    where: Any, tmp_path: Path
) -> None:
    target = tmp_path / "called"
    path = write(tmp_path, 0, where(Touch(target)))
    with refused(ValueError, match=r"000000\.pickle\.pbz2 must be a pickle of plain values"):
        read(path)
    assert not target.exists()


def test_an_entry_of_networks_of_another_cell_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, 3, results(3, {VALIDATION: [50.0], TEST: [60.0]}, cell="|a|"))
    assert read(path, cell="|a|").accuracies == (0.5, 0.6)
    with refused(ValueError, "networks of another cell"):
        read(path, cell="|b|")


@pytest.mark.parametrize(
    ("content", "epochs", "message"),
    [
        (results(0, {VALIDATION: [50.0], TEST: [60.0]}), 200, "after 200 epochs .*KeyError"),
        (results(0, {VALIDATION: [50.0]}), 12, "KeyError: 'cifar10'"),
        (results(0, {VALIDATION: [50.0], Split("cifar10", "train"): [60.0]}), 12, "ori-test@11"),
        (results(5, {VALIDATION: [50.0], TEST: [60.0]}), 12, "those of architecture 5"),
        (results(0, {VALIDATION: [50.0], TEST: ["1"]}), 12, "an accuracy that is not a number"),
        (changed(dataset_seed={"cifar10-valid": []}), 12, "ZeroDivisionError"),
        (changed(dataset_seed={"cifar10-valid": [(1, 2)]}), 12, "a training seed that is not an"),
        (changed(all_results={("cifar10-valid", 0): 3}), 12, "TypeError"),
        (changed(all_results=3), 12, "TypeError"),
        (changed(arch_str=b"cell"), 12, "an architecture that is not text"),
        (changed(arch_index=[7]), 12, "an index of the architecture that is not an integer"),
        (changed(arch_index=10**5000), 12, "ValueError"),
        ([1, 2], 12, "TypeError"),
        ({"12": "000001.pickle.pbz2"}, 12, "TypeError"),
        ({"12": {}}, 12, "KeyError: 'arch_index'"),
    ],
)
def test_an_entry_without_the_results_is_refused(
    content: Any, epochs: int, message: str, tmp_path: Path
) -> None:
    with refused(ValueError, match=r"000000\.pickle\.pbz2 must hold results on .*" + message):
        read(write(tmp_path, 0, content), epochs=epochs)


def test_an_entry_with_arrays_is_refused(tmp_path: Path) -> None:
    # The mean of a column and a row is a matrix; of long ones, more than memory holds.
    accuracies: list[Any] = [np.ones((9, 1)), np.ones((1, 9))]
    path = write(tmp_path, 0, results(0, {VALIDATION: accuracies, TEST: [60.0]}))
    with refused(ValueError, "must be a pickle of plain values, got the name numpy"):
        read(path)


def test_numbers_of_numpy_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, 7, results(7, {VALIDATION: [np.float64(50)], TEST: [np.float32(25)]}))
    assert read(path).accuracies == (0.5, 0.25)


def test_an_entry_whose_number_takes_for_ever_to_write_out_is_refused(tmp_path: Path) -> None:
    nested: list = []
    for _ in range(60):
        nested = [nested, nested]
    with refused(ValueError, "an index of the architecture that is not an integer"):
        read(write(tmp_path, 0, changed(arch_index=nested)))
    with refused(ValueError, "a training seed that is not an integer"):
        read(write(tmp_path, 0, changed(dataset_seed={"cifar10-valid": [nested]})))


def test_a_damaged_entry_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, 0, results(0, {VALIDATION: [50.0], TEST: [60.0]}))
    whole = path.read_bytes()
    for content in (b"", b"not bz2 at all", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with refused(ValueError, match=r"000000\.pickle\.pbz2 must be a whole"):
            read(path)


def test_an_entry_that_unpacks_to_very_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, 0, b"0" * 2000)
    monkeypatch.setattr(nats_entry, "_LARGEST_FILE", 1000)
    with refused(ValueError, match="must unpack to at most 1,000 bytes"):
        read(path)


def test_entries_are_listed_by_number_and_nothing_else_is(tmp_path: Path) -> None:
    for name in ("000011", "000002", "meta", "0003", "abcdef"):
        (tmp_path / f"{name}.pickle.pbz2").touch()
    names = [path.name for path in list_entries(tmp_path, official="NATS-x")]
    assert names == ["000002.pickle.pbz2", "000011.pickle.pbz2"]


@pytest.mark.parametrize("name", ["empty", "nowhere", "file"])
def test_a_folder_without_entries_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with refused(FileNotFoundError, match=rf"benchmark\.path must be the folder NATS-x .*{name}'"):
        list_entries(tmp_path / name, official="NATS-x")
