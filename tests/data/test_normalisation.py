"""The one formula for 8-bit images, against a loop and against the paper's code."""

import hashlib
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as npst
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.data.normalisation import (
    CIFAR10_MEAN,
    CIFAR10_STD,
    CIFAR100_MEAN,
    CIFAR100_STD,
    IMAGENET16_MEAN,
    IMAGENET16_STD,
    check_statistics,
    normalise,
)

images = npst.arrays(
    np.uint8, st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.just(3))
)
triples = st.tuples(*[st.floats(0.01, 1)] * 3)


@settings(deadline=None)
@given(images=images, mean=triples, std=triples)
def test_every_pixel_is_that_of_a_loop(images: np.ndarray, mean: tuple, std: tuple) -> None:
    found = normalise(images, mean=mean, std=std)
    batch, height, width, _ = images.shape
    assert found.shape == (batch, 3, height, width)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    for image, row, column, channel in np.ndindex(images.shape):
        pixel = int(images[image, row, column, channel])
        expected = np.float32((pixel / 255 - mean[channel]) / std[channel])
        assert found[image, channel, row, column] == expected


def test_images_of_the_papers_code_are_the_same_to_the_last_bit(shared: Path) -> None:
    golden = np.load(shared / "golden" / "image_inputs.npz")
    np.testing.assert_array_equal(golden["mean"], CIFAR10_MEAN)
    np.testing.assert_array_equal(golden["std"], CIFAR10_STD)
    found = normalise(golden["images_uint8_256"], mean=CIFAR10_MEAN, std=CIFAR10_STD)
    np.testing.assert_array_equal(found[:1], golden["x_f32_first_image"])
    assert hashlib.sha256(found.tobytes()).hexdigest() == str(golden["x_f32_sha256"])


@pytest.mark.parametrize(
    ("found", "published"),
    [
        (CIFAR10_MEAN, (125.3, 123.0, 113.9)),
        (CIFAR10_STD, (63.0, 62.1, 66.7)),
        (CIFAR100_MEAN, (129.3, 124.1, 112.4)),
        (CIFAR100_STD, (68.2, 65.4, 70.4)),
        (IMAGENET16_MEAN, (122.68, 116.66, 104.01)),
        (IMAGENET16_STD, (63.22, 61.26, 65.09)),
    ],
)
def test_means_and_deviations_are_the_published_ones(found: tuple, published: tuple) -> None:
    assert found == tuple(value / 255 for value in published)


@pytest.mark.parametrize("mean", [(0.5, 0.5, 0.5), [0, -1.5, 3]])
def test_three_numbers_each_are_taken(mean: Any) -> None:
    check_statistics(mean, (1, 0.5, 0.1))


@pytest.mark.parametrize(
    "wrong",
    [(), (0.5, 0.5), (0.5,) * 4, (0.5, 0.5, np.nan), (np.inf, 0.5, 0.5), "abc", ["a", 0, 0], 0.5],
)
def test_anything_else_is_refused(wrong: Any) -> None:
    with refused(ValueError, "dataset.mean and dataset.std", f"got {wrong} and (1, 1, 1)"):
        check_statistics(wrong, (1, 1, 1))
    with refused(ValueError, f"got (0, 0, 0) and {wrong}"):
        check_statistics((0, 0, 0), wrong)


@pytest.mark.parametrize("smallest", [0, -0.1])
def test_a_deviation_that_is_not_positive_is_refused(smallest: float) -> None:
    with refused(ValueError, "std positive"):
        check_statistics((0, 0, 0), (1, smallest, 1))
