"""A user's own images from a .npy file."""

import tokenize
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from epsilon_research.checks import check_choice
from epsilon_research.data.base import IMAGES, Dataset, Minibatch, check_available
from epsilon_research.data.minibatch import check_images, check_labels
from epsilon_research.data.normalisation import (
    CIFAR10_MEAN,
    CIFAR10_STD,
    check_statistics,
    normalise,
)

_LENGTH_END = 12
"""Where the length of a header of version 2 or 3 ends: after magic and version."""

_LONGEST_HEADER = 10_000
"""Bytes; numpy itself takes no longer ones apart."""

_DRAWS = ("first", "random")


@dataclass(frozen=True, slots=True, kw_only=True)
class Npy(Dataset):
    """Images from a file that `numpy.save` wrote.

    float32 (images, 3, height, width) is taken as it is; uint8 (images, height, width, 3) is
    normalised.

    Args:
        path: The file.
        take: "first" (the first `batch_size`) or "random" (a seeded draw without
            replacement, in the file's order).
        mean: Mean of each channel in units of 255 = 1, for uint8 only; None: CIFAR-10's.
        std: Likewise.
        labels_path: A .npy file of integers (images,), the class of each image, from 0;
            None: they have none.
    """

    path: str
    take: str = "first"
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None
    labels_path: str | None = None
    name: str = "npy"
    kind: str = IMAGES

    def __post_init__(self) -> None:
        check_choice("dataset.take", self.take, _DRAWS)
        check_statistics(*self._statistics)

    @property
    def _statistics(self) -> tuple[Sequence[float], Sequence[float]]:
        return (
            CIFAR10_MEAN if self.mean is None else self.mean,
            CIFAR10_STD if self.std is None else self.std,
        )

    def check(self, *, batch_size: int) -> None:
        """See `Dataset`; reads the file's header and compares it with its size."""
        Dataset.check(self, batch_size=batch_size)
        check_available(self.path, batch_size=batch_size, available=len(self._open()))
        self._open_labels(num_images=len(self._open()))

    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        """See `Dataset`; reads only the images it takes."""
        images = self._open()
        check_available(self.path, batch_size=batch_size, available=len(images))
        rows: Any = slice(batch_size)
        if self.take == "random":
            rows = np.sort(rng.choice(len(images), size=batch_size, replace=False))
        chosen = np.array(images[rows])
        if chosen.dtype == np.uint8:
            mean, std = self._statistics
            chosen = normalise(chosen, mean=mean, std=std)
        # Minibatch would say the same, but not of which file.
        check_images(chosen, what=f"images of {self.path}")
        labels = self._open_labels(num_images=len(images))
        if labels is not None:
            labels = np.array(labels[rows], dtype=np.int64)
            check_labels(labels, num_images=batch_size, what=f"labels of {self.labels_path}")
        return Minibatch(inputs=chosen, kind=self.kind, dataset=self.name, labels=labels)

    def _open_labels(self, *, num_images: int) -> np.ndarray | None:
        if self.labels_path is None:
            return None
        labels = map_npy(Path(self.labels_path), setting="dataset.labels_path")
        if labels.dtype.kind not in "iu" or labels.shape != (num_images,):
            raise ValueError(
                f"{self.labels_path} must hold integers ({num_images},), one for each image "
                f"of {self.path}, got {labels.dtype} {labels.shape}: convert it"
            )
        return labels

    def _open(self) -> np.ndarray:
        images = map_npy(Path(self.path))
        float_images = images.dtype == np.float32 and images.ndim == 4 and images.shape[1] == 3
        byte_images = images.dtype == np.uint8 and images.ndim == 4 and images.shape[3] == 3
        if not (float_images or byte_images) or 0 in images.shape:
            raise ValueError(
                f"{self.path} must hold float32 (images, 3, height, width) or uint8 (images, "
                f"height, width, 3), got {images.dtype} {images.shape}: convert it"
            )
        if float_images and not (self.mean is None and self.std is None):
            raise ValueError(
                "dataset.mean and dataset.std must be null for float32 images, which are taken as "
                f"they are, got {self.mean} and {self.std}: leave them out or save uint8 images"
            )
        return images


def map_npy(path: Path, *, setting: str = "dataset.path") -> np.ndarray:
    """Return the file mapped into memory, so that a header cannot promise more than is there."""
    if not path.is_file():
        raise FileNotFoundError(
            f"{setting} must be an existing .npy file, got {str(path)!r}, which is not a file: "
            "check the path"
        )
    try:
        _check_header(path)
        # Not np.load, which leaves what it takes for an archive open. numpy multiplies out the
        # shape in 64 bits; a senseless one is an error, not a warning.
        with np.errstate(over="raise"):
            return np.lib.format.open_memmap(path, mode="r")
    except _DAMAGE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:160]
        kind = "an archive" if zipfile.is_zipfile(path) else reason
        raise ValueError(
            f"{setting} must be a whole .npy file of plain numbers, got {path} ({kind}): write "
            "one array with numpy.save"
        ) from error


def _check_header(path: Path) -> None:
    """Refuses a length before numpy reserves as much; versions 2 and 3 have room for 4 GB."""
    with path.open("rb") as handle:
        start = handle.read(_LENGTH_END)
    length = int.from_bytes(start[_LENGTH_END - 4 :], "little")
    if (
        start[:6] == np.lib.format.MAGIC_PREFIX
        and start[6:7] > b"\x01"
        and length > _LONGEST_HEADER
    ):
        raise ValueError(f"a header of {length:,} bytes")


# What numpy raises on files that are not its own; it evaluates the header as a Python literal.
_DAMAGE = (
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
    tokenize.TokenError,
)
