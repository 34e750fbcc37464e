"""`python -m epsilon_research.store`: listing, verifying, dropping."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from epsilon_research.source_digest import code_versions
from epsilon_research.store import Evaluation, FolderStore
from epsilon_research.store.__main__ import main


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """Two shelves of today's code with two values each and one of older code with one."""
    store = FolderStore(path=tmp_path)
    code = code_versions("epsilon_research.store")
    for weight, version, count in ((1e-7, code, 2), (1.0, code, 2), (0.5, {"gone": "0"}, 1)):
        shelf = store.shelf(
            {
                "metric": "epsilon", "pass": {"weight": weight}, "code": version,
                "engine": {"name": "collapsed", "dtype": "float32"},
                "minibatch": {"dataset": "photos", "hash": "0123456789abcdef"},
                "space": {"name": "nb201"},
            }
        )  # fmt: skip
        for number in range(count):
            shelf.add(bytes([number]) * 16, Evaluation(values=np.ones(3)))
            shelf.flush()
    return store


def run(store: FolderStore, *arguments: str) -> int:
    return main(["--store", str(store.path), *arguments])


def test_the_list_says_what_each_shelf_holds(store: FolderStore, capsys) -> None:
    assert run(store, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        "shelf", "space", "metric", "engine", "minibatch", "values", "parts", "MB", "code",
    ]  # fmt: skip
    rows = {line.split("weight=")[1].split()[0]: line.split() for line in lines if "weight" in line}
    assert rows["1e-07"][1:] == [
        "nb201", "epsilon", "weight=1e-07", "collapsed", "float32", "photos", "01234567", "2", "2",
        "0.0", "current",
    ]  # fmt: skip
    assert rows["0.5"][-1] == "old"
    assert lines[-1].startswith("3 shelves, 0.0 MB in ")


def test_old_values_are_dropped_and_others_stay(store: FolderStore, capsys) -> None:
    assert run(store, "drop", "--old") == 0
    assert "dropped 1 of 3 shelves" in capsys.readouterr().out
    assert run(store, "drop", "--old") == 0
    assert "dropped 0 of 2 shelves" in capsys.readouterr().out
    name = sorted(path.name for path in store.path.iterdir())[0]
    assert run(store, "drop", name) == 0
    assert run(store, "drop", "--all") == 0
    assert list(store.path.iterdir()) == []


def test_damage_is_found_and_told_by_the_exit_status(store: FolderStore, capsys) -> None:
    assert run(store, "verify") == 0
    part = sorted(store.path.glob("*/*.arrow"))[0]
    part.write_bytes(part.read_bytes()[:-1])
    assert run(store, "verify") == 1
    assert part.name in capsys.readouterr().out
    assert run(store, "list") == 0


def test_files_of_killed_runs_are_told_and_tidied(store: FolderStore, capsys) -> None:
    folder = sorted(path for path in store.path.iterdir())[0]
    for name, age in ((".a.1.part", 7200), (".b.2.part", 0)):
        (folder / name).write_text("half")
        os.utime(folder / name, times=(time.time() - age,) * 2)
    assert run(store, "verify") == 0
    assert "1 unfinished files" in capsys.readouterr().out
    run(store, "drop", "--old")
    assert [path.name for path in folder.glob(".*")] == [".b.2.part"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("drop",), "drop must be told what to drop, got nothing"),
        (("drop", "ffff"), "shelves must be names that list shows, got ffff"),
    ],
)
def test_mistakes_are_one_sentence(store: FolderStore, capsys, arguments, sentence) -> None:
    assert run(store, *arguments) == 1
    assert capsys.readouterr().err.startswith(f"error: {sentence}")
    assert len(list(store.path.iterdir())) == 3


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, capsys) -> None:
    assert main(["--store", str(tmp_path / "no"), "list"]) == 1
    assert "must be a folder that a run has written" in capsys.readouterr().err
