"""One part of a shelf: evaluations as the bytes of one Arrow file, named by its checksum.

The file is not compressed (outputs are noise to a compressor), so that reading one row of a
thousand maps one page into memory.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from epsilon_research.store.base import Evaluation

SUFFIX = ".arrow"
KEY_BYTES = 16
_NAME_DIGITS = 32


class DamagedPartError(Exception):
    """A part does not hold what was written into it."""


def encode(keys: Sequence[bytes], evaluations: Sequence[Evaluation]) -> tuple[str, bytes]:
    """The file name and the content of a part with one evaluation for each key."""
    values = _stacked([evaluation.values for evaluation in evaluations])
    facts = [json.dumps(dict(e.columns), sort_keys=True) for e in evaluations]
    batch = pa.record_batch(
        {
            "key": pa.array(keys, pa.binary(KEY_BYTES)),
            "failure": pa.array([e.failure for e in evaluations], pa.string()).dictionary_encode(),
            "columns": pa.array(facts, pa.string()).dictionary_encode(),
            "seconds": pa.array([e.seconds for e in evaluations], pa.float64()),
            "values": pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1]),
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    content = sink.getvalue().to_pybytes()
    return _name(content), content


def _stacked(rows: Sequence[np.ndarray]) -> np.ndarray:
    """(rows, length); rows without values are NaN."""
    longest = max(rows, key=len)
    values = np.full((len(rows), max(len(longest), 1)), np.nan, longest.dtype)
    for place, row in enumerate(rows):
        values[place, : len(row)] = row
    return values


def _name(content: "bytes | memoryview") -> str:
    return sha256(content).hexdigest()[:_NAME_DIGITS] + SUFFIX


@dataclass(frozen=True, slots=True)
class Part:
    """A part that was read: its columns, the values still on disk."""

    keys: tuple[bytes, ...]
    values: np.ndarray
    """(rows, length), float, a view of the file."""
    failures: tuple[str | None, ...]
    columns: tuple[Mapping[str, Any], ...]
    """Equal ones are one object."""
    seconds: np.ndarray

    def read(self, row: int) -> Evaluation:
        """The evaluation in one row."""
        return Evaluation(
            values=self.values[row],
            failure=self.failures[row],
            columns=self.columns[row],
            seconds=float(self.seconds[row]),
        )


def read_part(path: Path) -> Part:
    """The part in a file, after its checksum.

    Raises:
        DamagedPartError: The content is not what the name promises.
        FileNotFoundError: There is none, e.g. since another process has just set it aside.
    """
    try:
        # Arrow maps no empty file, and says so in words of its own.
        if path.stat().st_size == 0:
            raise DamagedPartError(f"{path} is empty")
        content = pa.memory_map(str(path)).read_buffer()
    except FileNotFoundError:
        raise
    except OSError as error:
        # A folder of that name, another user's file, a sector that has gone.
        reason = " ".join(str(error).split())
        raise DamagedPartError(f"{path} cannot be read ({reason})") from error
    if _name(memoryview(content)) != path.name:
        raise DamagedPartError(f"{path} has another checksum than its name")
    try:
        return _decoded(content)
    except (pa.ArrowException, *_DAMAGE) as error:
        reason = " ".join((str(error) or type(error).__name__).split())[:160]
        raise DamagedPartError(f"{path} is not one that the store wrote ({reason})") from error


def _decoded(content: pa.Buffer) -> Part:
    """What a part's bytes say; anybody can give a file the name of its checksum."""
    reader = pa.ipc.open_file(pa.BufferReader(content))
    _check_schema(reader.schema)
    batch = reader.get_batch(0)
    # Arrow takes lengths and places of buffers from the file, and would read beyond its end.
    batch.validate(full=True)
    if any(batch.column(name).null_count for name in ("key", "columns", "seconds", "values")):
        raise ValueError("a row of which something is missing")
    values = batch.column("values")
    return Part(
        keys=tuple(batch.column("key").to_pylist()),
        values=values.flatten().to_numpy(zero_copy_only=True).reshape(len(batch), -1),
        failures=_shared(batch.column("failure"), lambda text: text),
        columns=_shared(batch.column("columns"), _facts),
        seconds=batch.column("seconds").to_numpy(),
    )


def _check_schema(schema: pa.Schema) -> None:
    values = schema.field("values").type
    fixed = pa.types.is_fixed_size_list(values) and values.list_size > 0
    if not fixed or not pa.types.is_floating(values.value_type):
        raise ValueError(f"values of type {values}")
    text = pa.dictionary(pa.int32(), pa.string())
    expected = {
        "key": pa.binary(KEY_BYTES),
        "failure": text,
        "columns": text,
        "seconds": pa.float64(),
    }
    for name, kind in expected.items():
        if schema.field(name).type != kind:
            raise ValueError(f"{name} of type {schema.field(name).type}")


def _shared(column: pa.DictionaryArray, read: Callable[[str], Any]) -> tuple:
    """The entries of a column, equal ones as one object."""
    found = [*map(read, column.dictionary.to_pylist()), None]
    return tuple([found[-1 if place is None else place] for place in column.indices.to_pylist()])


def _facts(text: str) -> Mapping[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("columns that are no JSON object")
    return found


# What Arrow, and reading JSON, raise on content that the store did not write.
_DAMAGE = (
    ArithmeticError,
    LookupError,
    MemoryError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
