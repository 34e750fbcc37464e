"""Shelves in a folder: any order of parts, several processes, damage, no room."""

import errno
import logging
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epsilon_research import atomic_file
from epsilon_research.store import Evaluation, FolderStore, NoStore, Shelf, open_store
from epsilon_research.store.base import ABSENT
from epsilon_research.store.choice import default_folder

IDENTITY = {"metric": "epsilon", "pass": {"weight": 1e-7}, "code": {}}


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def evaluation(number: int) -> Evaluation:
    return Evaluation(values=np.array([number, number / 3], np.float32), seconds=number)


def contents(shelf: Shelf, count: int) -> dict[int, float]:
    """The first value of each key below `count` that a shelf has."""
    rows = {key(number): number for number in range(count)}
    places = np.full(count, ABSENT)
    shelf.locate(rows, places)
    found = {
        number: shelf.read(int(place)) for number, place in enumerate(places) if place != ABSENT
    }
    return {number: float(one.values[0]) for number, one in found.items() if one is not None}


@given(
    st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), max_size=6),
    st.randoms(use_true_random=False),
)
def test_any_order_of_parts_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[int]], random
) -> None:
    found = []
    for turn in range(2):
        store = FolderStore(path=tmp_path_factory.mktemp(f"store{turn}"))
        order = parts[:]
        if turn:
            random.shuffle(order)
        # Written by shelves that come and go, one of which sees each part as it comes.
        watching, seen = store.shelf(IDENTITY), np.full(10, ABSENT)
        for part in order:
            shelf = store.shelf(IDENTITY)
            for number in part:
                shelf.add(key(number), evaluation(number))
            shelf.flush()
            watching.locate({key(number): number for number in range(10)}, seen)
        found.append(contents(store.shelf(IDENTITY), 10))
        assert {n for n in range(10) if seen[n] != ABSENT} == set(found[-1])
    assert found[0] == found[1] == {n: float(n) for part in parts for n in part}


def test_other_circumstances_are_another_shelf(tmp_path: Path) -> None:
    store = FolderStore(path=tmp_path)
    shelf = store.shelf(IDENTITY)
    shelf.add(key(1), evaluation(1))
    shelf.flush()
    assert contents(store.shelf(IDENTITY | {"pass": {"weight": 1.0}}), 3) == {}
    assert contents(store.shelf(dict(reversed(IDENTITY.items()))), 3) == {1: 1.0}


def test_nothing_is_there_before_it_is_written(tmp_path: Path) -> None:
    store = FolderStore(path=tmp_path)
    shelf = store.shelf(IDENTITY)
    shelf.add(key(1), evaluation(1))
    assert contents(store.shelf(IDENTITY), 3) == {}
    shelf.flush()
    shelf.flush()
    assert len(list(tmp_path.glob("*/*.arrow"))) == 1


def test_a_damaged_part_is_set_aside_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = FolderStore(path=tmp_path)
    for number in (1, 2):
        shelf = store.shelf(IDENTITY)
        shelf.add(key(number), evaluation(number))
        shelf.flush()
    victim = sorted(tmp_path.glob("*/*.arrow"))[0]
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        left = contents(store.shelf(IDENTITY), 3)
    assert len(left) == 1
    assert (victim.parent / "damaged" / victim.name).is_file()
    assert not victim.exists()
    assert store.remarks[0] in caplog.text
    assert "computed again" in store.remarks[0]
    assert contents(store.shelf(IDENTITY), 3) == left


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_what_cannot_be_written_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    store = FolderStore(path=tmp_path)
    shelf = store.shelf(IDENTITY)
    shelf.add(key(1), evaluation(1))

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        if broken == "fsync":
            patch.setattr(atomic_file.os, "fsync", full)
        else:
            patch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="score store must be writable, got 'No space left"):
            shelf.flush()
    assert list(tmp_path.glob("*/*")) == []
    # What was added is still there to be written when there is room.
    shelf.flush()
    assert contents(store.shelf(IDENTITY), 3) == {1: 1.0}


def test_a_folder_that_cannot_be_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"score store must be writable.* store=none"):
        FolderStore(path=tmp_path / "file" / "store").check()


def test_what_a_setting_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert open_store("auto") == FolderStore(path=default_folder())
    assert default_folder().is_relative_to(tmp_path)
    assert open_store("here") == FolderStore(path=Path("here"))
    assert open_store("none") == open_store(None) == NoStore()
    for wrong in (3, "", ["a"]):
        with pytest.raises(ValueError, match="store must be a folder, auto or none, got"):
            open_store(wrong)
