"""ImageNet16-120 from small batches in the official layout."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data.official import Touch, rows
from sentences import refused

from epsilon_research.data.imagenet16 import ImageNet16
from epsilon_research.data.normalisation import IMAGENET16_MEAN, IMAGENET16_STD, normalise

LABELS = [1, 120, 121, 1000, 60]
"""Of the images in each batch: the first 120 classes are 1 to 120."""


def data(number: int) -> np.ndarray:
    return rows(len(LABELS), side=16, seed=number)


def write(folder: Path, number: int, **content: Any) -> None:
    batch = {"data": data(number), "labels": LABELS, "mean": np.zeros(768)} | content
    (folder / f"train_data_batch_{number}").write_bytes(pickle.dumps(batch))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(1, 11):
        write(tmp_path, number)
    return tmp_path


def draw(folder: Path, *, batch_size: int = 8, seed: int = 0) -> np.ndarray:
    np.random.seed(None)  # noqa: NPY002  # whatever the global generator is, it must not matter
    dataset = ImageNet16(root=str(folder))
    return dataset.draw(batch_size=batch_size, rng=np.random.default_rng(seed)).inputs


def all_images(*positions: int) -> np.ndarray:
    """The images at these positions of every batch, normalised."""
    chosen = np.concatenate([data(number)[list(positions)] for number in range(1, 11)])
    images = chosen.reshape(-1, 3, 16, 16).transpose(0, 2, 3, 1)
    return normalise(images, mean=IMAGENET16_MEAN, std=IMAGENET16_STD)


def as_set(images: np.ndarray) -> set[bytes]:
    return {image.tobytes() for image in images}


def test_all_images_of_the_first_120_classes_are_there_and_no_others(folder: Path) -> None:
    found = draw(folder, batch_size=30)
    assert found.shape == (30, 3, 16, 16)
    assert as_set(found) == as_set(all_images(0, 1, 4))


def test_images_are_drawn_without_repeats_by_the_passed_generator_alone(folder: Path) -> None:
    first = draw(folder, seed=3)
    np.testing.assert_array_equal(first, draw(folder, seed=3))
    assert not np.array_equal(first, draw(folder, seed=4))
    assert len(as_set(first)) == 8


def test_labels_may_be_an_array(folder: Path) -> None:
    before = draw(folder)
    for number in range(1, 11):
        write(folder, number, labels=np.array(LABELS))
    np.testing.assert_array_equal(draw(folder), before)


def test_a_minibatch_knows_its_dataset(folder: Path) -> None:
    dataset = ImageNet16(root=str(folder))
    dataset.check(batch_size=3)
    minibatch = dataset.draw(batch_size=3, rng=np.random.default_rng(0))
    assert (minibatch.dataset, minibatch.kind) == ("imagenet16_120", "images")


def test_a_batch_larger_than_the_dataset_is_refused(folder: Path) -> None:
    with refused(ValueError, "at most 30, the number of images in imagenet16_120", "got 31"):
        draw(folder, batch_size=31)


def test_images_of_other_classes_alone_are_not_enough(folder: Path) -> None:
    for number in range(1, 11):
        write(folder, number, labels=[500] * len(LABELS))
    with refused(ValueError, "at most 0, the number of images in imagenet16_120"):
        draw(folder)


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ({"data": rows(5, side=32, seed=0)}, "got uint8 (5, 3072)"),
        ({"data": rows(5, side=16, seed=0).astype(np.float32)}, "got float32 (5, 768)"),
        ({"data": rows(5, side=16, seed=0).reshape(5, 3, 16, 16)}, "got uint8 (5, 3, 16, 16)"),
        ({"data": None}, "must hold data"),
        ({"labels": LABELS[:4]}, "got 4 labels and 5 images"),
        ({"labels": None}, "must hold labels, integers counted from 1"),
        # Counted from 0 there would be 121 classes, in silence.
        ({"labels": [0, 1, 2, 3, 4]}, "must hold labels, integers counted from 1"),
        ({"labels": ["1", "2", "3", "4", "5"]}, "must hold labels, integers"),
        ({"labels": np.ones((5, 2), int)}, "must hold labels, integers"),
        ({"labels": np.array(5)}, "must hold labels, integers"),
        ({"labels": np.ones(5)}, "must hold labels, integers"),
    ],
)
def test_a_batch_of_other_content_is_refused_with_its_path(
    content: dict, got: str, folder: Path
) -> None:
    write(folder, 7, **content)
    with refused(ValueError, str(folder / "train_data_batch_7"), got):
        draw(folder)


def test_a_label_beyond_64_bits_is_merely_another_class(folder: Path) -> None:
    before = draw(folder)
    write(folder, 7, labels=[2**70 if label == 1000 else label for label in LABELS])
    np.testing.assert_array_equal(draw(folder), before)


def test_a_batch_that_calls_something_is_refused_and_nothing_is_called(folder: Path) -> None:
    target = folder / "called"
    write(folder, 7, extra=Touch(target))
    path = folder / "train_data_batch_7"
    with refused(ValueError, f"{path} must be a pickle of plain values"):
        draw(folder)
    assert not target.exists()


def test_a_truncated_batch_is_refused_with_its_path(folder: Path) -> None:
    path = folder / "train_data_batch_10"
    path.write_bytes(path.read_bytes()[:-50])
    with refused(ValueError, f"{path} must be a whole pickle"):
        draw(folder)


@pytest.mark.parametrize("number", [1, 10])
def test_a_missing_batch_is_refused_early(number: int, folder: Path) -> None:
    (folder / f"train_data_batch_{number}").unlink()
    with refused(FileNotFoundError, "dataset.root", str(folder), f"train_data_batch_{number}"):
        ImageNet16(root=str(folder)).check(batch_size=3)


def test_a_missing_folder_is_refused_early(tmp_path: Path) -> None:
    with refused(FileNotFoundError, "dataset.root must be the folder", "nowhere"):
        ImageNet16(root=str(tmp_path / "nowhere")).check(batch_size=3)


def test_a_single_image_is_no_batch(folder: Path) -> None:
    with refused(ValueError, "batch_size must be at least 3"):
        ImageNet16(root=str(folder)).check(batch_size=2)
