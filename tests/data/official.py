"""Small files in the layout of the official archives of CIFAR and ImageNet16."""

import io
import pickle
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

# The pickler in Python, which unlike the one in C can be told how to write a type.
_Pickler: Any = vars(pickle)["_Pickler"]


class _Python2Pickler(_Pickler):
    """Writes bytes as Python 2 wrote its strings."""

    def save_string(self, value: bytes) -> None:
        self.write(pickle.BINSTRING + len(value).to_bytes(4, "little") + value)
        self.memoize(value)

    dispatch = _Pickler.dispatch | {bytes: save_string}


def pickled_by_python2(value: Any) -> bytes:
    """The pickle that Python 2 and the numpy of its time would have written, with `bytes` keys."""
    buffer = io.BytesIO()
    _Python2Pickler(buffer, protocol=2).dump(value)
    return buffer.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


class Touch:
    """Pickles as a call that creates a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self._path,)


def rows(num_images: int, *, side: int, seed: int) -> np.ndarray:
    """Random images as the archives store them: uint8 (images, 3 * side * side)."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (num_images, 3 * side**2)).astype(np.uint8)


def write_archive(path: Path, members: Mapping[str, bytes]) -> Path:
    """A .tar.gz file with these members."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path
