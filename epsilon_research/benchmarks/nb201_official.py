"""NAS-Bench-201's own results, from a NATS-Bench topology folder."""

import bz2
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from epsilon_research.benchmarks.base import ACCURACIES, AccuracyTable, Benchmark
from epsilon_research.restricted_pickle import NUMPY_ARRAYS, load_pickle

_LARGEST_FILE = 64 * 1024**2
"""Bytes of an entry once decompressed; the official ones have about 330 kB, the list 1.4 MB."""


class _Split(NamedTuple):
    """Where nats_bench keeps an accuracy: a training run and the images it was measured on."""

    run: str
    images: str


_SPLITS = {
    # CIFAR-10's validation accuracy is of networks trained on half of the training images; its
    # test accuracy of networks trained on all of them.
    "cifar10": (_Split("cifar10-valid", "x-valid"), _Split("cifar10", "ori-test")),
    "cifar100": (_Split("cifar100", "x-valid"), _Split("cifar100", "x-test")),
    "ImageNet16-120": (
        _Split("ImageNet16-120", "x-valid"),
        _Split("ImageNet16-120", "x-test"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Nb201Official(Benchmark):
    """Accuracies of NAS-Bench-201, mean over training seeds, read with the package nats_bench.

    The folder is read once and kept as a small parquet file in the user's cache.

    Args:
        path: The folder NATS-tss-v1_0-3ffb9-simple; it may hold some of its entries only.
        dataset: "cifar10", "cifar100" or "ImageNet16-120".
        epochs: 12 or 200.
        target: "validation_accuracy" or "test_accuracy".

    References:
        Dong et al., "NATS-Bench", TPAMI 2021; files and package under the MIT licence.
    """

    path: str
    dataset: str
    epochs: int
    target: str

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("dataset", self.dataset, tuple(_SPLITS)),
            ("epochs", self.epochs, (12, 200)),
            ("target", self.target, ACCURACIES),
        ):
            if value not in choices:
                raise ValueError(
                    f"benchmark.{name} must be one of {', '.join(map(str, choices))}, got {value}"
                )

    def load(self) -> AccuracyTable:
        """See `Benchmark`."""
        folder = Path(self.path)
        entries = _entries(folder)
        cached = _cache_path(self, folder, entries)
        if cached.is_file():
            rows = pd.read_parquet(cached)
        else:
            rows = self._convert(folder, entries)
            _keep(rows, cached)
        split = self.target.removesuffix("_accuracy")
        return AccuracyTable(
            name="nb201_official",
            rows=rows,
            target=self.target,
            higher_is_better=True,
            source=f"NATS-Bench topology files, {self.dataset}, {self.epochs} epochs, {split} "
            "accuracy, mean over training seeds",
            label=f"{self.dataset} {split} accuracy",
        )

    def _convert(self, folder: Path, entries: list[Path]) -> pd.DataFrame:
        from rich.progress import track

        names = _load(folder / "meta.pickle.pbz2")["meta_archs"]
        rows = []
        for entry in track(entries, description="reading NATS-Bench", transient=True):
            index = int(entry.name.split(".")[0])
            rows.append((names[index], *self._accuracies(entry)))
        return pd.DataFrame(rows, columns=["architecture_id", *ACCURACIES])

    def _accuracies(self, entry: Path) -> Iterator[float]:
        """Validation and test accuracy of one architecture, fractions."""
        from nats_bench.api_utils import ArchResults

        content = _load(entry)
        try:
            results = ArchResults.create_from_state_dict(content[f"{self.epochs:02d}"])
            for run, images in _SPLITS[self.dataset]:
                yield results.get_metrics(run, images, is_random=False)["accuracy"] / 100
        except (KeyError, TypeError, AttributeError, ValueError, AssertionError) as error:
            raise ValueError(
                f"{entry} must hold results on {self.dataset} after {self.epochs} epochs in "
                f"NATS-Bench's format, got {type(error).__name__} {error}"
            ) from error


def _entries(folder: Path) -> list[Path]:
    if not (folder / "meta.pickle.pbz2").is_file():
        raise FileNotFoundError(
            "benchmark.path must be the folder NATS-tss-v1_0-3ffb9-simple of NATS-Bench, got "
            f"{str(folder)!r}, which has no meta.pickle.pbz2: see "
            "https://github.com/D-X-Y/NATS-Bench"
        )
    entries = sorted(folder.glob("[0-9]" * 6 + ".pickle.pbz2"))
    if not entries:
        raise FileNotFoundError(
            f"benchmark.path must hold entries such as 000000.pickle.pbz2, got none in {folder}"
        )
    return entries


def _load(path: Path) -> Any:
    """A file of the folder, without running anything that its pickle names."""
    try:
        with bz2.open(path) as handle:
            content = handle.read(_LARGEST_FILE + 1)
    except (OSError, EOFError) as error:
        raise ValueError(
            f"{path} must be a whole bz2 file, got {error}: download it again"
        ) from error
    if len(content) > _LARGEST_FILE:
        raise ValueError(f"{path} must unpack to at most {_LARGEST_FILE:,} bytes, got more")
    return load_pickle(content, allowed=NUMPY_ARRAYS, what=str(path))


def _cache_path(benchmark: Nb201Official, folder: Path, entries: list[Path]) -> Path:
    """A name that changes with everything that the converted table depends on."""
    import pooch

    facts = asdict(benchmark) | {
        "path": str(folder.resolve()),
        "target": None,
        "files": [(entry.name, (s := entry.stat()).st_size, s.st_mtime_ns) for entry in entries],
    }
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    return Path(pooch.os_cache("epsilon_research")) / f"nb201_official_{key}.parquet"


def _keep(rows: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(f".{os.getpid()}.tmp")
    rows.to_parquet(aside)
    aside.replace(path)


