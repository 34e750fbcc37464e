"""The paper's synthetic inputs."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.data import Dataset
from epsilon_research.data.synthetic import GreyScale, RandomNormal, RandomUniform

UNIFORM = RandomUniform(name="random_uniform", low=-1, high=1)
POSITIVE = RandomUniform(name="random_uniform_positive", low=0, high=1)


def draw(dataset: Dataset, *, batch_size: int = 64, seed: int = 0) -> np.ndarray:
    np.random.seed(None)  # noqa: NPY002  # whatever the global generator is, it must not matter
    return dataset.draw(batch_size=batch_size, rng=np.random.default_rng(seed)).inputs


@settings(deadline=None)
@given(batch_size=st.integers(3, 300), image_size=st.integers(1, 4))
def test_image_i_of_the_ramp_is_the_constant_i_over_batch_size(
    batch_size: int, image_size: int
) -> None:
    found = draw(GreyScale(image_size=image_size), batch_size=batch_size)
    assert found.shape == (batch_size, 3, image_size, image_size)
    for index, image in enumerate(found):
        assert (image == np.float32(index / batch_size)).all()


def test_the_ramp_is_that_of_the_papers_code() -> None:
    # As the README of the golden cases describes the input of its grey cases.
    found = draw(GreyScale(), batch_size=256)
    shades = np.array([1 / 256 * i for i in range(256)], np.float32)
    np.testing.assert_array_equal(
        found, np.broadcast_to(shades.reshape(256, 1, 1, 1), (256, 3, 32, 32))
    )


@pytest.mark.parametrize("dataset", [RandomNormal(), UNIFORM, POSITIVE])
def test_noise_depends_on_the_passed_generator_and_on_nothing_else(dataset: Dataset) -> None:
    first = draw(dataset, seed=3)
    np.testing.assert_array_equal(first, draw(dataset, seed=3))
    assert not np.array_equal(first, draw(dataset, seed=4))
    assert first.shape == (64, 3, 32, 32)


# The three below look at 196,608 numbers; the generator is seeded, so they pass always or never.
def test_normal_noise_has_mean_0_and_deviation_1() -> None:
    found = draw(RandomNormal())
    assert abs(found.mean()) < 0.01
    assert abs(found.std() - 1) < 0.01
    assert found.min() < -3.5
    assert found.max() > 3.5


@pytest.mark.parametrize(
    ("dataset", "low", "high"),
    [(UNIFORM, -1, 1), (POSITIVE, 0, 1), (RandomUniform(name="mine", low=5, high=7.5), 5, 7.5)],
)
def test_uniform_noise_fills_its_range_evenly(dataset: Dataset, low: float, high: float) -> None:
    found = draw(dataset)
    assert low <= found.min()
    assert found.max() <= high
    counts, _ = np.histogram(found, bins=10, range=(low, high))
    np.testing.assert_allclose(counts / found.size, 0.1, atol=0.005)


def test_images_and_channels_differ() -> None:
    found = draw(RandomNormal(image_size=2))
    assert len(np.unique(found)) > 0.99 * found.size


@pytest.mark.parametrize(
    ("dataset", "name"),
    [(GreyScale(), "grey_scale"), (RandomNormal(), "random_normal"), (UNIFORM, "random_uniform")],
)
def test_a_minibatch_knows_its_dataset(dataset: Dataset, name: str) -> None:
    minibatch = dataset.draw(batch_size=3, rng=np.random.default_rng(0))
    assert (minibatch.dataset, minibatch.kind) == (name, "images")


@pytest.mark.parametrize(
    ("low", "high"), [(1, 1), (2, 1), (-np.inf, 1), (0, np.inf), (np.nan, 1), (0, np.nan)]
)
def test_a_range_that_is_none_is_refused(low: float, high: float) -> None:
    with refused(ValueError, " must be a finite number"):
        RandomUniform(name="mine", low=low, high=high)


@pytest.mark.parametrize(
    ("kind", "options"),
    [(GreyScale, {}), (RandomNormal, {}), (RandomUniform, {"name": "a", "low": 0, "high": 1})],
)
def test_a_size_of_no_pixels_is_refused(kind: Any, options: dict) -> None:
    with refused(ValueError, "dataset.image_size", "got 0"):
        kind(image_size=0, **options)
