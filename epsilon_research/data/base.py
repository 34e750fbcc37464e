"""The contract of a dataset, and the minibatch that it gives."""

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

IMAGES = "images"
TOKENS = "tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class Minibatch:
    """The one batch that metrics see.

    Args:
        inputs: Images as float32 (batch, channels, height, width), all finite; becomes read-only.
        kind: "images" or "tokens".
        dataset: Name of the dataset it was drawn from.
    """

    inputs: np.ndarray
    kind: str
    dataset: str

    def __post_init__(self) -> None:
        inputs = np.ascontiguousarray(self.inputs)
        if self.kind == IMAGES and (inputs.dtype != np.float32 or inputs.ndim != 4):
            raise ValueError(
                "images must be float32 of shape (batch, channels, height, width), got "
                f"{inputs.dtype} of shape {inputs.shape}"
            )
        if self.kind == IMAGES and not np.isfinite(inputs).all():
            count = int((~np.isfinite(inputs)).sum())
            raise ValueError(
                f"images of {self.dataset} must be finite, got {count} values that are NaN or "
                "infinite: clean the file"
            )
        inputs.flags.writeable = False
        object.__setattr__(self, "inputs", inputs)

    @property
    def content_hash(self) -> str:
        """SHA-256 of type, shape and bytes, hex."""
        digest = hashlib.sha256(f"{self.inputs.dtype.str}{self.inputs.shape}".encode())
        digest.update(self.inputs.tobytes())
        return digest.hexdigest()


class Dataset(ABC):
    """Where minibatches come from."""

    name: str
    kind: str

    def check(self, *, batch_size: int) -> None:
        """Fails early on what `draw` would fail on, as far as that is cheap to see.

        Raises:
            ValueError: The batch size is below 2 or above what the dataset holds, or a file is
                not what it must be.
            FileNotFoundError: A file does not exist.
        """
        if batch_size < 2:
            raise ValueError(
                f"batch_size must be at least 2, since epsilon compares samples, got {batch_size}"
            )

    @abstractmethod
    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        """A minibatch; the same generator state gives the same one.

        Raises:
            ValueError: As for `check`, or the content is damaged.
        """


def check_available(dataset: str, *, batch_size: int, available: int) -> None:
    """Refuses a batch larger than the dataset.

    Raises:
        ValueError: `batch_size` is above `available`.
    """
    if batch_size > available:
        raise ValueError(
            f"batch_size must be at most {available}, the number of images in {dataset}, "
            f"got {batch_size}"
        )
