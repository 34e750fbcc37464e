"""Parquet and csv tables: accuracies, score files, a metric's column, NAS-Bench-101 converted."""

import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from epsilon_research.benchmarks.nb101_official import Nb101Official
from epsilon_research.benchmarks.table import Table
from epsilon_research.data import Minibatch
from epsilon_research.metrics.column import Column
from tests.fuzz.target import Target, answered, in_file

FRAME = pd.DataFrame(
    {
        "architecture_id": ["a", "b", "c"],
        "validation_accuracy": [0.5, np.nan, 0.75],
        "test_accuracy": [0.25, 0.5, 1.0],
        "note": ["x", None, "y"],
    }
)
CONVERTED = pd.DataFrame(
    {
        "architecture_id": ["1", "110011-c3-mp"],
        "module_hash": ["a" * 32, "b" * 32],
        "num_repeats": np.array([3, 3], np.int16),
        "epochs": np.array([108, 108], np.int16),
        **{
            f"{name}_{statistic}": [0.5, 0.75]
            for name in ("validation_accuracy", "test_accuracy")
            for statistic in ("mean", "min", "max")
        },
    }
)
MINIBATCH = Minibatch(
    inputs=np.random.default_rng(0).normal(size=(3, 3, 4, 4)).astype(np.float32),
    kind="images",
    dataset="noise",
)


def _accuracies(path: Path) -> None:
    table = Table(path=str(path)).load()
    table.lookup([str(table.rows["architecture_id"].iloc[0])])


def _column(path: Path) -> None:
    Column(path=str(path), column="test_accuracy").scorer(MINIBATCH)


def _converted(path: Path) -> None:
    Nb101Official(path=str(path)).load()


def _reader(read: Callable[[Path], object], ending: str) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        # What does not begin so is read as another kind of file.
        data = b"PAR1" + data[4:] if read is _converted else data
        path = in_file(data, f"table{ending}")
        with answered():
            read(path)

    return run


def parquet(frame: pd.DataFrame, **options: object) -> bytes:
    """The frame as pyarrow writes it."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, engine="pyarrow", **options)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return buffer.getvalue()


def _parquet_seeds(frame: pd.DataFrame) -> Sequence[bytes]:
    small = frame.iloc[:, :3]
    return [
        parquet(frame),
        parquet(small, compression=None, index=False),
        parquet(small, compression="gzip", use_dictionary=False, data_page_version="2.0"),
        parquet(frame.set_index(frame.columns[0])),
        parquet(frame.iloc[:0]),
        b"PAR1PAR1",
    ]


def _csv_seeds() -> Sequence[bytes]:
    return [
        FRAME.to_csv(index=False).encode(),
        FRAME.iloc[:, :3].to_csv(index=False, sep=";").encode(),
        b'architecture_id,test_accuracy\n"a\nb",0.5\n',
        b"architecture_id,test_accuracy\na,0.5,1,1\nb,0.5\n",
        b"architecture_id,architecture_id,test_accuracy\na,b,0.5\n",
        b"architecture_id,test_accuracy\na,True\nb,0.5\n",
        b"architecture_id,test_accuracy\na,1e400\nb,99999999999999999999999999\n",
        b"architecture_id,test_accuracy\na,1+2j\n",
        b"\xef\xbb\xbfarchitecture_id,test_accuracy\r\na,\r\n",
        b"architecture_id,test_accuracy\n\xff,0.5\n",
        b"",
        b"\n\n",
    ]


TARGETS = (
    *(
        Target(name=f"{name}_csv", run=_reader(read, ".csv"), seeds=_csv_seeds)
        for name, read in (("table", _accuracies), ("column", _column))
    ),
    *(
        Target(
            name=f"{name}_parquet",
            run=_reader(read, ".parquet"),
            seeds=partial(_parquet_seeds, frame),
        )
        for name, read, frame in (
            ("table", _accuracies, FRAME),
            ("column", _column, FRAME),
            ("nb101", _converted, CONVERTED),
        )
    ),
)
