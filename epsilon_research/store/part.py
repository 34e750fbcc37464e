"""One part of a shelf: evaluations as the bytes of one Arrow file, named by its checksum.

The file is not compressed (outputs are noise to a compressor), so that the values of one row are
read without those of others.
"""

import errno
import json
import os
import stat
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from epsilon_research.store.base import Evaluation
from epsilon_research.store.form import ANY_FORM, Form
from epsilon_research.store.messages import open_messages

SUFFIX = ".arrow"
KEY_BYTES = 16
_NAME_DIGITS = 32

_MOST_BYTES = 1 << 28
"""Largest size of a part that is read; what is written is split long before."""

_BYTES_WRITTEN = 1 << 26
"""Largest size of the rows of a part, but for a single row that has more."""

_BYTES_BESIDE_VALUES = 128
"""Size of a row without its values: its key, its time and what else is known of it."""

_MOST_FACTS = 64
_LONGEST_FACTS = 1 << 14
"""Characters."""


class DamagedPartError(Exception):
    """A part does not hold what was written into it."""


def encode(rows: Sequence[tuple[bytes, Evaluation]]) -> Iterator[tuple[int, str, bytes]]:
    """Parts that hold keys with their evaluations: number of rows, file name, content."""
    longest = max(evaluation.values.nbytes for _, evaluation in rows)
    at_once = max(1, _BYTES_WRITTEN // (longest + _BYTES_BESIDE_VALUES))
    for start in range(0, len(rows), at_once):
        chosen = rows[start : start + at_once]
        yield len(chosen), *_encoded(*zip(*chosen, strict=True))


def _encoded(keys: Sequence[bytes], evaluations: Sequence[Evaluation]) -> tuple[str, bytes]:
    values = _stacked(evaluations)
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


def _stacked(evaluations: Sequence[Evaluation]) -> np.ndarray:
    """(rows, length); rows without values are NaN."""
    longest = max(evaluations, key=lambda one: (one.failure is None, len(one.values))).values
    values = np.full((len(evaluations), max(len(longest), 1)), np.nan, longest.dtype)
    for place, one in enumerate(evaluations):
        if one.failure is None:
            values[place] = one.values
    return values


def _name(content: "bytes | memoryview") -> str:
    return sha256(content).hexdigest()[:_NAME_DIGITS] + SUFFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part that was read: its columns, and where its values are on disk.

    The file is not mapped: a page of a mapped file that cannot be read ends the process.
    """

    path: Path
    keys: tuple[bytes, ...]
    failures: tuple[str | None, ...]
    columns: tuple[Mapping[str, Any], ...]
    """Equal ones are one object."""
    seconds: np.ndarray
    dtype: np.dtype
    length: int
    """Number of values of each row."""
    offset: int
    """Bytes before the values of the first row."""

    def read(self, row: int, file: BinaryIO) -> Evaluation:
        """Return the evaluation in one row.

        Args:
            row: Its number.
            file: `path`, opened to be read.

        Raises:
            OSError: The values cannot be read now.
        """
        size = self.length * self.dtype.itemsize
        file.seek(self.offset + row * size)
        content = file.read(size)
        if len(content) < size:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(self.path))
        return self._evaluation(row, np.frombuffer(content, self.dtype))

    def rows(self, values: np.ndarray) -> Iterator[tuple[bytes, Evaluation]]:
        """Every key with its evaluation, of values (rows, length) that were read together."""
        for row, key in enumerate(self.keys):
            yield key, self._evaluation(row, values[row])

    def _evaluation(self, row: int, values: np.ndarray) -> Evaluation:
        return Evaluation(
            values=values,
            failure=self.failures[row],
            columns=self.columns[row],
            seconds=float(self.seconds[row]),
        )


def read_part(path: Path, *, form: Form = ANY_FORM) -> tuple[Part, np.ndarray]:
    """Return the part in a file, after its checksum, and its values (rows, length).

    Args:
        path: The file.
        form: What its evaluations must look like.

    Raises:
        DamagedPartError: The content is not what the name promises, or has another form.
        OSError: It cannot be read now, which says nothing about what it holds: e.g.
            `FileNotFoundError` since another process has just merged it with others.
    """
    content = read_regular(path)
    if _name(content) != path.name:
        raise DamagedPartError(f"{path} has another checksum than its name")
    try:
        part, values = _decoded(path, pa.py_buffer(content))
        worked = np.array([reason is None for reason in part.failures], bool)
        if not np.isnan(values[~worked]).all():
            raise ValueError("values beside a failure")
        form.check(
            values[worked],
            failures={reason for reason in part.failures if reason is not None},
            columns=_distinct(part.columns),
        )
    except MemoryError as error:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), str(path)) from error
    except (pa.ArrowException, *_DAMAGE) as error:
        reason = " ".join((str(error) or type(error).__name__).split())[:160]
        raise DamagedPartError(f"{path} is not one that the store wrote ({reason})") from error
    return part, values


def read_regular(path: Path) -> bytes:
    """Return the content of a file of bearable size, which is not a pipe or device.

    Raises:
        DamagedPartError: It is larger than any that the store writes.
        OSError: It cannot be read now.
    """
    # Without waiting, should it be a pipe that nobody writes to.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a file", str(path))
        if status.st_size > _MOST_BYTES:
            raise DamagedPartError(f"{path} is larger than any part that the store writes")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    except MemoryError as error:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), str(path)) from error
    finally:
        os.close(descriptor)


def _distinct(columns: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return list({id(facts): facts for facts in columns}.values())


def _decoded(path: Path, content: pa.Buffer) -> tuple[Part, np.ndarray]:
    """What a part's bytes say; anybody can give a file the name of its checksum."""
    reader = open_messages(content)
    _check_schema(reader.schema)
    batch = reader.read_next_batch()
    # Arrow takes lengths and places of buffers from the file, and would read beyond its end.
    batch.validate(full=True)
    if any(batch.column(name).null_count for name in ("key", "columns", "seconds", "values")):
        raise ValueError("a row of which something is missing")
    flat = batch.column("values").flatten().to_numpy(zero_copy_only=True)
    values = flat.reshape(len(batch), -1)
    offset = flat.ctypes.data - content.address
    if not 0 <= offset <= content.size - flat.nbytes:
        raise ValueError("values that lie elsewhere")
    seconds = batch.column("seconds").to_numpy()
    if not (np.isfinite(seconds) & (seconds >= 0)).all():
        raise ValueError("a time that is not a number of seconds")
    part = Part(
        path=path,
        keys=tuple(batch.column("key").to_pylist()),
        failures=_shared(batch.column("failure"), lambda text: text),
        columns=_shared(batch.column("columns"), _facts),
        seconds=seconds.copy(),
        dtype=values.dtype,
        length=values.shape[1],
        offset=offset,
    )
    return part, values


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
    if len(column.dictionary) > len(column):
        raise ValueError("entries that no row refers to")
    found = [*map(read, column.dictionary.to_pylist()), None]
    return tuple([found[-1 if place is None else place] for place in column.indices.to_pylist()])


def _facts(text: str) -> Mapping[str, Any]:
    if len(text) > _LONGEST_FACTS:
        raise ValueError(f"columns of {len(text):,} characters")
    found = json.loads(text)
    if not isinstance(found, dict) or len(found) > _MOST_FACTS:
        raise ValueError("columns that are not a JSON object of a few facts")
    if any(isinstance(fact, dict | list) for fact in found.values()):
        raise ValueError("columns that are nested")
    return found


# What Arrow, and reading JSON, raise on content that the store did not write.
_DAMAGE = (
    ArithmeticError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
