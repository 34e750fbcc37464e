"""Parts: what is written is what is read, or is refused."""

import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from epsilon_research.store import Evaluation
from epsilon_research.store.form import Form
from epsilon_research.store.part import DamagedPartError, Part, encode, read_part


def evaluations(dtype: str, length: int) -> st.SearchStrategy[Evaluation]:
    numbers = st.floats(width=32 if dtype == "float32" else 64, allow_nan=True)
    return st.builds(
        Evaluation,
        values=npst.arrays(dtype, length, elements=numbers),
        failure=st.none() | st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True),
        columns=st.dictionaries(st.text(max_size=3), st.booleans() | st.floats(0, 1), max_size=2),
        seconds=st.floats(0, 100),
    )


@st.composite
def parts(draw: st.DrawFn) -> tuple[list[bytes], list[Evaluation]]:
    dtype, length = draw(st.sampled_from(["float32", "float64"])), draw(st.integers(1, 5))
    rows = draw(st.lists(evaluations(dtype, length), min_size=1, max_size=8))
    keys = [draw(st.binary(min_size=16, max_size=16)) for _ in rows]
    return keys, rows


def encoded(keys: list[bytes], rows: list[Evaluation]) -> tuple[str, bytes]:
    """The name and the content of the one part that the rows make."""
    ((count, name, content),) = encode(list(zip(keys, rows, strict=True)))
    assert count == len(rows)
    return name, content


def written(folder: Path, keys: list[bytes], rows: list[Evaluation]) -> Path:
    name, content = encoded(keys, rows)
    path = folder / name
    path.write_bytes(content)
    return path


def row_of(part: Part, row: int) -> Evaluation:
    with part.path.open("rb") as file:
        return part.read(row, file)


def same(first: Evaluation, second: Evaluation) -> bool:
    # Bit for bit: NaN and -0.0 are what they were.
    return (
        first.values.tobytes() == second.values.tobytes()
        and first.values.dtype == second.values.dtype
        and (first.failure, dict(first.columns), first.seconds)
        == (second.failure, dict(second.columns), second.seconds)
    )


@given(parts())
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, part) -> None:
    keys, rows = part
    read, values = read_part(written(tmp_path_factory.mktemp("part"), keys, rows))
    assert list(read.keys) == keys
    together = [evaluation for _, evaluation in read.rows(values)]
    for place, row in enumerate(rows):
        if row.failure is not None:
            row = replace(row, values=np.full_like(row.values, np.nan))
        assert same(row_of(read, place), row)
        assert same(together[place], row)


def test_rows_without_values_are_nan(tmp_path: Path) -> None:
    none = Evaluation(values=np.empty(0, np.float32), failure="disconnected")
    some = Evaluation(values=np.array([1, 2], np.float64))
    read, _ = read_part(written(tmp_path, [b"a" * 16, b"b" * 16], [none, some]))
    assert np.isnan(row_of(read, 0).values).all()
    assert row_of(read, 0).failure == "disconnected"
    assert same(row_of(read, 1), some)
    alone, _ = read_part(written(tmp_path, [b"a" * 16], [none]))
    assert np.isnan(row_of(alone, 0).values).all()


def test_the_type_of_values_is_that_of_values_and_not_of_rows_without(tmp_path: Path) -> None:
    none = Evaluation(values=np.full(1, np.nan, np.float32), failure="disconnected")
    some = Evaluation(values=np.array([1 / 3]))
    read, _ = read_part(written(tmp_path, [b"a" * 16, b"b" * 16], [none, some]))
    assert same(row_of(read, 1), some)


def test_large_parts_are_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("epsilon_research.store.part._BYTES_WRITTEN", 400)
    rows = [(bytes([n]) * 16, Evaluation(values=np.full(5, float(n)))) for n in range(5)]
    assert [count for count, _, _ in encode(rows)] == [2, 2, 1]


def test_equal_content_has_one_name(tmp_path: Path) -> None:
    rows = [Evaluation(values=np.array([0.5]))]
    assert encoded([b"k" * 16], rows) == encoded([b"k" * 16], rows)


@given(st.data())
def test_any_change_of_a_byte_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = written(tmp_path_factory.mktemp("part"), [b"k" * 16], [Evaluation(values=np.ones(3))])
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with pytest.raises(DamagedPartError, match="checksum"):
        read_part(path)


@given(st.integers(0, 400))
def test_half_a_part_is_noticed(tmp_path_factory: pytest.TempPathFactory, size: int) -> None:
    path = written(tmp_path_factory.mktemp("part"), [b"k" * 16], [Evaluation(values=np.ones(3))])
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DamagedPartError):
        read_part(path)


def forged(folder: Path, content: bytes) -> Path:
    """A part that somebody else made: its name is the checksum of what it holds."""
    path = folder / f"{sha256(content).hexdigest()[:32]}.arrow"
    path.write_bytes(content)
    return path


CONTENT = encoded([bytes(16)] * 2, [Evaluation(values=np.ones(3), columns={"a": 1})] * 2)[1]


@given(
    changes=st.dictionaries(
        st.integers(0, len(CONTENT) - 1), st.integers(0, 255), min_size=1, max_size=3
    )
)
def test_a_forged_part_is_read_or_damaged(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[int, int]
) -> None:
    # Arrow would read beyond the end of the file, and the process would end there.
    content = bytearray(CONTENT)
    for place, value in changes.items():
        content[place] = value
    path = forged(tmp_path_factory.mktemp("part"), bytes(content))
    try:
        part, _ = read_part(path)
    except DamagedPartError:
        return
    for row in range(len(part.keys)):
        assert row_of(part, row).values.ndim == 1


def table_of(*, compression: str | None = None, **columns: pa.Array) -> bytes:
    right = {
        "key": pa.array([bytes(16)], pa.binary(16)),
        "failure": pa.array([None], pa.string()).dictionary_encode(),
        "columns": pa.array(["{}"]).dictionary_encode(),
        "seconds": pa.array([0.5]),
        "values": pa.array([[1.0]], pa.list_(pa.float64(), 1)),
    }
    batch = pa.record_batch(right | columns)
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"key": pa.array([bytes(15)], pa.binary(15))}, "key of type"),
        ({"key": pa.array([None], pa.binary(16))}, "something is missing"),
        ({"columns": pa.array(["["]).dictionary_encode()}, "Expecting value"),
        ({"columns": pa.array(["[" * 9999]).dictionary_encode()}, "recursion"),
        ({"columns": pa.array(["1"]).dictionary_encode()}, "columns that are not a JSON object"),
        ({"columns": pa.array(["{}"])}, "columns of type string"),
        ({"columns": pa.array(['{"a": [[]]}']).dictionary_encode()}, "nested"),
        ({"columns": pa.array([f'{{"{"a" * 99_999}": 1}}']).dictionary_encode()}, "characters"),
        (
            {"columns": pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), ["{}", "{}"])},
            "entries that no row refers to",
        ),
        ({"failure": pa.array([1])}, "failure of type int64"),
        ({"seconds": pa.array([None], pa.float64())}, "something is missing"),
        ({"values": pa.array([[1.0]])}, "values of type list"),
        ({"values": pa.array([[1]], pa.list_(pa.int64(), 1))}, "values of type fixed_size_list"),
        ({"values": pa.array([[]], pa.list_(pa.float64(), 0))}, "values of type fixed_size_list"),
    ],
)
def test_a_part_of_another_kind_is_damaged(columns: dict, reason: str, tmp_path: Path) -> None:
    assert row_of(read_part(forged(tmp_path, table_of()))[0], 0).values == 1.0
    with pytest.raises(DamagedPartError, match=reason):
        read_part(forged(tmp_path, table_of(**columns)))


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_what_would_grow_when_it_is_decoded_is_damaged_before(
    compression: str, tmp_path: Path
) -> None:
    zeros = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(1 << 24)), 1 << 24)
    path = forged(tmp_path, table_of(compression=compression, values=zeros))
    assert path.stat().st_size < 1 << 20
    before = pa.total_allocated_bytes()
    largest = pa.default_memory_pool().max_memory()
    with pytest.raises(DamagedPartError, match="compressed"):
        read_part(path)
    assert pa.total_allocated_bytes() <= before
    assert pa.default_memory_pool().max_memory() <= max(largest, before + (1 << 20))


FORM = Form(
    length=3,
    dtype="float64",
    low=0.0,
    high=1.0,
    gaps=False,
    columns={"a": bool, "b": float},
    failures=["none"],
)
GOOD = Evaluation(values=np.array([0.0, 0.5, 1.0]), columns={"a": True, "b": 1})
FAILED = Evaluation(values=np.empty(0), columns={"a": False, "b": 0.5}, failure="none")


def test_evaluations_of_the_expected_form_are_read(tmp_path: Path) -> None:
    for rows in ([GOOD], [FAILED], [GOOD, FAILED]):
        part, _ = read_part(written(tmp_path, [bytes(16)] * len(rows), rows), form=FORM)
        assert len(part.keys) == len(rows)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"values": np.zeros(1)}, "1 values instead of 3"),
        ({"values": np.zeros(3, np.float32)}, "float32 instead of float64"),
        ({"values": np.array([0, np.nan, 0])}, "NaN without a failure"),
        ({"values": np.array([0, -0.1, 0])}, "from -0.1 to 0 instead of 0 to 1"),
        ({"values": np.array([0, np.inf, 0])}, "from 0 to inf"),
        ({"columns": {"a": "no", "b": 1.0}}, "column a that is not of type bool"),
        ({"columns": {"a": True, "b": True}}, "column b that is not of type float"),
        ({"columns": {"a": True}}, "columns"),
        ({"failure": "banana"}, "unknown failure"),
        ({"failure": "\x1b[31m"}, "unknown failure"),
        ({"seconds": -1.0}, "seconds"),
        ({"seconds": np.nan}, "seconds"),
    ],
)
def test_another_form_is_damage(tmp_path: Path, change: dict, reason: str) -> None:
    path = written(tmp_path, [bytes(16)], [replace(GOOD, **change)])
    with pytest.raises(DamagedPartError, match=reason):
        read_part(path, form=FORM)


def test_values_beside_a_failure_are_damage(tmp_path: Path) -> None:
    path = forged(tmp_path, table_of(failure=pa.array(["none"]).dictionary_encode()))
    with pytest.raises(DamagedPartError, match="beside a failure"):
        read_part(path)


@pytest.mark.parametrize("kind", ["folder", "pipe", "loop", "gone"])
def test_what_cannot_be_read_is_no_damage(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"{'0' * 32}.arrow"
    {
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "loop": lambda: path.symlink_to(path.name),
        "gone": lambda: None,
    }[kind]()
    with pytest.raises(OSError, match=path.name) as told:
        read_part(path)
    assert not isinstance(told.value, DamagedPartError)
