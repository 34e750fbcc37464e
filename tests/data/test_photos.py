"""Crops of two photographs: inside them, reproducible, and always the same ones."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentences import refused
from sklearn.datasets import load_sample_images

from epsilon_research.data import photos
from epsilon_research.data.normalisation import CIFAR10_MEAN, CIFAR10_STD
from epsilon_research.data.photos import Photos, load_photographs

HEIGHT, WIDTH = 427, 640


def draw(dataset: Photos, *, batch_size: int = 4, seed: int = 0) -> np.ndarray:
    # Whatever the global generators are, they must not matter.
    np.random.seed(None)  # noqa: NPY002
    random.seed(None)
    return dataset.draw(batch_size=batch_size, rng=np.random.default_rng(seed)).inputs


def pixels(inputs: np.ndarray) -> np.ndarray:
    """Undoes the normalisation: (batch, 3, height, width) of integers."""
    mean, std = (np.reshape(values, (3, 1, 1)) for values in (CIFAR10_MEAN, CIFAR10_STD))
    return np.rint(255 * (inputs * std + mean)).astype(int)


@pytest.fixture(scope="module")
def coordinates() -> list[np.ndarray]:
    """Two photographs whose every pixel says which photograph, row and column it is of."""
    row, column = np.indices((HEIGHT, WIDTH))
    high = row // 256 + 4 * (column // 256)
    return [
        np.stack([row % 256, column % 256, high + 128 * number], axis=-1).astype(np.uint8)
        for number in (0, 1)
    ]


def test_the_default_minibatch_is_the_one_behind_the_published_numbers() -> None:
    minibatch = Photos().draw(batch_size=256, rng=np.random.default_rng(21))
    assert minibatch.content_hash == (
        "2cad4ddaa105543c4271499f546c2478e78a6f5a708a6d3cc7b2e5708b560bda"
    )
    assert (minibatch.dataset, minibatch.kind) == ("photos", "images")


def test_the_photographs_are_those_of_scikit_learn() -> None:
    for ours, theirs in zip(load_photographs(), load_sample_images().images, strict=True):
        np.testing.assert_array_equal(ours, theirs, strict=True)


def test_crops_depend_on_the_passed_generator_and_on_nothing_else() -> None:
    # Were one of two photographs chosen by chance, 64 choices would agree with chance 2^-64.
    first = draw(Photos(), batch_size=64, seed=3)
    np.testing.assert_array_equal(first, draw(Photos(), batch_size=64, seed=3))
    assert not np.array_equal(first, draw(Photos(), batch_size=64, seed=4))


def test_a_larger_batch_starts_with_the_smaller_one() -> None:
    np.testing.assert_array_equal(draw(Photos(), batch_size=9)[:4], draw(Photos(), batch_size=4))


def test_the_photographs_are_as_large_as_the_options_say() -> None:
    assert [photograph.shape for photograph in load_photographs()] == [(HEIGHT, WIDTH, 3)] * 2


@settings(max_examples=25, deadline=None)
@given(side=st.sampled_from([1, 2, 31, 32, 96, 426, 427]), seed=st.integers(0, 2**32))
def test_a_crop_lies_inside_one_photograph_and_keeps_its_pixels_in_place(
    side: int, seed: int, coordinates: list
) -> None:
    # Not resized, so each pixel still says where it is from.
    dataset = Photos(min_crop=side, max_crop=side, image_size=side)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(photos, "load_photographs", lambda: coordinates)
        inputs = draw(dataset, batch_size=3, seed=seed)
    assert inputs.shape == (3, 3, side, side)
    for red, green, blue in pixels(inputs):
        number, high = np.divmod(blue, 128)
        row, column = red + 256 * (high % 4), green + 256 * (high // 4)
        assert len(np.unique(number)) == 1
        np.testing.assert_array_equal(row, row[0, 0] + np.arange(side)[:, None] + 0 * row)
        np.testing.assert_array_equal(column, column[0, 0] + np.arange(side) + 0 * column)
        assert 0 <= row.min() <= row.max() < HEIGHT
        assert 0 <= column.min() <= column.max() < WIDTH


def test_crops_reach_both_photographs_and_all_four_edges(
    coordinates: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = [photograph[:34, :35] for photograph in coordinates]
    monkeypatch.setattr(photos, "load_photographs", lambda: narrow)
    # Two photographs with 2 x 3 places each; the chance to miss one of them is 12 (11/12)^400,
    # below 1e-14, and the generator is seeded.
    found = pixels(draw(Photos(min_crop=33, max_crop=33, image_size=33), batch_size=400))
    starts = {(image[2, 0, 0] // 128, *image[:2, 0, 0]) for image in found}
    assert starts == {(n, row, column) for n in (0, 1) for row in (0, 1) for column in (0, 1, 2)}


def test_sides_span_their_whole_range(monkeypatch: pytest.MonkeyPatch) -> None:
    # A column of a photograph with this slope, shrunk to 2 pixels, differs by half the side.
    slope = np.repeat(np.arange(200, dtype=np.uint8)[:, None], 200, axis=1)
    monkeypatch.setattr(photos, "load_photographs", lambda: [np.stack([slope] * 3, axis=-1)])
    found = pixels(draw(Photos(min_crop=10, max_crop=16, image_size=2), batch_size=200))[:, 0, :, 0]
    # Rounding makes 5 to 8 of 5.0 to 8.0; either end is missed with chance 2 (6/7)^200.
    assert set(found[:, 1] - found[:, 0]) == {5, 6, 7, 8}


def test_a_shrunk_image_is_the_mean_over_areas(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    monkeypatch.setattr(photos, "load_photographs", lambda: [noise])
    found = pixels(draw(Photos(min_crop=64, max_crop=64, image_size=16), batch_size=3))[0]
    expected = noise.reshape(16, 4, 16, 4, 3).mean(axis=(1, 3)).transpose(2, 0, 1)
    # Pillow averages along rows first and rounds in between.
    assert np.abs(found - expected).max() <= 1


@pytest.mark.parametrize(
    ("min_crop", "max_crop"), [(0, 32), (-1, 32), (33, 32), (32, 428), (428, 428)]
)
def test_crops_that_do_not_fit_are_refused(min_crop: int, max_crop: int) -> None:
    with refused(ValueError, "dataset.m", "_crop must be "):
        Photos(min_crop=min_crop, max_crop=max_crop)


def test_the_largest_and_smallest_crops_fit() -> None:
    assert draw(Photos(min_crop=1, max_crop=427, image_size=1)).shape == (4, 3, 1, 1)


def test_a_size_of_no_pixels_is_refused() -> None:
    with refused(ValueError, "dataset.image_size", "got 0"):
        Photos(image_size=0)


def test_any_batch_size_of_three_or_more_is_there() -> None:
    Photos().check(batch_size=100_000)
    with refused(ValueError, "batch_size must be at least 3"):
        Photos().check(batch_size=2)
