"""NAS-Bench-101's official file as a table: one row per architecture, over its repeats."""

import logging
from array import array
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from epsilon_research.benchmarks.nb101_record import Nb101Record, parse_record
from epsilon_research.benchmarks.tfrecord import FRAME_BYTES, read_records

logger = logging.getLogger(__name__)

STATISTICS = ("mean", "min", "max")

_ACCURACIES = ("validation_accuracy", "test_accuracy")
_NUM_REPEATS = 3
"""Training runs of each architecture in the official file."""

_LARGEST_RECORD = 1 << 16
"""Bytes; the official ones have about 400."""

_RECORDS_BETWEEN_UPDATES = 2000


def convert(path: Path, *, epochs: int) -> pd.DataFrame:
    """Return the final accuracies of every architecture, in order of first appearance.

    The file is read in one pass; memory grows with the rows of the result only.

    Args:
        path: An official TFRecord file.
        epochs: Records of other lengths of training are checked and left out.

    Returns:
        Columns `architecture_id` (see `Nb101Record`), `module_hash`, `num_vertices`,
        `trainable_parameters`, mean, min and max over the repeats of both accuracies (fractions;
        `validation_accuracy_mean`, ...), `num_repeats`, `training_time` (seconds, mean over the
        repeats) and `epochs`.

    Raises:
        ValueError: The file is damaged, a record is not what it must be or contradicts an earlier
            one, or none is of `epochs`; names the file and the record, counted from 1.
        OSError: The file cannot be read.
    """
    repeats = _Repeats()
    lengths: Counter[int] = Counter()
    for number, data in enumerate(_with_progress(path), start=1):
        what = f"record {number} of {path}"
        record = parse_record(data, what=what)
        lengths[record.epochs] += 1
        if record.epochs == epochs:
            repeats.add(record, what=what)
    if not lengths[epochs]:
        found = ", ".join(map(str, sorted(lengths)[:10])) or "no records at all"
        raise ValueError(
            f"{path} must hold training runs of benchmark.epochs={epochs}, got {found}: choose "
            "epochs that it has, or pass the official file"
        )
    rows = repeats.rows().assign(epochs=np.int16(epochs))
    _report(rows, path)
    return rows


class _Repeats:
    """The training runs read so far, in compact columns."""

    def __init__(self) -> None:
        self._hashes: dict[str, int] = {}
        self._ids: dict[str, int] = {}
        self._num_vertices = array("b")
        self._parameters = array("i")
        self._row = array("i")
        self._values = {name: array("d") for name in (*_ACCURACIES, "training_time")}

    def add(self, record: Nb101Record, *, what: str) -> None:
        """Counts one more training run.

        Raises:
            ValueError: It contradicts an earlier one.
        """
        row = self._hashes.get(record.module_hash)
        if row is None or self._ids.get(record.architecture_id) != row:
            row = self._new_row(record, row, what=what)
        if record.trainable_parameters != self._parameters[row]:
            raise ValueError(
                f"{what} must have the trainable parameters of the earlier ones of its module "
                f"hash ({self._parameters[row]}), got {record.trainable_parameters}: pass the "
                "official file"
            )
        self._row.append(row)
        for name, values in self._values.items():
            values.append(getattr(record, name))

    def _new_row(self, record: Nb101Record, row: int | None, *, what: str) -> int:
        if row is not None:
            raise ValueError(
                f"{what} must have the graph of the earlier ones of its module hash "
                f"{record.module_hash}, got {record.architecture_id}: pass the official file"
            )
        if record.architecture_id in self._ids:
            raise ValueError(
                f"{what} must have the module hash of the earlier ones of its graph "
                f"{record.architecture_id}, got {record.module_hash}: pass the official file"
            )
        row = len(self._ids)
        self._hashes[record.module_hash] = row
        self._ids[record.architecture_id] = row
        self._num_vertices.append(record.num_vertices)
        self._parameters.append(record.trainable_parameters)
        return row

    def rows(self) -> pd.DataFrame:
        """Return one row per architecture."""
        row = np.asarray(self._row)
        counts = np.bincount(row)
        columns: dict[str, object] = {
            "architecture_id": list(self._ids),
            "module_hash": list(self._hashes),
            "num_vertices": np.asarray(self._num_vertices),
            "trainable_parameters": np.asarray(self._parameters),
        }
        for name in _ACCURACIES:
            values = np.asarray(self._values[name])
            least, most = np.full(len(counts), np.inf), np.full(len(counts), -np.inf)
            np.minimum.at(least, row, values)
            np.maximum.at(most, row, values)
            # Rounded, the mean of equal numbers can lie beside them.
            mean = (np.bincount(row, weights=values) / counts).clip(least, most)
            for statistic, column in zip(STATISTICS, (mean, least, most), strict=True):
                columns[f"{name}_{statistic}"] = column
        columns["num_repeats"] = counts.astype(np.int16)
        times = np.asarray(self._values["training_time"])
        columns["training_time"] = np.bincount(row, weights=times) / counts
        return pd.DataFrame(columns)


def _with_progress(path: Path) -> Iterator[bytes]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading NAS-Bench-101", total=path.stat().st_size)
        place = 0
        for number, data in enumerate(read_records(path, largest=_LARGEST_RECORD)):
            yield data
            place += len(data) + FRAME_BYTES
            if number % _RECORDS_BETWEEN_UPDATES == 0:
                progress.update(task, completed=place)


def _report(rows: pd.DataFrame, path: Path) -> None:
    """Says what the numbers alone do not show."""
    repeats = rows["num_repeats"].to_numpy()
    others = np.count_nonzero(repeats != _NUM_REPEATS)
    if others:
        logger.warning(
            "%s: %s of %s architectures have not %d training runs but %d to %d; their statistics "
            "are over those that they have",
            path, f"{others:,}", f"{len(rows):,}", _NUM_REPEATS, repeats.min(), repeats.max(),
        )  # fmt: skip
