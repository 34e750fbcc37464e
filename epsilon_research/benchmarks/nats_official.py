"""NAS-Bench-201's and NATS-Bench's own results, from the folders of NATS-Bench."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from epsilon_research.benchmarks.accuracy_table import ACCURACIES, AccuracyTable
from epsilon_research.benchmarks.base import Benchmark
from epsilon_research.benchmarks.converted_table import cache_path, keep, read_kept
from epsilon_research.benchmarks.nats_entry import Split, list_entries, read_entry
from epsilon_research.checks import check_choice, check_text

logger = logging.getLogger(__name__)

_CACHE_FORMAT = 1
"""Version of the conversion: raise it with a change; older files in caches are left alone."""

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


class _Files(NamedTuple):
    """What the folders of one of the two spaces hold."""

    folder: str
    epochs: tuple[int, ...]
    """Lengths of training."""
    cell: str | None
    """The cell of every network, where only widths differ."""


SIZE_CELL = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+"
    "|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
)
"""The cell of the size space."""

_FILES = {
    "topology": _Files("NATS-tss-v1_0-3ffb9-simple", (12, 200), None),
    "size": _Files("NATS-sss-v1_0-50262-simple", (1, 12, 90), SIZE_CELL),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsOfficial(Benchmark):
    """Accuracies of one of NATS-Bench's two spaces, mean over training seeds.

    The folder is read once and kept as a small parquet file in the user's cache.

    Args:
        space: "topology" (NAS-Bench-201's cells) or "size" (widths of five layers).
        path: The folder NATS-tss-v1_0-3ffb9-simple, or NATS-sss-v1_0-50262-simple of the size
            space; it may hold some of its entries only, and have another name.
        dataset: "cifar10", "cifar100" or "ImageNet16-120".
        epochs: The length of training: 12 or 200; of the size space 1, 12 or 90.
        target: "validation_accuracy" or "test_accuracy".
        validation_split: Training run and images of the validation accuracy, as the files name
            them, e.g. "cifar10-valid/x-valid"; None: the benchmark's own choice.
        test_split: The same of the test accuracy, e.g. "cifar10/ori-test", or "cifar100/x-test".
            "cifar100/ori-test" and "ImageNet16-120/ori-test" contain the validation images.

    References:
        Dong et al., "NATS-Bench", TPAMI 2021; files under the MIT licence.
    """

    space: str
    path: str
    dataset: str
    epochs: int
    target: str
    validation_split: str | None = None
    test_split: str | None = None

    def __post_init__(self) -> None:
        check_choice("benchmark.space", self.space, _FILES)
        what = "the path of a NATS-Bench folder"
        check_text("benchmark.path", self.path, what=what, example=_FILES[self.space].folder)
        check_choice("benchmark.dataset", self.dataset, _SPLITS)
        length = f"benchmark.epochs of the {self.space} space"
        check_choice(length, self.epochs, _FILES[self.space].epochs)
        check_choice("benchmark.target", self.target, ACCURACIES)
        for name, value, splits in zip(
            ("validation_split", "test_split"),
            (self.validation_split, self.test_split),
            _SPLITS[self.dataset],
            strict=True,
        ):
            if value is not None:
                setting = f"benchmark.{name} with dataset={self.dataset}"
                check_choice(setting, value, tuple(map(str, splits)))

    @property
    def splits(self) -> tuple[Split, Split]:
        """Places of validation and test accuracy."""
        validation, test = (
            choices[0] if value is None else Split(*value.split("/"))
            for value, choices in zip(
                (self.validation_split, self.test_split), _SPLITS[self.dataset], strict=True
            )
        )
        return validation, test

    def load(self) -> AccuracyTable:
        """See `Benchmark`."""
        files = _FILES[self.space]
        entries = list_entries(Path(self.path), official=files.folder)
        cached = self._cache_path(entries)
        rows = read_kept(cached)
        if rows is None:
            rows = _convert(entries, epochs=self.epochs, splits=self.splits, cell=files.cell)
            keep(rows, cached)
        split = self.splits[ACCURACIES.index(self.target)]
        return AccuracyTable(
            name="nats_official",
            rows=rows,
            target=self.target,
            higher_is_better=True,
            source=f"NATS-Bench {self.space} files, {split}, {self.epochs} epochs, mean over "
            f"training seeds, {len(rows):,} architectures",
            label=f"{self.dataset} {self.target.replace('_', ' ')}",
        )

    def _cache_path(self, entries: Sequence[Path]) -> Path:
        """A name that changes with everything that the converted table depends on."""
        stats = [(entry.name, entry.stat()) for entry in entries]
        facts = {
            "format": _CACHE_FORMAT,
            "space": self.space,
            "folder": str(Path(self.path).resolve()),
            "epochs": self.epochs,
            "splits": self.splits,
            "files": [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats],
        }
        return cache_path(f"nats_{self.space}", facts)


def _convert(
    entries: Sequence[Path], *, epochs: int, splits: Sequence[Split], cell: str | None
) -> pd.DataFrame:
    from rich.console import Console
    from rich.progress import track

    rows = []
    for path in track(
        entries,
        description="reading NATS-Bench",
        console=Console(stderr=True),
        transient=True,
    ):
        entry = read_entry(path, epochs=epochs, splits=splits, cell=cell)
        rows.append((entry.architecture_id, *entry.accuracies))
    return pd.DataFrame(rows, columns=["architecture_id", *ACCURACIES])
