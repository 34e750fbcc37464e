"""One file of a NATS-Bench folder: the results of one architecture, read without trusting it."""

import bz2
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from epsilon_research.restricted_pickle import NUMPY_ARRAYS, load_pickle

_LARGEST_FILE = 64 * 1024**2
"""Bytes of an entry once decompressed; the official ones have about 330 kB."""


_SCALARS = {
    name: stand_in
    for name, stand_in in NUMPY_ARRAYS.items()
    if name[1] in ("OrderedDict", "bytes", "dtype", "encode", "scalar")
}
"""Entries hold single numbers of numpy; arrays could be averaged to one that fills the memory."""


class Split(NamedTuple):
    """Where nats_bench keeps an accuracy: a training run and the images it was measured on."""

    run: str
    images: str

    def __str__(self) -> str:
        return f"{self.run}/{self.images}"


class Entry(NamedTuple):
    """Results of one architecture; the accuracies are fractions, in the order asked for."""

    architecture_id: str
    accuracies: tuple[float, ...]


def list_entries(folder: Path) -> list[Path]:
    """The files of architectures in `folder`, by index.

    Raises:
        FileNotFoundError: There are none.
    """
    entries = sorted(folder.glob("[0-9]" * 6 + ".pickle.pbz2"))
    if not entries:
        raise FileNotFoundError(
            "benchmark.path must be the folder NATS-tss-v1_0-3ffb9-simple of NATS-Bench, got "
            f"{str(folder)!r}, which holds no files such as 000000.pickle.pbz2: see "
            "https://github.com/D-X-Y/NATS-Bench"
        )
    return entries


def read_entry(path: Path, *, epochs: int, splits: Sequence[Split]) -> Entry:
    """Accuracies after the last of `epochs`, each the mean over its training seeds.

    Raises:
        ValueError: The file is damaged, names anything but plain values, or lacks a result.
    """
    # Imported late: only the first reading of a folder needs it.
    from nats_bench.api_utils import ArchResults

    content = _load(path)
    try:
        state = content[f"{epochs:02d}"]
        # nats_bench would take a string for the name of a pickle and load that, unrestricted.
        if not isinstance(state, dict):
            raise TypeError(f"a {type(state).__name__} where the results should be")
        results = ArchResults.create_from_state_dict(state)
        number = int(path.name.split(".")[0])
        # A small pickle can nest a value that takes gigabytes to write out.
        if type(results.arch_index) is not int:
            raise TypeError("a number of the architecture that is none")
        if results.arch_index != number or not isinstance(results.arch_str, str):
            raise ValueError(f"those of architecture {results.arch_index}")
        found = [results.get_metrics(*split, is_random=False)["accuracy"] for split in splits]
        return Entry(results.arch_str, tuple(float(accuracy) / 100 for accuracy in found))
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise ValueError(
            f"{path} must hold results on {', '.join(map(str, splits))} after {epochs} epochs in "
            f"NATS-Bench's format, got {reason!r}: choose others or get the file again"
        ) from error


def _load(path: Path) -> Any:
    """The content of a file, without running anything that its pickle names."""
    try:
        with bz2.open(path) as handle:
            content = handle.read(_LARGEST_FILE + 1)
    except (OSError, EOFError) as error:
        raise ValueError(
            f"{path} must be a whole bz2 file, got {error}: download it again"
        ) from error
    if len(content) > _LARGEST_FILE:
        raise ValueError(
            f"{path} must unpack to at most {_LARGEST_FILE:,} bytes, got more: download it again"
        )
    return load_pickle(content, allowed=_SCALARS, what=str(path))
