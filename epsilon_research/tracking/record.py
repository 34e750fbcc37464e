"""The files of a run, written so that each is whole or absent whenever the run is interrupted.

One that cannot be written raises an `OSError` and leaves nothing behind.
"""

import errno
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from epsilon_research.atomic_file import write_atomically


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as parquet, without its index.

    A column without any value (say, failures where nothing failed) is written as text, so that all
    runs have the same types.
    """
    table = pa.Table.from_pandas(frame, preserve_index=False)
    fields = [
        field.with_type(pa.string()) if pa.types.is_null(field.type) else field
        for field in table.schema
    ]
    table = table.cast(pa.schema(fields, metadata=table.schema.metadata))
    _write_atomically(path, lambda handle: pq.write_table(table, handle))


def write_json(value: Mapping[str, Any], path: Path) -> None:
    """Write a value as `to_plain` makes it, indented and with keys in their given order.

    Raises:
        TypeError: A value is of a type that JSON cannot hold.
    """
    text = json.dumps(to_plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    _write_atomically(path, lambda handle: handle.write(text.encode()))


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV in UTF-8 with a line of column names, without its index."""
    text = frame.to_csv(index=False, lineterminator="\n")
    _write_atomically(path, lambda handle: handle.write(text.encode()))


def to_plain(value: Any) -> Any:
    """`value` as JSON can hold it: numpy as Python, paths as text, NaN and infinity as None."""
    if isinstance(value, np.ndarray | np.generic):
        return to_plain(value.tolist())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): to_plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(part) for part in value]
    return str(value) if isinstance(value, Path) else value


def _write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    try:
        write_atomically(path, write)
    except OSError as error:
        reason = error.strerror or str(error)
        message = (
            f"a run must be able to write its files, got '{reason}': choose another run folder"
        )
        raise OSError(error.errno or errno.EIO, message, str(path)) from error
