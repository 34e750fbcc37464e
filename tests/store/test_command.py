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
    for weight, version, count in (
        (1e-7, code, 2),
        (1.0, code, 2),
        (0.5, {"epsilon_research.gone": "0"}, 1),
    ):
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
        (("drop",), "drop must have shelves to drop, got none"),
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


SHELF, LINK = "0123456789ab", "ba9876543210"
HOSTILE = {
    "nothing": "{}",
    "no_json": "{",
    "a_list": "[1]",
    "deep": "[" * 100_000,
    "odd_types": '{"space": 3, "engine": [1], "minibatch": null, "pass": "x", "code": {"a": 1}}',
    "markup": '{"space": {"name": "[/bold] [red]"}, "metric": "\\u001b[31m", "code": {}}',
    "foreign": '{"code": {"trap": "0", "trap.inner": "0"}, "metric": "epsilon"}',
    "odd_names": '{"code": {"epsilon_research..a": "0", "epsilon_research.../../x": "0"}}',
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_any_identity_is_listed_verified_and_dropped_and_imports_nothing(
    content: str, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / SHELF).mkdir()
    (tmp_path / SHELF / "identity.json").write_text(content)
    (tmp_path.parent / "trap").mkdir(exist_ok=True)
    (tmp_path.parent / "trap" / "__init__.py").write_text("raise AssertionError('it was imported')")
    monkeypatch.syspath_prepend(str(tmp_path.parent))
    assert run(FolderStore(path=tmp_path), "list") == 0
    told = capsys.readouterr().out
    assert "1 shelves" in told
    assert "\x1b" not in told
    assert run(FolderStore(path=tmp_path), "verify") == (content in ("{", "[1]", "[" * 100_000))
    assert run(FolderStore(path=tmp_path), "drop", SHELF) == 0
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_shelf_is_neither_listed_nor_dropped(tmp_path: Path, capsys) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "data-00000-of-00001.arrow").write_text("of another program")
    assert run(FolderStore(path=tmp_path), "list") == 0
    assert "0 shelves" in capsys.readouterr().out
    assert run(FolderStore(path=tmp_path), "drop", "--all") == 0
    assert (tmp_path / "train" / "data-00000-of-00001.arrow").is_file()


def test_no_kind_of_file_stops_a_command(store: FolderStore, tmp_path: Path, capsys) -> None:
    shelf = sorted(store.path.iterdir())[0]
    os.mkfifo(shelf / f"{'0' * 32}.arrow")
    (shelf / f"{'1' * 32}.arrow").mkdir()
    (shelf / f"{'2' * 32}.arrow").symlink_to("/dev/zero")
    (shelf / f"{'3' * 32}.arrow").write_text("text")
    (store.path / SHELF).mkdir()
    os.mkfifo(store.path / SHELF / "identity.json")
    (store.path / LINK).symlink_to(shelf)
    (store.path / "a file").write_text("")
    assert run(store, "list") == 0
    assert run(store, "verify") == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "1 damaged: 3333" in told
    assert "3 unreadable: 0000" in told
    assert "an identity that cannot be read" in told
    assert run(store, "drop", LINK) == 0
    assert shelf.is_dir()
    assert run(store, "drop", "--all") == 0
    assert [path.name for path in store.path.iterdir()] == ["a file"]
