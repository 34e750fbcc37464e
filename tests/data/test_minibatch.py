"""A minibatch is finite, of one type, and cannot be changed."""

import numpy as np
import pytest
from sentences import refused

from epsilon_research.data import Minibatch


def minibatch(inputs: np.ndarray, *, kind: str = "images") -> Minibatch:
    return Minibatch(inputs=inputs, kind=kind, dataset="mine")


def images() -> np.ndarray:
    return np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)


def test_inputs_cannot_be_changed() -> None:
    inputs = minibatch(images()).inputs
    with pytest.raises(ValueError, match="read-only"):
        inputs[0] = 0


def test_inputs_become_contiguous_and_keep_their_values() -> None:
    turned = images().transpose(0, 1, 3, 2)
    inputs = minibatch(turned).inputs
    assert inputs.flags.c_contiguous
    np.testing.assert_array_equal(inputs, turned)


def test_the_hash_is_of_the_content_alone() -> None:
    assert minibatch(images()).content_hash == minibatch(images().copy()).content_hash
    turned = np.asfortranarray(images())
    assert minibatch(images()).content_hash == minibatch(turned).content_hash


def test_the_hash_sees_values_shape_and_type() -> None:
    changed = images()
    changed[1, 2, 3, 4] += 1
    batches = [images(), changed, images().reshape(2, 3, 5, 4)]
    hashes = {minibatch(inputs).content_hash for inputs in batches}
    hashes.add(minibatch(images().view(np.int32), kind="tokens").content_hash)
    assert len(hashes) == 4


def test_the_hash_is_pinned() -> None:
    # Recorded in every run's summary: a change would make old runs incomparable.
    assert minibatch(images()).content_hash == (
        "9221ee6ead0b8b324168d56726e75aee0027864129a816c34002a6c0f40823ab"
    )


@pytest.mark.parametrize(
    ("inputs", "got"),
    [
        (images().astype(np.float64), "float64 (2, 3, 4, 5)"),
        (images().astype(np.uint8), "uint8 (2, 3, 4, 5)"),
        (images().astype(">f4"), ">f4 (2, 3, 4, 5)"),
        (images()[0], "float32 (3, 4, 5)"),
    ],
)
def test_images_of_another_type_or_shape_are_refused(inputs: np.ndarray, got: str) -> None:
    with refused(ValueError, "images of mine", f"got {got}"):
        minibatch(inputs)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_images_that_are_not_finite_are_refused(value: float) -> None:
    inputs = images()
    inputs[1, 0, 0, :2] = value
    with refused(ValueError, "images of mine", "got 2 values", "the first in image 1"):
        minibatch(inputs)


def test_tokens_are_whole_numbers_of_any_shape() -> None:
    tokens = minibatch(np.arange(6).reshape(3, 2), kind="tokens")
    assert tokens.inputs.dtype == np.int64
