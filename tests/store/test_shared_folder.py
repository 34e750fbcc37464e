"""A store that others use meanwhile: who may write, what cannot be read, what is merged."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from epsilon_research.store import Evaluation, FolderStore, Form, Shelf, folder, merging
from epsilon_research.store.base import ABSENT
from tests.store.test_folder import IDENTITY, contents, evaluation, key


def add(store: FolderStore, *numbers: int) -> Path:
    """Writes a part with the evaluations of some numbers; its file."""
    before = set(store.path.glob("*/*.arrow"))
    shelf = store.shelf(IDENTITY)
    for number in numbers:
        shelf.add(key(number), evaluation(number))
    shelf.flush()
    (new,) = set(store.path.glob("*/*.arrow")) - before
    return new


def failing(real: Callable, part: Path, number: int, times: int) -> Callable:
    """A function that refuses a path so many times."""
    left = [times]

    def instead(path: object, *arguments: object, **keywords: object) -> object:
        if str(path) == str(part) and left[0] > 0:
            left[0] -= 1
            raise OSError(number, os.strerror(number), str(path))
        return real(path, *arguments, **keywords)

    return instead


PASSING = (errno.ESTALE, errno.EACCES, errno.EIO, errno.EMFILE, errno.ENOMEM, errno.ETIMEDOUT)


@pytest.mark.parametrize("number", PASSING, ids=errno.errorcode.get)
def test_what_cannot_be_read_now_is_skipped_and_stays(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(path=tmp_path)
    part, _ = add(store, 1), add(store, 2)
    monkeypatch.setattr("os.open", failing(os.open, part, number, times=1))
    shelf = store.shelf(IDENTITY)
    assert contents(shelf, 3) == {2: 2.0}
    (remark,) = store.remarks
    assert "such parts are skipped" in remark
    assert part.is_file()
    add(store, 0)  # which makes the shelf look again
    assert contents(shelf, 3).keys() == {0, 1}


def test_a_wrong_content_that_is_right_the_next_time_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(path=tmp_path)
    part = add(store, 1)
    content = part.read_bytes()
    answers = [content[:-1], content]
    monkeypatch.setattr("epsilon_research.store.part.read_regular", lambda path: answers.pop(0))
    assert contents(store.shelf(IDENTITY), 2) == {1: 1.0}
    assert store.remarks == ()


@pytest.mark.parametrize("change", ["truncated", "removed", "dropped"])
def test_a_part_that_goes_between_finding_and_reading_is_computed_again(
    change: str, tmp_path: Path
) -> None:
    store = FolderStore(path=tmp_path)
    part = add(store, 1)
    shelf, places = store.shelf(IDENTITY), np.full(2, ABSENT)
    shelf.locate({key(1): 1}, places)
    if change == "truncated":
        part.write_bytes(b"")  # a mapped file would end the process here
    else:
        part.unlink()
    if change == "dropped":
        (part.parent / "identity.json").unlink()
        part.parent.rmdir()
    assert shelf.read(int(places[1])) is None
    shelf.locate({key(1): 1}, places)
    assert places.tolist() == [ABSENT, ABSENT]
    shelf.add(key(1), evaluation(1))
    shelf.flush()
    assert contents(store.shelf(IDENTITY), 2) == {1: 1.0}


def many(store: FolderStore, count: int) -> Shelf:
    """A shelf that has written as many parts of one row, and merged them on the way."""
    shelf = store.shelf(IDENTITY)
    for number in range(count):
        shelf.add(key(number), evaluation(number))
        shelf.flush()
    return shelf


def test_many_small_parts_are_merged_on_the_way(tmp_path: Path) -> None:
    store = FolderStore(path=tmp_path)
    many(store, 300)
    assert len(list(tmp_path.glob("*/*.arrow"))) < merging._MANY + folder._FLUSHES_BETWEEN_MERGES
    assert contents(store.shelf(IDENTITY), 300) == {n: float(n) for n in range(300)}
    assert store.remarks == ()


def test_who_has_found_values_before_they_were_merged_reads_them_after(tmp_path: Path) -> None:
    store, other = FolderStore(path=tmp_path), FolderStore(path=tmp_path)
    many(store, 60)
    watching, places = other.shelf(IDENTITY), np.full(80, ABSENT)
    rows = {key(number): number for number in range(80)}
    watching.locate(rows, places)
    found = places[:60].copy()
    assert (found != ABSENT).all()
    many(store, 80)
    assert watching.read(int(found[59])) is None
    watching.locate(rows, places)
    values = [watching.read(int(place)) for place in places]
    assert [float(one.values[0]) for one in values if one] == [float(n) for n in range(80)]


def test_few_files_are_open(tmp_path: Path) -> None:
    store = FolderStore(path=tmp_path)
    for number in range(40):
        add(store, number)
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert len(contents(store.shelf(IDENTITY), 40)) == 40
    assert len(list(Path("/proc/self/fd").iterdir())) - before <= 16
    assert ".arrow" not in Path("/proc/self/maps").read_text()


def test_damaged_parts_are_not_merged(tmp_path: Path) -> None:
    store = FolderStore(path=tmp_path)
    victim = add(store, 1000).with_name("0" * 32 + ".arrow")
    victim.write_bytes(b"no part")
    many(store, 140)
    assert victim.read_bytes() == b"no part"


def test_everything_has_the_permissions_of_the_folder(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o2775)
    before = os.umask(0o077)
    try:
        part = add(FolderStore(path=shared), 1)
    finally:
        os.umask(before)
    assert stat.S_IMODE(part.parent.stat().st_mode) == 0o2775
    assert stat.S_IMODE(part.stat().st_mode) == 0o664
    assert stat.S_IMODE((part.parent / "identity.json").stat().st_mode) == 0o664


def test_the_store_of_one_user_stays_his_own(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir(mode=0o700)
    part = add(FolderStore(path=tmp_path / "own"), 1)
    assert stat.S_IMODE(part.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(part.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "number", [errno.EROFS, errno.EACCES, errno.EPERM], ids=errno.errorcode.get
)
def test_a_store_that_may_only_be_read_serves(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(FolderStore(path=tmp_path), 1)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(folder, "write_shared", refuse)
    store = FolderStore(path=tmp_path)
    store.check()
    shelf = store.shelf(IDENTITY)
    shelf.add(key(2), evaluation(2))
    shelf.flush()
    assert contents(shelf, 3) == {1: 1.0}
    assert all("nothing is added" in remark for remark in store.remarks)
    assert len(store.remarks) == 2  # of the folder, and of the shelf


def test_damage_that_cannot_be_moved_is_told_and_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(path=tmp_path)
    part = add(store, 1)
    part.write_bytes(b"no part")

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "replace", refuse)
    assert contents(store.shelf(IDENTITY), 2) == {}
    assert "left there (Operation not permitted)" in store.remarks[0]


def test_another_form_is_set_aside(tmp_path: Path) -> None:
    store = FolderStore(path=tmp_path)
    part = add(store, 1)
    assert contents(store.shelf(IDENTITY, form=Form(length=32)), 2) == {}
    assert (part.parent / "damaged" / part.name).is_file()
    assert "2 values instead of 32" in store.remarks[0]


def test_failures_and_values_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "_MANY", 2)
    store = FolderStore(path=tmp_path)
    shelf = store.shelf(IDENTITY)
    shelf.add(key(0), Evaluation(values=np.empty(0, np.float32), failure="disconnected"))
    shelf.flush()
    add(store, 1)
    (folder_,) = tmp_path.iterdir()
    merging.merge_small(folder_, form=Form())
    assert len(list(folder_.glob("*.arrow"))) == 1
    found = contents(store.shelf(IDENTITY), 2)
    assert np.isnan(found[0])
    assert found[1] == 1.0
