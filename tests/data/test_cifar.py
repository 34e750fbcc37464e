"""CIFAR-10 and -100 from small archives and folders in the official layout."""

import hashlib
import io
import os
import pickle
import tarfile
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from data.official import Touch, pickled_by_python2, rows, write_archive
from sentences import refused

from epsilon_research.data import cifar
from epsilon_research.data.cifar import RELEASES, Cifar, read_archive
from epsilon_research.data.normalisation import normalise
from epsilon_research.download import check_sha256
from epsilon_research.user_cache import user_cache

NUM_IMAGES = 6
"""In each batch."""

LABELS = {10: b"labels", 100: b"fine_labels"}


def batch(num_classes: int, member: int) -> bytes:
    data = rows(NUM_IMAGES, side=32, seed=100 * num_classes + member)
    names = [f"image_{number}.png".encode() for number in range(NUM_IMAGES)]
    labels = {LABELS[num_classes]: list(range(NUM_IMAGES)), b"filenames": names}
    return pickled_by_python2({b"data": data, b"batch_label": b"a batch"} | labels)


def contents(num_classes: int) -> dict[str, bytes]:
    """What the official archive holds, only smaller."""
    release = RELEASES[num_classes]
    batches = {name: batch(num_classes, i) for i, name in enumerate(release.members)}
    others = {"batches.meta": b"\x80\x02}.", "test_batch": b"never read", "readme.html": b"<html>"}
    return {f"{release.folder}/{name}": value for name, value in (others | batches).items()}


def everything(num_classes: int) -> np.ndarray:
    """All training images of the small archive, normalised."""
    release = RELEASES[num_classes]
    data = np.concatenate(
        [
            rows(NUM_IMAGES, side=32, seed=100 * num_classes + member)
            for member in range(len(release.members))
        ]
    )
    images = data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return normalise(images, mean=release.mean, std=release.std)


def accept(monkeypatch: pytest.MonkeyPatch, num_classes: int, path: Path) -> None:
    """Has `path` taken for the official archive."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setitem(RELEASES, num_classes, RELEASES[num_classes]._replace(sha256=found))


def draw(dataset: Cifar, *, batch_size: int = 5, seed: int = 0) -> np.ndarray:
    np.random.seed(None)  # noqa: NPY002  # whatever the global generator is, it must not matter
    return dataset.draw(batch_size=batch_size, rng=np.random.default_rng(seed)).inputs


def found_rows(found: np.ndarray, all_images: np.ndarray) -> list[int]:
    return [int(np.flatnonzero((all_images == image).all(axis=(1, 2, 3)))[0]) for image in found]


@pytest.fixture(params=[10, 100])
def num_classes(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture
def archive(tmp_path: Path, num_classes: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = write_archive(tmp_path / "small.tar.gz", contents(num_classes))
    accept(monkeypatch, num_classes, path)
    return path


@pytest.fixture
def folder(tmp_path: Path, num_classes: int) -> Path:
    for name, content in contents(num_classes).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path / RELEASES[num_classes].folder


def test_an_archive_holds_every_training_image_once(archive: Path, num_classes: int) -> None:
    expected = everything(num_classes)
    found = draw(Cifar(num_classes=num_classes, root=str(archive)), batch_size=len(expected))
    assert sorted(found_rows(found, expected)) == list(range(len(expected)))


def test_a_folder_gives_the_minibatch_of_its_archive(
    archive: Path, folder: Path, num_classes: int
) -> None:
    from_archive = draw(Cifar(num_classes=num_classes, root=str(archive)))
    from_folder = draw(Cifar(num_classes=num_classes, root=str(folder)))
    np.testing.assert_array_equal(from_archive, from_folder)


def test_images_are_drawn_without_repeats_by_the_passed_generator_alone(
    folder: Path, num_classes: int
) -> None:
    dataset = Cifar(num_classes=num_classes, root=str(folder))
    first = draw(dataset, seed=3)
    np.testing.assert_array_equal(first, draw(dataset, seed=3))
    assert not np.array_equal(first, draw(dataset, seed=4))
    assert len(set(found_rows(first, everything(num_classes)))) == 5


def test_a_minibatch_knows_its_dataset(folder: Path, num_classes: int) -> None:
    dataset = Cifar(num_classes=num_classes, root=str(folder))
    minibatch = dataset.draw(batch_size=3, rng=np.random.default_rng(0))
    assert (minibatch.dataset, minibatch.kind) == (f"cifar{num_classes}", "images")
    assert minibatch.inputs.shape == (3, 3, 32, 32)


def test_the_archives_are_the_official_ones() -> None:
    assert RELEASES[10].sha256.startswith("6d958be074577803d12ecdefd02955f39262c83c")
    assert RELEASES[100].sha256.startswith("85cd44d02ba6437773c5bbd22e183051d648de2e")
    for release in RELEASES.values():
        assert release.url.startswith("https://www.cs.toronto.edu/")


def test_another_archive_is_refused_by_its_checksum(archive: Path, num_classes: int) -> None:
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    with refused(ValueError, str(archive), "must be the official file", "download it again"):
        draw(Cifar(num_classes=num_classes, root=str(archive)))


def test_a_truncated_archive_is_refused_by_its_checksum(archive: Path, num_classes: int) -> None:
    archive.write_bytes(archive.read_bytes()[:-100])
    with refused(ValueError, str(archive), "must be the official file", "download it again"):
        draw(Cifar(num_classes=num_classes, root=str(archive)))


def test_a_truncated_archive_is_refused_where_it_ends(archive: Path) -> None:
    whole = archive.read_bytes()
    for length in (0, 1, 15, 1000, len(whole) // 2, len(whole) - 20):
        archive.write_bytes(whole[:length])
        with refused(ValueError, f"{archive} must"):
            read_archive(archive, ("data_batch_5", "train"))


def test_a_damaged_archive_gives_bytes_or_one_sentence(archive: Path, num_classes: int) -> None:
    # Changed pixels alone are the checksum's business; whatever else happens must be a sentence.
    members = RELEASES[num_classes].members
    whole = archive.read_bytes()
    num_refused = 0
    for position in range(10, len(whole), len(whole) // 40):
        content = bytearray(whole)
        content[position : position + 4] = b"\xff\xff\xff\xff"
        archive.write_bytes(content)
        try:
            read_archive(archive, members)
        except ValueError:
            num_refused += 1
            with refused(ValueError, f"{archive} must"):
                read_archive(archive, members)
    assert num_refused > 0


@pytest.mark.parametrize("content", [b"", b"no archive", zlib.compress(b"no archive either")])
def test_a_file_that_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.tar.gz"
    path.write_bytes(content)
    with refused(ValueError, f"{path} must be a whole .tar.gz archive"):
        read_archive(path, ("train",))


def test_an_archive_without_a_batch_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = {name: value for name, value in contents(10).items() if not name.endswith("batch_3")}
    path = write_archive(tmp_path / "some.tar.gz", some)
    accept(monkeypatch, 10, path)
    with refused(ValueError, f"{path} must contain data_batch_3, got data_batch_1, data_batch_2,"):
        draw(Cifar(num_classes=10, root=str(path)))


def test_the_archive_of_the_other_cifar_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_archive(tmp_path / "other.tar.gz", contents(10))
    accept(monkeypatch, 100, path)
    with refused(ValueError, f"{path} must contain train, got none of the batches"):
        draw(Cifar(num_classes=100, root=str(path)))


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    path = inside / "odd.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("../escaped", "/absolute/escaped", "a/train.bak", "Train"):
            entry = tarfile.TarInfo(name)
            entry.size = 4
            archive.addfile(entry, io.BytesIO(b"evil"))
        link = tarfile.TarInfo("a/train")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
        directory = tarfile.TarInfo("b/train")
        directory.type = tarfile.DIRTYPE
        archive.addfile(directory)
    with refused(ValueError, f"{path} must contain train, got none"):
        read_archive(path, ("train",))
    assert [found.name for found in tmp_path.rglob("*")] == ["inside", "odd.tar.gz"]


def test_a_member_is_found_wherever_it_lies(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.tar.gz", {"x/y/train": b"1", "test": b"2"})
    assert read_archive(path, ("train", "test")) == [b"1", b"2"]


def test_a_member_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epsilon_research.data.cifar._LARGEST_MEMBER", 10)
    path = write_archive(tmp_path / "a.tar.gz", {"train": b"0" * 11})
    with refused(ValueError, "must contain train"):
        read_archive(path, ("train",))


def test_a_folder_without_a_batch_is_refused_early(folder: Path, num_classes: int) -> None:
    member = RELEASES[num_classes].members[-1]
    (folder / member).unlink()
    dataset = Cifar(num_classes=num_classes, root=str(folder))
    for attempt in (lambda: dataset.check(batch_size=3), lambda: draw(dataset)):
        with refused(FileNotFoundError, "dataset.root", f"the file {member}", repr(str(folder))):
            attempt()


def test_the_folder_above_is_refused_with_the_name_of_the_right_one(
    folder: Path, num_classes: int
) -> None:
    dataset = Cifar(num_classes=num_classes, root=str(folder.parent))
    with refused(FileNotFoundError, f"pass the folder {folder.name} itself, or the archive cifar-"):
        dataset.check(batch_size=3)


def test_a_missing_local_copy_is_refused_early(num_classes: int, tmp_path: Path) -> None:
    dataset = Cifar(num_classes=num_classes, root=str(tmp_path / "nowhere"))
    with refused(FileNotFoundError, "dataset.root must be the archive cifar-", "nowhere'"):
        dataset.check(batch_size=3)


def test_a_batch_of_other_images_is_refused_with_its_name(folder: Path, num_classes: int) -> None:
    member = RELEASES[num_classes].members[-1]
    wrong = pickled_by_python2({b"data": rows(2, side=16, seed=0)})
    (folder / member).write_bytes(wrong)
    with refused(ValueError, f"{member} in {folder} must hold data", "got uint8 (2, 768)"):
        draw(Cifar(num_classes=num_classes, root=str(folder)))


def test_a_batch_that_calls_something_is_refused_and_nothing_is_called(
    folder: Path, num_classes: int
) -> None:
    member = RELEASES[num_classes].members[-1]
    target = folder / "called"
    (folder / member).write_bytes(pickle.dumps({b"data": Touch(target)}))
    with refused(ValueError, f"{member} in {folder} must be a pickle of plain values"):
        draw(Cifar(num_classes=num_classes, root=str(folder)))
    assert not target.exists()


def test_a_root_that_is_no_file_and_no_folder_is_refused_early(
    num_classes: int, tmp_path: Path
) -> None:
    # Reading a pipe would wait for ever.
    os.mkfifo(tmp_path / "pipe")
    dataset = Cifar(num_classes=num_classes, root=str(tmp_path / "pipe"))
    with refused(FileNotFoundError, "dataset.root must be the archive cifar-", "pipe'"):
        dataset.check(batch_size=3)


def test_a_batch_larger_than_the_dataset_is_refused(folder: Path, num_classes: int) -> None:
    dataset = Cifar(num_classes=num_classes, root=str(folder))
    with refused(ValueError, f"at most 50000, the number of images in cifar{num_classes}"):
        dataset.check(batch_size=50_001)
    available = NUM_IMAGES * len(RELEASES[num_classes].members)
    with refused(ValueError, f"at most {available},"):
        draw(dataset, batch_size=available + 1)


def test_without_a_local_copy_the_official_archive_is_downloaded(
    archive: Path, num_classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, Path]] = []

    def fetch(url: str, into: Path, *, check: partial[None], advice: str) -> Path:
        asked.append((url, into))
        assert check.func is check_sha256
        assert check.keywords == {"sha256": release.sha256}
        assert "pass dataset.root=PATH" in advice
        return archive

    monkeypatch.setattr(cifar, "download", fetch)
    release = RELEASES[num_classes]
    dataset = Cifar(num_classes=num_classes)
    dataset.check(batch_size=3)
    assert asked == [], "a check must not download"
    expected = draw(Cifar(num_classes=num_classes, root=str(archive)))
    np.testing.assert_array_equal(draw(dataset), expected)
    assert asked == [(release.url, user_cache() / Path(release.url).name)]


def test_another_number_of_classes_is_refused() -> None:
    with refused(ValueError, "dataset.num_classes must be one of 10, 100", "got 20"):
        Cifar(num_classes=20)
