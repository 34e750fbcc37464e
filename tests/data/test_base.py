"""What every dataset checks alike."""

import numpy as np
import pytest
from sentences import refused

from epsilon_research.data import Dataset, Minibatch
from epsilon_research.data.base import check_available, check_image_size


class OneImage(Dataset):
    name = "one"
    kind = "images"

    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        raise NotImplementedError


@pytest.mark.parametrize("batch_size", [2, 1, 0, -5])
def test_a_batch_of_fewer_than_three_is_refused(batch_size: int) -> None:
    with refused(ValueError, "batch_size must be at least 3", f"got {batch_size}"):
        OneImage().check(batch_size=batch_size)


def test_a_batch_of_three_passes() -> None:
    OneImage().check(batch_size=3)


def test_a_dataset_that_cannot_draw_is_not_built() -> None:
    class Incomplete(Dataset):
        pass

    with pytest.raises(TypeError, match="draw"):
        Incomplete()  # pyright: ignore[reportAbstractUsage]


def test_a_batch_may_be_the_whole_dataset_and_no_more() -> None:
    check_available("mine", batch_size=7, available=7)
    with refused(ValueError, "at most 7, the number of images in mine", "got 8"):
        check_available("mine", batch_size=8, available=7)


@pytest.mark.parametrize("size", [0, -1, 32.0, "32", None])
def test_a_size_that_is_no_number_of_pixels_is_refused(size: object) -> None:
    with refused(ValueError, "dataset.image_size", f"got {size!r}"):
        check_image_size(size)


def test_an_image_of_one_pixel_is_an_image() -> None:
    check_image_size(1)
