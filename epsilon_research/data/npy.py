"""A user's own images from a .npy file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from epsilon_research.data.base import IMAGES, Dataset, Minibatch, check_available
from epsilon_research.data.normalisation import (
    CIFAR10_MEAN,
    CIFAR10_STD,
    check_statistics,
    normalise,
)

_DRAWS = ("first", "random")


@dataclass(frozen=True, slots=True, kw_only=True)
class Npy(Dataset):
    """Images from a file that `numpy.save` wrote.

    float32 (images, 3, height, width) is taken as it is; uint8 (images, height, width, 3) is
    normalised.

    Args:
        path: The file.
        take: "first" (the first `batch_size`) or "random" (a seeded draw without
            replacement).
        mean: Of each channel in units of 255 = 1, for uint8; None: CIFAR-10's.
        std: Likewise.
    """

    path: str
    take: str = "first"
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None
    name: str = "npy"
    kind: str = IMAGES

    def __post_init__(self) -> None:
        if self.take not in _DRAWS:
            raise ValueError(
                f"dataset.take must be first or random, got {self.take!r}"
            )
        check_statistics(self.mean or CIFAR10_MEAN, self.std or CIFAR10_STD)

    def check(self, *, batch_size: int) -> None:
        """See `Dataset`; reads the file's header and compares it with its size."""
        Dataset.check(self, batch_size=batch_size)
        check_available(self.path, batch_size=batch_size, available=len(self._open()))

    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        """See `Dataset`; reads only the images it takes."""
        images = self._open()
        check_available(self.path, batch_size=batch_size, available=len(images))
        if self.take == "first":
            chosen = np.array(images[:batch_size])
        else:
            rows = np.sort(rng.choice(len(images), size=batch_size, replace=False))
            chosen = np.array(images[rows])
        if chosen.dtype == np.uint8:
            chosen = normalise(
                chosen, mean=self.mean or CIFAR10_MEAN, std=self.std or CIFAR10_STD
            )
        return Minibatch(inputs=chosen, kind=self.kind, dataset=self.name)

    def _open(self) -> np.ndarray:
        """The file mapped into memory, so that a header cannot promise more than is there."""
        path = Path(self.path)
        if not path.is_file():
            raise FileNotFoundError(
                f"dataset.path must be an existing .npy file, got {self.path!r}, which is not a file"
            )
        try:
            images = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError, OSError, SyntaxError, OverflowError, MemoryError) as error:
            raise ValueError(
                f"dataset.path must be a whole .npy file of plain numbers, got {self.path} "
                f"({error}): write it with numpy.save"
            ) from error
        if not isinstance(images, np.ndarray):
            images.close()
            raise ValueError(
                f"dataset.path must be a .npy file, got the archive {self.path}: save one array"
            )
        float_images = images.dtype == np.float32 and images.ndim == 4 and images.shape[1] == 3
        byte_images = images.dtype == np.uint8 and images.ndim == 4 and images.shape[3] == 3
        if not (float_images or byte_images) or 0 in images.shape:
            raise ValueError(
                "dataset.path must hold float32 (images, 3, height, width) or uint8 (images, "
                f"height, width, 3), got {images.dtype} {images.shape} in {self.path}"
            )
        return images
