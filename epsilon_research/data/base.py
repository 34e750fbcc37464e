"""The contract of a dataset: what minibatches are drawn from."""

from abc import ABC, abstractmethod

import numpy as np

from epsilon_research.checks import check_integer
from epsilon_research.data.minibatch import IMAGES as IMAGES
from epsilon_research.data.minibatch import TOKENS as TOKENS
from epsilon_research.data.minibatch import Minibatch as Minibatch
from epsilon_research.data.minibatch import check_batch_size
from epsilon_research.memory import check_memory


class Dataset(ABC):
    """A source of minibatches."""

    name: str
    kind: str

    @property
    def sample_bytes(self) -> int:
        """Bytes of a sample in a minibatch; 0 unless overridden, where a file bounds the batch."""
        return 0

    def check(self, *, batch_size: int) -> None:
        """Fails early on what `draw` would fail on, as far as that is cheap to see.

        Raises:
            ValueError: The batch size is below 3, above what the dataset holds or beyond memory, or
                a file is not what it must be.
            FileNotFoundError: A file does not exist.
        """
        check_batch_size(batch_size)
        # Drawing it, and its hash, take a second copy.
        check_memory("batch_size", 2 * batch_size * self.sample_bytes, what="the minibatch")

    @abstractmethod
    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        """Return a minibatch; the same generator state gives the same one.

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


def image_bytes(side: int) -> int:
    """Return the bytes of a square image of three channels in float32."""
    return 3 * side**2 * np.dtype(np.float32).itemsize


def check_image_size(image_size: object) -> None:
    """Refuses what cannot be the side of an image.

    Raises:
        ValueError: `image_size` is not a positive integer.
    """
    check_integer("dataset.image_size", image_size, at_least=1, example=32)
