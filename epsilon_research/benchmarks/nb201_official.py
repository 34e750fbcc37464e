"""NAS-Bench-201's own results, from a NATS-Bench topology folder."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from epsilon_research.benchmarks.accuracy_table import ACCURACIES, AccuracyTable
from epsilon_research.benchmarks.base import Benchmark
from epsilon_research.benchmarks.converted_table import cache_path, keep, read_kept
from epsilon_research.benchmarks.nats_entry import Split, list_entries, read_entry

logger = logging.getLogger(__name__)

_CACHE_FORMAT = 1
"""To be raised when the conversion changes, so that older files in caches are left alone."""

_SPLITS = {
    # CIFAR-10's validation accuracy is of networks trained on half of the training images, its
    # test accuracy of networks trained on all of them: two training runs of one architecture.
    "cifar10": (
        (Split("cifar10-valid", "x-valid"),),
        (Split("cifar10", "ori-test"), Split("cifar10-valid", "ori-test")),
    ),
    # Here "ori-test" is "x-valid" and "x-test" together.
    "cifar100": (
        (Split("cifar100", "x-valid"),),
        (Split("cifar100", "x-test"), Split("cifar100", "ori-test")),
    ),
    "ImageNet16-120": (
        (Split("ImageNet16-120", "x-valid"),),
        (Split("ImageNet16-120", "x-test"), Split("ImageNet16-120", "ori-test")),
    ),
}
"""Splits for validation and for test accuracy; the first of each is the benchmark's own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nb201Official(Benchmark):
    """Accuracies of NAS-Bench-201, mean over training seeds, read with the package nats_bench.

    The folder is read once and kept as a small parquet file in the user's cache.

    Args:
        path: The folder NATS-tss-v1_0-3ffb9-simple; it may hold some of its entries only, and
            have another name.
        dataset: "cifar10", "cifar100" or "ImageNet16-120".
        epochs: 12 or 200, the length of training.
        target: "validation_accuracy" or "test_accuracy".
        validation_split: Training run and images of the validation accuracy, as nats_bench names
            them, e.g. "cifar10-valid/x-valid"; None: the benchmark's own choice.
        test_split: The same of the test accuracy, e.g. "cifar10/ori-test", or "cifar100/x-test".
            "cifar100/ori-test" and "ImageNet16-120/ori-test" contain the validation images.

    References:
        Dong et al., "NATS-Bench", TPAMI 2021; files and package under the MIT licence.
    """

    path: str
    dataset: str
    epochs: int
    target: str
    validation_split: str | None = None
    test_split: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.path, str):
            raise ValueError(
                "benchmark.path must be the path of a NATS-Bench topology folder, got "
                f"{self.path!r}: give it as text"
            )
        _check("dataset", self.dataset, tuple(_SPLITS))
        _check("epochs", self.epochs, (12, 200))
        _check("target", self.target, ACCURACIES)
        for name, value, splits in zip(
            ("validation_split", "test_split"),
            (self.validation_split, self.test_split),
            _SPLITS[self.dataset],
            strict=True,
        ):
            if value is not None:
                _check(f"{name} with dataset={self.dataset}", value, tuple(map(str, splits)))

    @property
    def splits(self) -> tuple[Split, Split]:
        """Where validation and test accuracy come from."""
        validation, test = (
            choices[0] if value is None else Split(*value.split("/"))
            for value, choices in zip(
                (self.validation_split, self.test_split), _SPLITS[self.dataset], strict=True
            )
        )
        return validation, test

    def load(self) -> AccuracyTable:
        """See `Benchmark`."""
        entries = list_entries(Path(self.path))
        cached = self._cache_path(entries)
        rows = read_kept(cached)
        if rows is None:
            rows = _convert(entries, epochs=self.epochs, splits=self.splits)
            keep(rows, cached)
        split = self.splits[ACCURACIES.index(self.target)]
        return AccuracyTable(
            name="nb201_official",
            rows=rows,
            target=self.target,
            higher_is_better=True,
            source=f"NATS-Bench topology files, {split}, {self.epochs} epochs, mean over training "
            f"seeds, {len(rows):,} architectures",
            label=f"{self.dataset} {self.target.replace('_', ' ')}",
        )

    def _cache_path(self, entries: Sequence[Path]) -> Path:
        """A name that changes with everything that the converted table depends on."""
        stats = [(entry.name, entry.stat()) for entry in entries]
        facts = {
            "format": _CACHE_FORMAT,
            "folder": str(Path(self.path).resolve()),
            "epochs": self.epochs,
            "splits": self.splits,
            "files": [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats],
        }
        return cache_path("nb201_official", facts)


def _check(name: str, value: object, choices: Sequence[object]) -> None:
    if value not in choices:
        raise ValueError(
            f"benchmark.{name} must be one of {', '.join(map(str, choices))}, got {value!r}: "
            "choose one of them"
        )


def _convert(entries: Sequence[Path], *, epochs: int, splits: Sequence[Split]) -> pd.DataFrame:
    from rich.console import Console
    from rich.progress import track

    rows = []
    for path in track(
        entries,
        description="reading NATS-Bench",
        console=Console(stderr=True),
        transient=True,
    ):
        entry = read_entry(path, epochs=epochs, splits=splits)
        rows.append((entry.architecture_id, *entry.accuracies))
    return pd.DataFrame(rows, columns=["architecture_id", *ACCURACIES])
