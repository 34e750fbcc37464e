"""A user's own parquet and csv files, right and wrong."""

from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import pandas as pd
import pytest
from sentences import refused

from epsilon_research.benchmarks import AccuracyTable
from epsilon_research.benchmarks.table import Table

IDS = ["|a~0|", "|b~0|", "|c~0|"]
BOTH = pd.DataFrame(
    {
        "architecture_id": IDS,
        "validation_accuracy": [0.81, 0.82, np.nan],
        "test_accuracy": [0.91, np.nan, 0.93],
    }
)


def write(path: Path, frame: pd.DataFrame) -> Path:
    if path.suffix.lower() == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


def load(path: Path, **options: object) -> AccuracyTable:
    return Table(path=str(path), **options).load()  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "T.CSV"])
def test_both_formats_give_the_same_rows(name: str, tmp_path: Path) -> None:
    table = load(write(tmp_path / name, BOTH))
    pd.testing.assert_frame_equal(table.rows, BOTH, check_dtype=False)
    assert table.rows["test_accuracy"].dtype == table.rows["validation_accuracy"].dtype == float
    assert (table.name, table.higher_is_better) == (name, True)
    assert str(tmp_path / name) in table.source


def test_the_target_is_the_test_accuracy_if_there_is_one(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", BOTH)
    assert load(path).target == "test_accuracy"
    assert load(path, target="validation_accuracy").target == "validation_accuracy"
    validation = write(tmp_path / "v.csv", BOTH.drop(columns="test_accuracy"))
    table = load(validation)
    assert table.target == "validation_accuracy"
    assert table.rows["test_accuracy"].isna().all()


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    frame = pd.DataFrame({"key": IDS, "val_acc_108": [0.1, 0.2, 0.3], "test_accuracy": [2, 3, 4]})
    path = write(tmp_path / "t.parquet", frame)
    table = load(
        path, id_column="key", validation_column="val_acc_108", test_column="no such column"
    )
    assert list(table.rows["architecture_id"]) == IDS
    assert list(table.rows["validation_accuracy"]) == [0.1, 0.2, 0.3]
    assert (table.target, table.label) == ("validation_accuracy", "val acc 108")


def test_a_published_table_is_read_with_its_own_column_names(shared: Path) -> None:
    path = shared / "data" / "nb101_cifar10_validation_15000.parquet"
    table = load(path, id_column="key", validation_column="val_acc_108")
    file = pd.read_parquet(path)
    assert len(table.rows) == 15_000
    assert table.target == "validation_accuracy"
    found = table.lookup(list(file["key"][::-1]))["validation_accuracy"]
    np.testing.assert_array_equal(found, file["val_acc_108"][::-1].astype(np.float64))


def test_a_table_of_another_space_is_refused_at_lookup(shared: Path) -> None:
    path = shared / "data" / "nb101_cifar10_validation_15000.parquet"
    table = load(path, id_column="key", validation_column="val_acc_108")
    with refused(ValueError, "got none in common", "pass this space's benchmark"):
        table.lookup(["|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"])


def test_percentages_are_divided_by_100_when_asked_to(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", BOTH.assign(test_accuracy=[91.37, 10, np.nan]).iloc[:, ::2])
    np.testing.assert_allclose(
        load(path, unit="percent").rows["test_accuracy"], [0.9137, 0.1, np.nan], rtol=1e-15
    )
    with refused(ValueError, match=r"divide percentages by 100 or pass benchmark\.unit=perc"):
        load(path)


@pytest.mark.parametrize(
    ("values", "got"),
    [([0.5, 0.9, 0.8], "0.5 to 0.9"), ([5, 101, 3], "3 to 101"), ([-1, 2, 3], "-1")],
)
def test_what_is_no_percentage_is_refused_as_one(values: list, got: str, tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", BOTH.assign(test_accuracy=values).iloc[:, ::2])
    with refused(ValueError, "percentages between 0 and 100", f"got {got}", "unit=fraction"):
        load(path, unit="percent")


@pytest.mark.parametrize("row", ["a,0.5,0.6", "a,0.5,"])
def test_a_row_with_more_values_than_columns_is_refused(row: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"architecture_id,test_accuracy\n{row}\nb,0.4,\n", encoding="utf-8")
    with refused(ValueError, "as many values in each row as it has columns (2), got more"):
        load(path)


def test_losses_are_taken_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", BOTH.assign(test_accuracy=[4.75, 5.5, 6.0]))
    table = load(path, higher_is_better=False)
    assert list(table.rows["test_accuracy"]) == [4.75, 5.5, 6.0]
    assert table.higher_is_better is False


def test_ids_of_digits_keep_their_zeros(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("architecture_id,test_accuracy\n0012,0.5\n12,0.6\n", encoding="utf-8")
    assert list(load(path).rows["architecture_id"]) == ["0012", "12"]


def test_ids_that_are_numbers_become_text(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", BOTH.assign(architecture_id=[1, 2, 3]))
    assert list(load(path).rows["architecture_id"]) == ["1", "2", "3"]


def test_ids_may_be_the_index_of_the_saved_frame(tmp_path: Path) -> None:
    for index in ("architecture_id", ["architecture_id", "validation_accuracy"]):
        path = write(tmp_path / "t.parquet", BOTH.set_index(index))
        assert list(load(path).rows["architecture_id"]) == IDS


@pytest.mark.parametrize("kind", ["Float64", "float32", "double[pyarrow]"])
def test_every_kind_of_number_column_is_read(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", BOTH.astype({"test_accuracy": kind}))
    np.testing.assert_allclose(
        load(path).rows["test_accuracy"], [0.91, np.nan, 0.93], rtol=1e-7, atol=0
    )


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (BOTH.rename(columns={"architecture_id": "id"}), "got id, validation_accuracy, test_accu"),
        (BOTH[["architecture_id"]], r"'test_accuracy', got architecture_id: name others with"),
        (BOTH.assign(architecture_id=["x", "y", "x"]), r"got 1 repeated, e\.g\. 'x'"),
        (BOTH.assign(architecture_id=pd.Series(["x", None, "y"])), "must have an id in every row"),
        (BOTH.assign(test_accuracy=["0.9", "high", "0.8"]), "must hold numbers, got .*'high'"),
        (BOTH.assign(test_accuracy=[True, False, True]), "must hold numbers, got bool"),
        (BOTH.assign(test_accuracy=[np.inf, 0.1, 0.2]), "got infinity"),
        (BOTH.assign(test_accuracy=np.nan), "must have a test_accuracy for some architecture"),
        (BOTH.iloc[:0], "must have at least one row"),
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_wrong_table_is_refused(
    frame: pd.DataFrame, message: str, name: str, tmp_path: Path
) -> None:
    with refused(ValueError, match=message):
        load(write(tmp_path / name, frame))


@pytest.mark.parametrize(
    "times", [pd.to_datetime(["2020-01-01"] * 3), pd.to_timedelta([1, 2, 3], unit="ns")]
)
def test_times_are_no_accuracies(times: pd.Index, tmp_path: Path) -> None:
    frame = BOTH.assign(test_accuracy=times)
    with refused(ValueError, match="must hold numbers, got (datetime|timedelta)64"):
        load(write(tmp_path / "t.parquet", frame), higher_is_better=False)


def test_a_target_without_a_column_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", BOTH.drop(columns="test_accuracy"))
    with refused(ValueError, match=r"got only validation_accuracy: .* benchmark\.test_column"):
        load(path, target="test_accuracy")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with refused(FileNotFoundError, match=r"benchmark\.path .*nowhere\.csv'"):
        load(tmp_path / "nowhere.csv")
    with refused(FileNotFoundError, match="not a file"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x80\x81" * 20])
def test_a_file_that_is_no_table_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with refused(ValueError, match=rf"benchmark\.path must be a whole {path.suffix[1:]} tab"):
        load(path)


def test_a_truncated_parquet_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", BOTH)
    path.write_bytes(path.read_bytes()[:-20])
    with refused(ValueError, match="must be a whole parquet table"):
        load(path)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.touch()
    with refused(ValueError, match=r"must end in \.parquet or \.csv, got .*xlsx': convert"):
        load(path)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"unit": "permille"}, r"benchmark\.unit must be fraction or percent, got 'permille'"),
        ({"path": None}, r"benchmark\.path must be the path of .*, got None: give it as text"),
        ({"higher_is_better": "no"}, r"higher_is_better must be true or false, got 'no'"),
        ({"test_column": "validation_accuracy"}, "must differ, got .*: leave out the one"),
        ({"target": "accuracy"}, r"benchmark\.target must be .*, got 'accuracy'"),
    ],
)
def test_a_wrong_option_is_refused_before_the_file_is_read(
    option: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Users have no type checker at run time.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with refused(ValueError, match=message):
        Table(**{"path": "nowhere.csv", **option})
