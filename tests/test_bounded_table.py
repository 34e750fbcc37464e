"""Tables from outside: what they say of themselves is not believed."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sentences import refused

from epsilon_research import bounded_table
from epsilon_research.bounded_table import column_names, listed, read_parquet, read_table

FRAME = pd.DataFrame({"id": ["a", "b", None], "score": [0.5, np.nan, 2.0], "count": [1, 2, 3]})


def table(path: Path, **options: object) -> pd.DataFrame:
    return read_table(path, setting="the.path", **options)  # pyright: ignore[reportArgumentType]


def parquet(path: Path, columns: dict, **metadata: bytes) -> Path:
    found = pa.table(columns)
    pq.write_table(found.replace_schema_metadata(dict(metadata)), path)
    return path


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_values_come_back(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{ending}"
    FRAME.to_csv(path, index=False) if ending == ".csv" else FRAME.to_parquet(path)
    pd.testing.assert_frame_equal(table(path), FRAME, check_dtype=False)
    assert column_names(path, setting="the.path") == list(FRAME)
    pd.testing.assert_frame_equal(table(path, columns=["score"]), FRAME.loc[:, ["score"]])


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.none() | st.text(max_size=4), st.floats() | st.none()), max_size=9),
    compression=st.sampled_from(["snappy", "gzip", "zstd", "none"]),
    dictionary=st.booleans(),
)
def test_a_parquet_file_gives_what_pyarrow_gives(
    rows: list, compression: str, dictionary: bool, tmp_path: Path
) -> None:
    columns = {
        "text": pa.array([row[0] for row in rows], pa.string()),
        "number": pa.array([row[1] for row in rows], pa.float64()),
        "large": pa.array([row[0] for row in rows], pa.large_string()),
        "raw": pa.array([None if row[0] is None else row[0].encode() for row in rows], pa.binary()),
        "kind": pa.array([row[0] for row in rows], pa.string()).dictionary_encode(),
    }
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(columns), path, compression=compression, use_dictionary=dictionary)
    expected = pq.read_table(path).to_pandas().astype({"kind": object})
    found = table(path)
    assert list(found) == list(expected)
    for name in ("text", "large", "raw", "kind"):
        assert [None if pd.isna(x) else x for x in found[name]] == [
            None if pd.isna(x) else x for x in expected[name]
        ]
    np.testing.assert_array_equal(found["number"], expected["number"])


def test_several_batches_are_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_table, "_ROWS_AT_ONCE", 2)
    path = tmp_path / "t.parquet"
    FRAME.to_parquet(path, row_group_size=2)
    pd.testing.assert_frame_equal(table(path), FRAME, check_dtype=False)


@pytest.mark.parametrize(
    "words",
    [
        b"no JSON",
        b"{}",
        b"[" * 5000,
        json.dumps({"columns": [{}], "index_columns": [3], "column_indexes": [None]}).encode(),
        b"\xff",
    ],
)
def test_what_a_file_says_of_pandas_does_not_matter(words: bytes, tmp_path: Path) -> None:
    path = parquet(tmp_path / "t.parquet", {"id": ["a"], "score": [0.5]}, pandas=words)
    assert table(path).to_dict("list") == {"id": ["a"], "score": [0.5]}


def test_an_index_that_was_saved_is_a_column(tmp_path: Path) -> None:
    FRAME.set_index("id").to_parquet(tmp_path / "t.parquet")
    assert set(table(tmp_path / "t.parquet")) == {"id", "score", "count"}


def test_columns_of_lists_are_left_out(tmp_path: Path) -> None:
    path = parquet(tmp_path / "t.parquet", {"id": ["a"], "lists": [[1]], "both": [{"x": 1}]})
    assert list(table(path)) == ["id"]


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    columns = pa.table([["a"], ["b"]], names=["id", "id"])
    pq.write_table(columns, tmp_path / "t.parquet")
    with refused(ValueError, "the.path must be a whole parquet table", "two columns of one name"):
        table(tmp_path / "t.parquet")


def test_too_many_values_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FRAME.to_parquet(tmp_path / "t.parquet")
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    for name, most, found in (("MOST_VALUES", 8, "values"), ("MOST_COLUMNS", 2, "columns")):
        with monkeypatch.context() as patch:
            patch.setattr(bounded_table, name, most)
            for ending in ("csv", "parquet"):
                with refused(ValueError, f"whole {ending} table", f"{found} instead of at most"):
                    table(tmp_path / f"t.{ending}")
    monkeypatch.setattr(bounded_table, "MOST_BYTES", 10)
    for ending in ("csv", "parquet"):
        with refused(ValueError, f"whole {ending} table", "bytes"):
            table(tmp_path / f"t.{ending}")


def test_a_long_text_that_many_rows_share_is_refused_before_it_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet(tmp_path / "t.parquet", {"id": ["x" * 1000] * 100})
    assert len(table(tmp_path / "t.parquet")) == 100
    monkeypatch.setattr(bounded_table, "MOST_BYTES", 50_000)
    with refused(ValueError, "100,000 bytes in a column instead of at most 50,000"):
        table(tmp_path / "t.parquet")


def test_rows_beyond_the_promised_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def twice(batches, *, num_rows: int):
        yield from bounded(batches, num_rows=num_rows - 1)

    bounded = bounded_table._bounded
    monkeypatch.setattr(bounded_table, "_bounded", twice)
    FRAME.to_parquet(tmp_path / "t.parquet")
    with refused(ValueError, "3 rows instead of at most 2"):
        table(tmp_path / "t.parquet")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("content", [b"", b"\n\n", b"PAR1PAR1", b"\xff\xfe,\n", b"a\n\xff\n"])
def test_what_is_no_table_is_refused(content: bytes, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"t.{ending}"
    path.write_bytes(content)
    if ending == "csv" and content == b"PAR1PAR1":
        assert list(table(path)) == ["PAR1PAR1"]
        return
    with refused(ValueError, f"the.path must be a whole {ending} table", str(path)):
        table(path)
    with refused(ValueError, "convert it again"):
        read_parquet(path, setting="the.path", advice="convert it again")


def test_a_csv_row_with_more_values_than_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2,3\n")
    with refused(ValueError, "must have as many values in each row as it has columns (2)"):
        table(tmp_path / "t.csv")


def test_text_stays_text(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,score\n0012,1\n")
    assert list(table(tmp_path / "t.csv", text=("id", "other"))["id"]) == ["0012"]


def test_names_are_listed_in_one_short_line() -> None:
    assert listed([]) == "no columns"
    assert listed(["a\nb", 3]) == "a b, 3"
    text = listed(["x" * 1000] * 1000)
    assert len(text) < 1000
    assert text.endswith("..., ...")


@pytest.mark.parametrize("promise", ["groups", "widths"])
def test_a_small_file_of_large_values_is_refused_before_it_is_unpacked(
    promise: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = pa.array([bytes(1000)] * 500, pa.binary(1000))
    path = parquet(tmp_path / "t.parquet", {"a": value})
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(bounded_table, "MOST_BYTES", 100_000)
    if promise == "widths":  # as if the file lied about its groups
        monkeypatch.setattr(bounded_table, "_promised_bytes", lambda file: 0)
    monkeypatch.setattr(bounded_table, "_bounded", lambda *_, **__: pytest.fail("it was unpacked"))
    with pytest.raises(ValueError, match="unpacked bytes instead of at most 100,000"):
        table(path)
