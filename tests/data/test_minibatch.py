"""A minibatch is finite, of one type, and cannot be changed."""

import numpy as np
import pytest
from sentences import refused

from epsilon_research.data import Minibatch


def minibatch(inputs: np.ndarray, *, kind: str = "images") -> Minibatch:
    return Minibatch(inputs=inputs, kind=kind, dataset="mine")


def images() -> np.ndarray:
    return np.arange(3 * 3 * 4 * 5, dtype=np.float32).reshape(3, 3, 4, 5)


def tokens() -> np.ndarray:
    return np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)


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
    batches = [images(), changed, images().reshape(3, 3, 5, 4)]
    hashes = {minibatch(inputs).content_hash for inputs in batches}
    hashes.add(minibatch(tokens(), kind="tokens").content_hash)
    hashes.add(minibatch(tokens().view(np.float64), kind="tokens").content_hash)
    assert len(hashes) == 5


def test_the_hash_is_pinned() -> None:
    # Recorded in every run's summary: a change would make old runs incomparable.
    assert minibatch(images()).content_hash == (
        "017e3370cad85b5187c7143213c5e6b499e62f519d24a2fed99325a1c22d0f2b"
    )


@pytest.mark.parametrize(
    ("inputs", "got"),
    [
        (images().astype(np.float64), "float64 (3, 3, 4, 5)"),
        (images().astype(np.uint8), "uint8 (3, 3, 4, 5)"),
        (images().astype(">f4"), ">f4 (3, 3, 4, 5)"),
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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tokens_are_embedded_numbers_of_either_precision(dtype: type) -> None:
    batch = minibatch(tokens().astype(dtype), kind="tokens")
    assert batch.inputs.dtype == dtype
    np.testing.assert_array_equal(batch.inputs, tokens())


@pytest.mark.parametrize(
    ("inputs", "got"),
    [
        (tokens().astype(np.int64), "int64 (2, 3, 4)"),
        (tokens().astype(np.float16), "float16 (2, 3, 4)"),
        (tokens().astype(">f8"), ">f8 (2, 3, 4)"),
        (tokens()[0], "float32 (3, 4)"),
        (tokens()[:0], "float32 (0, 3, 4)"),
        (images(), "float32 (3, 3, 4, 5)"),
    ],
)
def test_tokens_of_another_type_or_shape_are_refused(inputs: np.ndarray, got: str) -> None:
    with refused(ValueError, "tokens of mine", f"got {got}", "embed them"):
        minibatch(inputs, kind="tokens")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_tokens_that_are_not_finite_are_refused(value: float) -> None:
    inputs = tokens()
    inputs[1, 2, :2] = value
    with refused(ValueError, "tokens of mine", "got 2 values", "at time 1 of sample 2"):
        minibatch(inputs, kind="tokens")


@pytest.mark.parametrize(
    ("inputs", "kind"), [(images()[:2], "images"), (tokens()[:, :2], "tokens")]
)
def test_fewer_than_three_samples_are_refused(inputs: np.ndarray, kind: str) -> None:
    with refused(ValueError, "batch_size must be at least 3", "min-max normalisation", "got 2"):
        minibatch(inputs, kind=kind)


def test_another_kind_is_refused() -> None:
    with refused(ValueError, "must be images or tokens", "got 'sounds'"):
        minibatch(images(), kind="sounds")


def test_samples_are_counted_and_described() -> None:
    assert minibatch(images()).num_samples == 3
    assert minibatch(images()).description == "3 images of mine"
    assert minibatch(tokens(), kind="tokens").num_samples == 3
    assert minibatch(tokens(), kind="tokens").description == "3 sequences of 2 tokens of mine"
