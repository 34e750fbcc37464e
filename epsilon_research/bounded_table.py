"""Reads parquet and csv tables from outside, within limits, whatever their headers promise."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import pyarrow
    from pyarrow.parquet import ColumnSchema, FileMetaData, ParquetFile

PARQUET, CSV = ".parquet", ".csv"
SUFFIXES = (PARQUET, CSV)

MOST_VALUES = 25_000_000
"""Rows times columns; NAS-Bench-101 with a dozen columns has five million."""

MOST_COLUMNS = 10_000
"""pandas takes a minute for the names of a hundred thousand."""

MOST_BYTES = 1 << 30
"""Largest size of a csv file, and of a parquet file's values once unpacked."""

_MOST_BYTES_OF_VALUE = 1024
"""Largest size of a value of a fixed length, such as a decimal number."""

_ROWS_AT_ONCE = 1 << 16

_TEXTS_AT_ONCE = 1 << 11
"""Rows of tables with texts, whose lengths nobody knows before they are read."""

_MOST_BYTES_AT_ONCE = 1 << 26

_TEXT = "BYTE_ARRAY"
_BYTES = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, _TEXT: 4}
"""Size of a value in memory where it is not eight or its own length; a text is a reference."""

_NAMES_SHOWN = 20


def read_table(
    path: Path,
    *,
    setting: str,
    columns: Sequence[str] | None = None,
    text: Sequence[str] = (),
    advice: str = "write it again",
) -> pd.DataFrame:
    """The table in a file whose suffix says what it is.

    Of a parquet file, columns of lists and of structures are left out, and what pandas wrote about
    an index: an index that was saved comes as a column.

    Args:
        path: An existing .parquet or .csv file.
        setting: What set the path, for error messages.
        columns: Only these; None: all.
        text: Columns of a csv file that are text whatever they look like: 0012 is not 12.
        advice: What to do about a file that cannot be read, for error messages.

    Raises:
        ValueError: It is not such a table, or larger than any that this project knows.
    """
    if path.suffix.lower() != CSV:
        return read_parquet(path, setting=setting, columns=columns, advice=advice)
    with _readable(path, setting, advice):
        _check_csv(path)
        table = pd.read_csv(path, dtype=dict.fromkeys(text, "str"))
    if not isinstance(table.index, pd.RangeIndex):
        # pandas would take the first column for an index and shift all others by one.
        raise ValueError(
            f"{path} must have as many values in each row as it has columns "
            f"({len(table.columns)}), got more: correct its header, and separate values by commas"
        )
    return table if columns is None else table.loc[:, list(columns)]


def read_parquet(
    path: Path,
    *,
    setting: str,
    columns: Sequence[str] | None = None,
    advice: str = "write it again",
) -> pd.DataFrame:
    """The table in a parquet file of any name; see `read_table`."""
    with _readable(path, setting, advice):
        table = _read_parquet(path, columns)
        # What the file says of pandas is only good for its index, and need not be true.
        return table.to_pandas(ignore_metadata=True)


def column_names(path: Path, *, setting: str, advice: str = "write it again") -> list[str]:
    """The columns of a .parquet or .csv file; see `read_table`."""
    with _readable(path, setting, advice):
        if path.suffix.lower() == CSV:
            _check_csv(path)
            return list(pd.read_csv(path, nrows=0).columns)
        import pyarrow.parquet

        return list(pyarrow.parquet.read_schema(path).names)


def listed(names: Sequence[object]) -> str:
    """Names for a message, however many there are and however long."""
    lines = [" ".join(str(name).split()) for name in names[:_NAMES_SHOWN]]
    shown = [line if len(line) <= 40 else f"{line[:37]}..." for line in lines]
    return ", ".join(shown + ["..."] * (len(names) > _NAMES_SHOWN)) or "no columns"


@contextmanager
def _readable(path: Path, setting: str, advice: str) -> Iterator[None]:
    import pyarrow

    kind = "csv" if path.suffix.lower() == CSV else "parquet"
    try:
        yield
    except (*_DAMAGE, pyarrow.ArrowException) as error:
        reason = " ".join((str(error) or type(error).__name__).split())[:160]
        raise ValueError(
            f"{setting} must be a whole {kind} table, got {path} ({reason}): {advice}"
        ) from error


def _check_csv(path: Path) -> None:
    """Counts before pandas reserves anything."""
    _check("bytes", path.stat().st_size, MOST_BYTES)
    values = 0
    with path.open("rb") as handle:
        for line in handle:
            num_columns = line.count(b",") + 1
            _check("columns", num_columns, MOST_COLUMNS)
            # Files of old Macs end their lines so.
            values += num_columns + line.count(b"\r")
    _check("values", values, MOST_VALUES)


def _read_parquet(path: Path, columns: Sequence[str] | None) -> "pyarrow.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        metadata = file.metadata
        _check("columns", metadata.num_columns, MOST_COLUMNS)
        flat = _flat_columns(metadata)
        _check("values", metadata.num_rows * metadata.num_columns, MOST_VALUES)
        _check("unpacked bytes", _promised_bytes(file), MOST_BYTES)
    # Texts as references first: a file may store a long one once and repeat it without end.
    texts = [name for name, column in flat.items() if column.physical_type == _TEXT]
    chosen = [*flat] if columns is None else list(columns)
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        width = sum(_width(flat[name]) for name in chosen if name in flat)
        _check("unpacked bytes", metadata.num_rows * width, MOST_BYTES)
        most = _TEXTS_AT_ONCE if set(texts) & set(chosen) else _ROWS_AT_ONCE
        at_once = max(1, min(most, _MOST_BYTES_AT_ONCE // max(1, width)))
        rows = file.iter_batches(at_once, columns=chosen, use_threads=False)
        batches = list(_bounded(rows, num_rows=metadata.num_rows))
        if not batches:
            names = [field.name for field in file.schema_arrow if field.name in chosen]
            return file.schema_arrow.empty_table().select(names)
    return pa.Table.from_batches(batches)


def _promised_bytes(file: "ParquetFile") -> int:
    """What the file says of the size of its values, once unpacked."""
    groups = range(file.num_row_groups)
    # Reading no column has pyarrow look at the groups, and refuse lies on which it would otherwise
    # end the process.
    for _ in file.iter_batches(_ROWS_AT_ONCE, row_groups=list(groups), columns=[]):
        break
    return sum(file.metadata.row_group(group).total_byte_size for group in groups)


def _width(column: "ColumnSchema") -> int:
    return column.length or _BYTES.get(column.physical_type, 8)


def _flat_columns(metadata: "FileMetaData") -> dict[str, "ColumnSchema"]:
    """Columns of single values, by name."""
    columns = [metadata.schema.column(place) for place in range(metadata.num_columns)]
    flat = [column for column in columns if column.path == column.name]
    found = {column.name: column for column in flat}
    if len(found) < len(flat):
        raise ValueError("two columns of one name")
    # A value of a fixed length, too, may be stored once and repeated.
    sizes = [column.length or 0 for column in flat]
    _check("bytes in a value", max(sizes, default=0), _MOST_BYTES_OF_VALUE)
    return found


def _bounded(
    batches: "Iterable[pyarrow.RecordBatch]", *, num_rows: int
) -> "Iterator[pyarrow.RecordBatch]":
    """The batches, as long as they are no more than was promised and than memory should take."""
    rows, size = 0, 0
    for batch in batches:
        rows += batch.num_rows
        _check("rows", rows, num_rows)
        decoded = _decoded(batch)
        size += decoded.nbytes
        _check("unpacked bytes", size, MOST_BYTES)
        yield decoded


def _decoded(batch: "pyarrow.RecordBatch") -> "pyarrow.RecordBatch":
    """The batch with every text where it is referred to."""
    import pyarrow as pa
    import pyarrow.compute as pc

    batch.validate(full=True)
    columns = []
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            lengths = pc.binary_length(column.dictionary)  # pyright: ignore[reportAttributeAccessIssue]
            total = pc.sum(pc.take(lengths, column.indices)).as_py()  # pyright: ignore[reportAttributeAccessIssue]
            _check("bytes in a column", total or 0, MOST_BYTES)
            column = column.dictionary_decode()
        columns.append(column)
    return pa.record_batch(columns, names=batch.schema.names)


def _check(what: str, found: int, most: int) -> None:
    if not 0 <= found <= most:
        raise ValueError(f"{found:,} {what} instead of at most {most:,}")


# What pandas and pyarrow raise on files that are not what they seem; pyarrow's own errors derive
# from several of these.
_DAMAGE: tuple[type[Exception], ...] = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
