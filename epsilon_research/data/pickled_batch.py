"""Pickled batches of images, as the authors of CIFAR and of ImageNet16 wrote them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8

from epsilon_research.restricted_pickle import NUMPY_ARRAYS, load_pickle

_LARGEST_LABEL = np.iinfo(np.int64).max


def load_batch(source: bytes, *, what: str) -> dict[str, Any]:
    """Return what the pickled dictionary has under text keys, whichever Python wrote them.

    Args:
        source: The pickle's bytes.
        what: What the batch is, for error messages.

    Raises:
        ValueError: The pickle is damaged, holds anything but plain values, or no dictionary.
    """
    content = load_pickle(source, allowed=NUMPY_ARRAYS, what=what, encoding="bytes")
    if not isinstance(content, dict):
        raise ValueError(
            f"{what} must hold a dictionary with data, got a {type(content).__name__}: use the "
            "official python version of the dataset"
        )
    return {
        key.decode("latin1") if isinstance(key, bytes) else key: value
        for key, value in content.items()
        if isinstance(key, bytes | str)
    }


def images_of_batch(
    batch: Mapping[str, Any], *, side: int, what: str
) -> UInt8[np.ndarray, "images side side 3"]:
    """Return the images in `data`, whose rows hold three colour planes of `side` × `side` pixels.

    Raises:
        ValueError: There is no `data`, or it has another type or shape.
    """
    data = batch.get("data")
    expected = f"data, uint8 (images, {3 * side**2})"
    advice = "use the official python version of the dataset"
    if data is None:
        keys = ", ".join(sorted(batch))[:200]
        raise ValueError(f"{what} must hold {expected}, got the keys {keys!r}: {advice}")
    if not isinstance(data, np.ndarray):
        got = type(data).__name__
        raise ValueError(f"{what} must hold {expected}, got {got}: {advice}")
    if data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != 3 * side**2:
        raise ValueError(f"{what} must hold {expected}, got {data.dtype} {data.shape}: {advice}")
    return np.ascontiguousarray(data.reshape(-1, 3, side, side).transpose(0, 2, 3, 1))


def labels_of_batch(
    batch: Mapping[str, Any], *, key: str, first: int, num_images: int, what: str
) -> Int64[np.ndarray, " images"]:
    """Return the labels under `key`, one for each image, as they are.

    Args:
        batch: What `load_batch` gave.
        key: Where they are.
        first: The lowest label that the dataset has.
        num_images: How many there must be.
        what: What the batch is, for error messages.

    Raises:
        ValueError: There are no labels, or other ones.
    """
    labels = batch.get(key)
    if isinstance(labels, np.ndarray):
        labels = labels.tolist()
    advice = "use the official python version of the dataset"
    if not isinstance(labels, list) or not all(
        isinstance(label, int | np.integer) and label >= first for label in labels
    ):
        raise ValueError(
            f"{what} must hold {key}, integers counted from {first}, got others: {advice}"
        )
    if len(labels) != num_images:
        raise ValueError(
            f"{what} must hold one label per image, got {len(labels)} labels and {num_images} "
            f"images: {advice}"
        )
    # A file may hold larger numbers, which are merely another class.
    return np.array([min(label, _LARGEST_LABEL) for label in labels], dtype=np.int64)
