"""One file of a NATS-Bench folder: the results of one architecture, read without trusting it."""

import bz2
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from epsilon_research.restricted_pickle import NUMPY_SCALARS, load_pickle

_LARGEST_FILE = 64 * 1024**2
"""Bytes of an entry once decompressed; the official ones have about 330 kB."""


class Split(NamedTuple):
    """A place of an accuracy in the files: a training run and the images it was measured on."""

    run: str
    images: str

    def __str__(self) -> str:
        return f"{self.run}/{self.images}"


class Entry(NamedTuple):
    """Results of one architecture; the accuracies are fractions, in the order asked for."""

    architecture_id: str
    accuracies: tuple[float, ...]


def list_entries(folder: Path, *, official: str) -> list[Path]:
    """Return the files of architectures in `folder`, by index.

    Args:
        folder: An official folder, or some of its files.
        official: The name of the official folder, for the error message.

    Raises:
        FileNotFoundError: There are none.
    """
    entries = sorted(folder.glob("[0-9]" * 6 + ".pickle.pbz2"))
    if not entries:
        raise FileNotFoundError(
            f"benchmark.path must be the folder {official} of NATS-Bench, got "
            f"{str(folder)!r}, which holds no files such as 000000.pickle.pbz2: see "
            "https://github.com/D-X-Y/NATS-Bench"
        )
    return entries


def read_entry(
    path: Path, *, epochs: int, splits: Sequence[Split], cell: str | None = None
) -> Entry:
    """Return accuracies after the last of `epochs`, each the mean over its training seeds.

    Args:
        path: A file whose name begins with the number of its architecture.
        epochs: Which of the file's trainings, by their planned length.
        splits: Where the accuracies are.
        cell: The cell that the trained networks must have been made of, if entries say so: those of
            the size space do.

    Raises:
        ValueError: The file is damaged, names anything but plain values, or lacks a result.
    """
    content = _load(path)
    try:
        state = content[f"{epochs:02d}"]
        _check_number(state["arch_index"], path)
        name = state["arch_str"]
        if not isinstance(name, str):
            raise TypeError("an architecture that is not text")
        means = [_mean_accuracy(state, split, cell=cell) for split in splits]
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise ValueError(
            f"{path} must hold results on {', '.join(map(str, splits))} after {epochs} epochs in "
            f"NATS-Bench's format, got {reason!r}: choose others or get the file again"
        ) from error
    return Entry(name, tuple(mean / 100 for mean in means))


def _check_number(number: Any, path: Path) -> None:
    # A small pickle can nest a value that takes gigabytes to write out.
    if type(number) is not int:
        raise TypeError("an index of the architecture that is not an integer")
    if number != int(path.name.split(".")[0]):
        raise ValueError(f"those of architecture {number}")


def _mean_accuracy(state: Any, split: Split, *, cell: str | None) -> float:
    """The mean percentage over the training seeds of a run, on one set of images."""
    accuracies = []
    for seed in state["dataset_seed"][split.run]:
        # To hash or write out a value that nests others could take for ever.
        if type(seed) is not int:
            raise TypeError("a training seed that is not an integer")
        run = state["all_results"][split.run, seed]
        if cell is not None and run["arch_config"]["genotype"] != cell:
            raise ValueError("networks of another cell")
        if type(run["epochs"]) is not int:
            raise TypeError("a number of epochs that is not an integer")
        accuracy = run["eval_acc1es"][f"{split.images}@{run['epochs'] - 1}"]
        if not isinstance(accuracy, int | float | np.number):
            raise TypeError("an accuracy that is not a number")
        accuracies.append(float(accuracy))
    return sum(accuracies) / len(accuracies)


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
    return load_pickle(content, allowed=NUMPY_SCALARS, what=str(path))
