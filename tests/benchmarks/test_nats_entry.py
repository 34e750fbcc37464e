"""Files of NATS-Bench, among them ones that someone made to do harm."""

import bz2
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nats_bench.api_utils import ArchResults, ResultsCount
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


def results(number: int, accuracies: dict[Split, list], *, epochs: int = 12) -> dict:
    """An architecture's results as nats_bench itself stores them, one training per accuracy."""
    collected = ArchResults(number, f"|cell {number}|")
    for split, values in accuracies.items():
        for seed, value in enumerate(values):
            run = ResultsCount(split.run, None, {}, {}, 0.1, 1.0, {}, seed, epochs, [0.1])
            names = [f"{split.images}@{epoch}" for epoch in range(epochs)]
            last = dict.fromkeys(names, 1.0) | {names[-1]: value}
            run.update_eval(last, dict.fromkeys(names, 0.5), dict.fromkeys(names, 2.0))
            collected.update(split.run, seed, run)
    return {f"{epochs}": collected.state_dict()}


def write(folder: Path, number: int, content: Any) -> Path:
    path = folder / f"{number:06d}.pickle.pbz2"
    path.write_bytes(bz2.compress(pickle.dumps(content, protocol=4)))
    return path


def read(path: Path, *, epochs: int = 12) -> Entry:
    return read_entry(path, epochs=epochs, splits=(VALIDATION, TEST))


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


def test_an_entry_that_names_another_pickle_is_refused_and_nothing_is_called(
    tmp_path: Path,
) -> None:
    # nats_bench takes a string for the name of a file and unpickles that without restriction.
    target = tmp_path / "called"
    other = write(tmp_path, 1, Touch(target))
    path = write(tmp_path, 0, {"12": str(other)})
    with refused(ValueError, match="got 'TypeError: a str where the results should be'"):
        read(path)
    assert not target.exists()


@pytest.mark.parametrize(
    ("content", "epochs", "message"),
    [
        (results(0, {VALIDATION: [50.0], TEST: [60.0]}), 200, "after 200 epochs .*KeyError"),
        (results(0, {VALIDATION: [50.0]}), 12, "KeyError: 'cifar10'"),
        (results(0, {VALIDATION: [50.0], Split("cifar10", "train"): [60.0]}), 12, "ori-test@11"),
        (results(5, {VALIDATION: [50.0], TEST: [60.0]}), 12, "those of architecture 5"),
        (results(0, {VALIDATION: [50.0], TEST: ["x"]}), 12, "TypeError"),
        ([1, 2], 12, "TypeError"),
        ({"12": {"all_results": {("cifar10", 1): 3}}}, 12, "TypeError"),
        ({"12": {"all_results": 3}}, 12, "ValueError: invalid type of value"),
        ({"12": {}}, 12, "those of architecture -1"),
        ({"12": {"arch_index": [7]}}, 12, "a number of the architecture that is none"),
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
    with refused(ValueError, "a number of the architecture that is none"):
        read(write(tmp_path, 0, {"12": {"arch_index": nested, "arch_str": "a"}}))


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
    names = [path.name for path in list_entries(tmp_path)]
    assert names == ["000002.pickle.pbz2", "000011.pickle.pbz2"]


@pytest.mark.parametrize("name", ["empty", "nowhere", "file"])
def test_a_folder_without_entries_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with refused(FileNotFoundError, match=rf"benchmark\.path must be the folder .*{name}'"):
        list_entries(tmp_path / name)
