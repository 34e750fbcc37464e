"""The contract of a dataset: what minibatches are drawn from."""

from abc import ABC, abstractmethod
from typing import TypeGuard

import numpy as np

from epsilon_research.data.minibatch import IMAGES as IMAGES
from epsilon_research.data.minibatch import TOKENS as TOKENS
from epsilon_research.data.minibatch import Minibatch as Minibatch
from epsilon_research.data.minibatch import check_batch_size


class Dataset(ABC):
    """Where minibatches come from."""

    name: str
    kind: str

    def check(self, *, batch_size: int) -> None:
        """Fails early on what `draw` would fail on, as far as that is cheap to see.

        Raises:
            ValueError: The batch size is below 3 or above what the dataset holds, or a file is
                not what it must be.
            FileNotFoundError: A file does not exist.
        """
        check_batch_size(batch_size)

    @abstractmethod
    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        """A minibatch; the same generator state gives the same one.

        Raises:
            ValueError: The batch size is below 3 or above what the dataset holds, or a file is not
                what it must be.
            FileNotFoundError: A file does not exist.
        """


def check_available(dataset: str, *, batch_size: int, available: int) -> None:
    """Refuses a batch larger than a dataset of images.

    Raises:
        ValueError: `batch_size` is above `available`.
    """
    if batch_size > available:
        raise ValueError(
            f"batch_size must be at most {available}, the number of images in {dataset}, got "
            f"{batch_size}: lower it or choose another dataset"
        )


def check_image_size(image_size: object) -> None:
    """Refuses what is no side of an image.

    Raises:
        ValueError: `image_size` is not a positive whole number.
    """
    if not isinstance(image_size, int) or image_size < 1:
        raise ValueError(
            f"dataset.image_size must be a whole number of pixels, at least 1, got {image_size!r}: "
            "pass e.g. 32"
        )


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a setting is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)
