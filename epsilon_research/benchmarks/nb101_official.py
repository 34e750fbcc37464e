"""NAS-Bench-101's own results, from its official file."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import pandas as pd

from epsilon_research.benchmarks.accuracy_table import ACCURACIES, AccuracyTable
from epsilon_research.benchmarks.base import Benchmark
from epsilon_research.benchmarks.converted_table import cache_path, keep, read_kept
from epsilon_research.benchmarks.nb101_conversion import STATISTICS, convert
from epsilon_research.bounded_table import read_parquet
from epsilon_research.checks import check_boolean, check_choice, check_text
from epsilon_research.download import check_sha256, download

logger = logging.getLogger(__name__)

URL = "https://storage.googleapis.com/nasbench/nasbench_only108.tfrecord"
SHA256 = "4c39c3936e36a85269881d659e44e61a245babcb72cb374eacacf75d0e5f4fd1"
_EPOCHS_OF_URL = 108
_LENGTHS = (4, 12, 36, 108)
"""Epochs; the official nasbench_full.tfrecord has all four, nasbench_only108.tfrecord the last."""

_CACHE_FORMAT = 1
"""Version of the conversion: raise it with a change; older files in caches are left alone."""

_MAGIC = b"PAR1"
"""How a parquet file begins; a TFRecord file does not, its first length would be absurd."""

_COLUMNS = (
    "architecture_id", "module_hash", "num_repeats", "epochs",
    *(f"{name}_{statistic}" for name in ACCURACIES for statistic in STATISTICS),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Nb101Official(Benchmark):
    """Accuracies of NAS-Bench-101 on CIFAR-10 after training, over three repeats.

    The official file is read once, without TensorFlow, and kept as a small parquet file in the
    user's cache. Rows keep the file's order, of which the epsilon paper's first 5,000 are.

    Args:
        path: The file nasbench_only108.tfrecord (or nasbench_full.tfrecord), or a parquet file
            converted from it.
        download: True in place of `path`: the official file (499 MB), downloaded once and checked.
            With neither there is no table.
        target: "test_accuracy" (of the published statistics) or "validation_accuracy".
        epochs: Length of training: 108, or 4, 12 or 36 if the file has them.
        statistic: "mean", "min" or "max" over the repeats.

    References:
        Ying et al., "NAS-Bench-101: Towards Reproducible Neural Architecture Search", ICML 2019;
        file under the Apache licence 2.0.
    """

    connects: ClassVar[Mapping[str, Callable[[object], bool]]] = {
        "download": lambda download: download is not False
    }

    path: str | None = None
    download: bool = False
    target: str = "test_accuracy"
    epochs: int = _EPOCHS_OF_URL
    statistic: str = "mean"

    def __post_init__(self) -> None:
        if self.path is not None:
            what = "the path of NAS-Bench-101's official file"
            check_text("benchmark.path", self.path, what=what, example="nasbench_only108.tfrecord")
        check_boolean("benchmark.download", self.download)
        if self.path is not None and self.download:
            raise ValueError(
                "at most one of benchmark.path and benchmark.download must be given, got "
                f"{self.path!r} and true: leave one out"
            )
        check_choice("benchmark.target", self.target, ACCURACIES)
        check_choice("benchmark.epochs", self.epochs, _LENGTHS)
        check_choice("benchmark.statistic", self.statistic, STATISTICS)
        if self.download and self.epochs != _EPOCHS_OF_URL:
            raise ValueError(
                f"benchmark.epochs must be {_EPOCHS_OF_URL} with benchmark.download=true, got "
                f"{self.epochs}: pass benchmark.path of nasbench_full.tfrecord for others"
            )

    def load(self) -> AccuracyTable | None:
        """See `Benchmark`; None without `path` and `download`."""
        if self.path is None and not self.download:
            logger.info(
                "no accuracies: benchmark.download=true gets NAS-Bench-101's (499 MB, once), "
                "benchmark.path=FILE reads a copy of nasbench_only108.tfrecord"
            )
            return None
        rows = self._downloaded() if self.path is None else self._local(Path(self.path))
        used = {name: rows[f"{name}_{self.statistic}"] for name in ACCURACIES}
        repeats = rows["num_repeats"].to_numpy()
        fewest, most = int(repeats.min()), int(repeats.max())
        return AccuracyTable(
            name="nb101_official",
            rows=rows[["architecture_id", "module_hash", "num_repeats"]].assign(**used),
            target=self.target,
            higher_is_better=True,
            source=f"NAS-Bench-101, {Path(self.path or URL).name}, {self.target}, {self.epochs} "
            f"epochs, {self.statistic} over {fewest if fewest == most else f'{fewest} to {most}'} "
            f"repeats, {len(rows):,} architectures",
            label=f"cifar10 {self.target.replace('_', ' ')}",
        )

    def _downloaded(self) -> pd.DataFrame:
        # Named by the content, so the official file may be deleted once it is converted.
        kept = self._cache_path({"sha256": SHA256})
        rows = read_kept(kept)
        if rows is None:
            path = download(
                URL,
                kept.parent / Path(URL).name,
                check=partial(check_sha256, sha256=SHA256),
                advice="pass benchmark.path=FILE of a copy, or benchmark=none",
            )
            rows = _convert_and_keep(path, kept, epochs=self.epochs)
        return rows

    def _local(self, path: Path) -> pd.DataFrame:
        if not path.is_file():
            raise FileNotFoundError(
                "benchmark.path must be an existing file, nasbench_only108.tfrecord of "
                f"NAS-Bench-101, got {str(path)!r}, which is not a file: check the path, or pass "
                "benchmark.download=true"
            )
        if _is_parquet(path):
            return _read_parquet(path, epochs=self.epochs)
        stat = path.stat()
        kept = self._cache_path(
            {"path": str(path.resolve()), "size": stat.st_size, "mtime": stat.st_mtime_ns}
        )
        rows = read_kept(kept)
        return _convert_and_keep(path, kept, epochs=self.epochs) if rows is None else rows

    def _cache_path(self, source: dict[str, object]) -> Path:
        """A name that changes with everything that the converted table depends on."""
        facts = {"format": _CACHE_FORMAT, "epochs": self.epochs, **source}
        return cache_path("nb101_official", facts)


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as handle:
        return handle.read(len(_MAGIC)) == _MAGIC


def _read_parquet(path: Path, *, epochs: int) -> pd.DataFrame:
    """A file that was converted before."""
    rows = read_parquet(path, setting="benchmark.path", advice="convert the official file again")
    missing = [name for name in _COLUMNS if name not in rows]
    if missing:
        raise ValueError(
            f"{path} must have the columns of a converted nasbench_only108.tfrecord, got none "
            f"called {', '.join(missing)}: pass that file, or benchmark=table for another table"
        )
    wrong = [name for name in _COLUMNS[2:] if rows[name].dtype.kind not in "iuf"]
    if wrong:
        raise ValueError(
            f"column {wrong[0]} of {path} must hold numbers, got {rows[wrong[0]].dtype}: convert "
            "the official file again"
        )
    found = sorted(set(rows["epochs"].tolist()))
    if found != [epochs]:
        raise ValueError(
            f"{path} must hold training runs of benchmark.epochs={epochs}, got "
            f"{', '.join(map(str, found[:10])) or 'no rows'}: choose epochs that it has, or pass "
            "the official file"
        )
    return rows


def _convert_and_keep(path: Path, kept: Path, *, epochs: int) -> pd.DataFrame:
    logger.info("%s is converted once, which takes about a minute for the whole of it", path)
    rows = convert(path, epochs=epochs)
    if keep(rows, kept):
        logger.info("%s has its %s architectures", kept, f"{len(rows):,}")
    return rows
