"""CIFAR-10 and CIFAR-100 from their official archives."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
from jaxtyping import Int64, UInt8

from epsilon_research.checks import check_choice
from epsilon_research.data.base import IMAGES, Dataset, Minibatch, check_available
from epsilon_research.data.normalisation import (
    CIFAR10_MEAN,
    CIFAR10_STD,
    CIFAR100_MEAN,
    CIFAR100_STD,
    Triple,
    normalise,
)
from epsilon_research.data.pickled_batch import images_of_batch, labels_of_batch, load_batch
from epsilon_research.download import check_sha256, download
from epsilon_research.user_cache import user_cache

_SIDE = 32
_LARGEST_MEMBER = 256 * 1024**2
"""Bytes; the largest official member, CIFAR-100's `train`, has 148 MiB."""


_LARGEST_ARCHIVE = 512 * 1024**2
"""Bytes once unpacked; the official ones have 178 MiB."""


_MOST_ENDS = 8
"""Number of times that the end of an archive is met; tarfile asks twice at a regular one."""


class Release(NamedTuple):
    """An official archive."""

    name: str
    url: str
    folder: str
    """Name of the folder in the archive."""
    sha256: str
    members: tuple[str, ...]
    """The pickled batches of training images."""
    num_images: int
    labels: str
    """The key of the labels in a batch."""
    mean: Triple
    std: Triple


RELEASES = {
    10: Release(
        name="cifar10",
        url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        folder="cifar-10-batches-py",
        sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        members=tuple(f"data_batch_{number}" for number in range(1, 6)),
        num_images=50_000,
        labels="labels",
        mean=CIFAR10_MEAN,
        std=CIFAR10_STD,
    ),
    100: Release(
        name="cifar100",
        url="https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
        folder="cifar-100-python",
        sha256="85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
        members=("train",),
        num_images=50_000,
        labels="fine_labels",
        mean=CIFAR100_MEAN,
        std=CIFAR100_STD,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cifar(Dataset):
    """The training images of CIFAR-10 or CIFAR-100; a minibatch is drawn without replacement.

    Without `root` the official archive is downloaded once to the user's cache and checked.

    Args:
        num_classes: 10 or 100.
        root: A local copy: the official archive, or the folder that it was extracted to.

    References:
        Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
    """

    connects: ClassVar[Mapping[str, Callable[[object], bool]]] = {"root": lambda root: root is None}

    num_classes: int
    root: str | None = None
    name: str = field(init=False)
    kind: str = IMAGES

    def __post_init__(self) -> None:
        check_choice("dataset.num_classes", self.num_classes, RELEASES)
        object.__setattr__(self, "name", self.release.name)

    @property
    def release(self) -> Release:
        """The official archive of this dataset."""
        return RELEASES[self.num_classes]

    def check(self, *, batch_size: int) -> None:
        """See `Dataset`; a local copy must exist, and a folder hold its batches."""
        Dataset.check(self, batch_size=batch_size)
        check_available(self.name, batch_size=batch_size, available=self.release.num_images)
        if self.root is not None:
            _check_root(Path(self.root), self.release)

    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        """See `Dataset`."""
        images, labels = self._read()
        check_available(self.name, batch_size=batch_size, available=len(images))
        rows = rng.choice(len(images), size=batch_size, replace=False)
        return Minibatch(
            inputs=normalise(images[rows], mean=self.release.mean, std=self.release.std),
            kind=self.kind,
            dataset=self.name,
            labels=labels[rows],
        )

    def _read(self) -> tuple[UInt8[np.ndarray, "images 32 32 3"], Int64[np.ndarray, " images"]]:
        """All training images and their labels."""
        members = self.release.members
        path = self._download() if self.root is None else self._local_copy(Path(self.root))
        if path.is_dir():
            batches = [(path / member).read_bytes() for member in members]
        else:
            batches = read_archive(path, members)
        images, labels = [], []
        for member, content in zip(members, batches, strict=True):
            what = f"{member} in {path}"
            batch = load_batch(content, what=what)
            images.append(images_of_batch(batch, side=_SIDE, what=what))
            count = len(images[-1])
            key = self.release.labels
            labels.append(labels_of_batch(batch, key=key, first=0, num_images=count, what=what))
        return np.concatenate(images), np.concatenate(labels)

    def _local_copy(self, root: Path) -> Path:
        _check_root(root, self.release)
        if root.is_file():
            check_sha256(root, sha256=self.release.sha256)
        return root

    def _download(self) -> Path:
        return download(
            self.release.url,
            user_cache() / Path(self.release.url).name,
            check=partial(check_sha256, sha256=self.release.sha256),
            advice="pass dataset.root=PATH of the archive or its folder",
        )


def _check_root(root: Path, release: Release) -> None:
    archive = Path(release.url).name
    if not (root.is_file() or root.is_dir()):
        raise FileNotFoundError(
            f"dataset.root must be the archive {archive} or the folder {release.folder} extracted "
            f"from it, got {str(root)!r}, which is neither: check the path"
        )
    missing = [member for member in release.members if not (root / member).is_file()]
    if root.is_dir() and missing:
        raise FileNotFoundError(
            f"dataset.root must be a folder with the file {missing[0]}, got {str(root)!r} without "
            f"it: pass the folder {release.folder} itself, or the archive {archive}"
        )


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def read_archive(path: Path, members: Sequence[str]) -> list[bytes]:
    """Return the bytes of `members`, read one by one: nothing is extracted to disk.

    Raises:
        ValueError: The file is not an archive, is truncated, or lacks a member.
    """
    found: dict[str, bytes] = {}
    try:
        # As a stream, since a size below zero would have tarfile go back for ever.
        with (
            gzip.open(path) as packed,
            tarfile.open(fileobj=_Bounded(packed), mode="r|") as archive,
        ):
            for entry in archive:
                name = Path(entry.name).name
                if name in members and entry.isfile() and 0 <= entry.size <= _LARGEST_MEMBER:
                    handle = archive.extractfile(entry)
                    assert handle is not None
                    found[name] = handle.read()
    except _DAMAGE as error:
        raise ValueError(
            f"{path} must be a whole .tar.gz archive, got {_first_line(error)!r}: download it again"
        ) from error
    missing = [name for name in members if name not in found]
    if missing:
        got = ", ".join(sorted(found)) or "none of the batches"
        raise ValueError(f"{path} must contain {missing[0]}, got {got}: download it again")
    return [found[name] for name in members]


class _Bounded(io.RawIOBase):
    """What a file unpacks to, up to the most that an archive may have."""

    def __init__(self, unpacked: gzip.GzipFile) -> None:
        self._unpacked = unpacked
        self._left = _LARGEST_ARCHIVE
        self._num_ends = 0

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes.

        Raises:
            ReadError: There are too many, or none any more though they are asked for again.
        """
        content = self._unpacked.read(size)
        self._left -= len(content)
        self._num_ends += not content
        # tarfile would go on through all of a member that promises to be endless.
        if self._num_ends > _MOST_ENDS:
            raise tarfile.ReadError("an end within a member")
        if self._left < 0:
            raise tarfile.ReadError(f"more than {_LARGEST_ARCHIVE:,} bytes")
        return content


# What tarfile and gzip raise on damaged archives; the first is of headers that it takes apart.
_DAMAGE = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    ValueError,
    tarfile.TarError,
    zlib.error,
)
