"""Labels of a minibatch: the dataset's, or drawn ones."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from data.official import rows
from hypothesis import given
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.data import Minibatch, labels_of
from epsilon_research.data.cifar import RELEASES, Cifar
from epsilon_research.data.imagenet16 import ImageNet16
from epsilon_research.data.npy import Npy
from epsilon_research.data.pickled_batch import labels_of_batch

IMAGES = np.arange(6 * 3 * 4 * 5, dtype=np.float32).reshape(6, 3, 4, 5)


def minibatch(labels: np.ndarray | None = None, *, shift: float = 0) -> Minibatch:
    inputs = IMAGES + np.float32(shift)
    return Minibatch(inputs=inputs, kind="images", dataset="mine", labels=labels)


def test_labels_of_a_dataset_are_kept() -> None:
    given_labels = np.array([3, 1, 4, 1, 5, 9])
    batch = minibatch(given_labels)
    np.testing.assert_array_equal(labels_of(batch, num_classes=10), given_labels)
    given_labels[0] = 7
    assert labels_of(batch, num_classes=10)[0] == 3
    with pytest.raises(ValueError, match="read-only"):
        labels_of(batch, num_classes=10)[0] = 0


def test_labels_do_not_change_the_content_hash_but_have_one_of_their_own() -> None:
    first, second = (minibatch(np.full(6, label, np.int64)) for label in (0, 1))
    assert first.content_hash == second.content_hash == minibatch().content_hash
    assert first.labels_hash != second.labels_hash
    assert minibatch().labels_hash is None


@given(st.integers(1, 1000), st.integers(0, 100))
def test_pseudo_labels_are_the_contents(num_classes: int, shift: int) -> None:
    first = labels_of(minibatch(shift=shift), num_classes=num_classes)
    np.testing.assert_array_equal(first, labels_of(minibatch(shift=shift), num_classes=num_classes))
    assert first.dtype == np.int64
    assert first.min() >= 0
    assert first.max() < num_classes


def test_pseudo_labels_are_pinned_and_differ_between_minibatches() -> None:
    # A change would change every score that is made with them.
    assert labels_of(minibatch(), num_classes=10).tolist() == [4, 8, 1, 3, 5, 1]
    assert labels_of(minibatch(shift=1), num_classes=10).tolist() != [4, 8, 1, 3, 5, 1]


def test_each_pseudo_class_is_equally_likely() -> None:
    noise = np.random.default_rng(0).normal(size=(3000, 1, 1, 1)).astype(np.float32)
    batch = Minibatch(inputs=noise, kind="images", dataset="noise")
    counts = np.bincount(labels_of(batch, num_classes=10), minlength=10)
    # 300 each, deviation √270; seven deviations in ten classes: false alarm below 1e-10.
    assert np.abs(counts - 300).max() < 7 * 270**0.5


def test_labels_that_the_network_has_no_output_for_are_refused() -> None:
    with refused(ValueError, "labels of mine must be below 9", "got 9", "num_classes=10"):
        labels_of(minibatch(np.array([3, 1, 4, 1, 5, 9])), num_classes=9)


@pytest.mark.parametrize(
    ("labels", "got"),
    [
        (np.zeros(6, np.int32), "int32 (6,)"),
        (np.zeros(5, np.int64), "int64 (5,)"),
        (np.zeros((6, 1), np.int64), "int64 (6, 1)"),
        (np.array([0, 0, -1, 0, 0, 0]), "got -1"),
    ],
)
def test_labels_of_another_type_or_shape_are_refused(labels: np.ndarray, got: str) -> None:
    with refused(ValueError, "labels of mine", got):
        minibatch(labels)


def test_tokens_have_no_labels() -> None:
    tokens = np.zeros((2, 3, 4), np.float32)
    with refused(ValueError, "labels of mine must be None"):
        Minibatch(inputs=tokens, kind="tokens", dataset="mine", labels=np.zeros(2, np.int64))


@pytest.mark.parametrize("take", ["first", "random"])
def test_labels_of_a_users_file_go_with_their_images(tmp_path: Path, take: str) -> None:
    np.save(tmp_path / "images.npy", IMAGES)
    np.save(tmp_path / "labels.npy", np.arange(6, dtype=np.uint8) * 10)
    path, labels_path = (str(tmp_path / f"{name}.npy") for name in ("images", "labels"))
    dataset = Npy(path=path, labels_path=labels_path, take=take)
    dataset.check(batch_size=4)
    batch = dataset.draw(batch_size=4, rng=np.random.default_rng(1))
    assert batch.labels is not None
    np.testing.assert_array_equal(batch.inputs, IMAGES[batch.labels // 10])


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (np.arange(5), "integers (6,), one for each image"),
        (np.arange(6.0), "integers (6,), one for each image"),
        (-np.arange(6), "classes counted from 0"),
        (np.full(6, 2**64 - 1, np.uint64), "classes counted from 0"),
    ],
)
def test_a_file_of_other_labels_is_refused(
    tmp_path: Path, labels: np.ndarray, sentence: str
) -> None:
    np.save(tmp_path / "images.npy", IMAGES)
    np.save(tmp_path / "labels.npy", labels)
    path, labels_path = (str(tmp_path / f"{name}.npy") for name in ("images", "labels"))
    with refused(ValueError, labels_path, sentence):
        Npy(path=path, labels_path=labels_path).draw(batch_size=4, rng=np.random.default_rng(1))


def test_a_missing_file_of_labels_is_refused_early(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", IMAGES)
    dataset = Npy(path=str(tmp_path / "images.npy"), labels_path=str(tmp_path / "none.npy"))
    with refused(FileNotFoundError, "dataset.labels_path must be an existing .npy file"):
        dataset.check(batch_size=3)


def test_labels_of_imagenet_are_counted_from_0_and_go_with_their_images(tmp_path: Path) -> None:
    labels = [1, 120, 121, 1000, 60]
    for number in range(1, 11):
        content = {"data": rows(5, side=16, seed=number), "labels": labels}
        (tmp_path / f"train_data_batch_{number}").write_bytes(pickle.dumps(content))
    dataset = ImageNet16(root=str(tmp_path))
    batch = dataset.draw(batch_size=30, rng=np.random.default_rng(1))
    assert batch.labels is not None
    assert np.bincount(batch.labels).nonzero()[0].tolist() == [0, 59, 119]
    # One batch's images in the order of the file: the first, second and fifth are of the 120.
    again = dataset.draw(batch_size=3, rng=np.random.default_rng(2))
    assert again.labels is not None
    for image, label in zip(again.inputs, again.labels, strict=True):
        (place,) = [i for i in range(30) if np.array_equal(batch.inputs[i], image)]
        assert batch.labels[place] == label


@pytest.mark.parametrize(("num_classes", "key"), [(10, "labels"), (100, "fine_labels")])
def test_labels_of_cifar_go_with_their_images(tmp_path: Path, num_classes: int, key: str) -> None:
    release = RELEASES[num_classes]
    for number, member in enumerate(release.members):
        # The first pixel says which label is right.
        data = np.zeros((4, 3 * 32**2), np.uint8)
        data[:, 0] = labels = np.arange(4) * 10 + number
        content = {"data": data, key: labels.tolist(), "coarse_labels": [0] * 4}
        (tmp_path / member).write_bytes(pickle.dumps(content))
    batch = Cifar(num_classes=num_classes, root=str(tmp_path)).draw(
        batch_size=4, rng=np.random.default_rng(3)
    )
    pixels = (batch.inputs[:, 0, 0, 0] * release.std[0] + release.mean[0]) * 255
    assert batch.labels is not None
    np.testing.assert_allclose(pixels, batch.labels, atol=1e-3)


def test_labels_of_a_batch_are_checked() -> None:
    def read(labels: object) -> np.ndarray:
        batch = {"labels": labels}
        return labels_of_batch(batch, key="labels", first=0, num_images=3, what="a batch")

    assert read([1, 0, 2]).tolist() == [1, 0, 2]
    assert read(np.array([1, 0, 2], np.uint8)).tolist() == [1, 0, 2]
    for labels in (None, [1, 0, -1], [1, 0, 0.5], "123"):
        with refused(ValueError, "a batch must hold labels, integers counted from 0"):
            read(labels)
    with refused(ValueError, "a batch must hold one label per image", "2 labels and 3"):
        read([1, 2])
