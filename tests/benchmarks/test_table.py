"""A user's own parquet and csv files, right and wrong."""

from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import pandas as pd
import pytest
from sentences import refused

from epsilon_research.benchmarks import AccuracyTable
from epsilon_research.benchmarks.table import USUAL_NAMES, Table

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
    frame = pd.DataFrame(
        {"cell": IDS, "epoch 108": [0.1, 0.2, 0.3], "key": "x", "test_accuracy": [0.4, 0.5, 0.6]}
    )
    path = write(tmp_path / "t.parquet", frame)
    table = load(path, id_column="cell", validation_column="epoch 108")
    assert list(table.rows["architecture_id"]) == IDS
    assert list(table.rows["validation_accuracy"]) == [0.1, 0.2, 0.3]
    assert (table.target, table.label) == ("test_accuracy", "test accuracy")
    table = load(
        path, id_column="cell", validation_column="epoch 108", target="validation_accuracy"
    )
    assert table.label == "epoch 108"
    assert "column epoch 108, ids in cell" in table.source


@pytest.mark.parametrize(
    ("role", "name"), [(r, n) for r, names in USUAL_NAMES.items() for n in names]
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_usual_names_are_found(role: str, name: str, ending: str, tmp_path: Path) -> None:
    numbers = {"id": IDS, "validation": [0.1, 0.2, 0.3], "test": [0.4, 0.5, 0.6]}
    usual = {"id": "architecture_id", "validation": "validation_accuracy", "test": "test_accuracy"}
    names = {**usual, role: name}
    frame = pd.DataFrame({names[key]: values for key, values in numbers.items()})
    table = load(write(tmp_path / f"t.{ending}", frame))
    for key, values in numbers.items():
        assert list(table.rows[usual[key]]) == values


def test_the_first_usual_name_is_taken(tmp_path: Path) -> None:
    frame = BOTH.assign(key="x", hash="y", val_acc=0.0, val_acc_108=0.0, test_acc=0.0)
    table = load(write(tmp_path / "t.parquet", frame[frame.columns[::-1]]))
    pd.testing.assert_frame_equal(table.rows, BOTH, check_dtype=False)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_values_that_are_not_separated_by_commas_are_refused(
    separator: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    BOTH.to_csv(path, index=False, sep=separator)
    with refused(ValueError, "separate its values by commas"):
        load(path)


def test_a_column_that_was_given_to_one_role_is_not_found_for_another(tmp_path: Path) -> None:
    frame = pd.DataFrame({"key": IDS, "val_acc": [0.1, 0.2, 0.3]})
    table = load(write(tmp_path / "t.csv", frame), test_column="val_acc")
    assert table.target == "test_accuracy"
    assert list(table.rows["test_accuracy"]) == [0.1, 0.2, 0.3]
    assert table.rows["validation_accuracy"].isna().all()


@pytest.mark.parametrize("option", ["id_column", "validation_column", "test_column"])
def test_a_name_that_the_file_does_not_have_is_refused(option: str, tmp_path: Path) -> None:
    # The usual names are there, but the user asked for something else.
    path = write(tmp_path / "t.parquet", BOTH)
    with refused(
        ValueError,
        "must have a column 'no such column', got architecture_id, validation_accuracy, test_acc",
        f"benchmark.{option}" if option == "id_column" else f".{option}",
    ):
        load(path, **{option: "no such column"})


@pytest.mark.parametrize(
    ("name", "keys", "accuracies"),
    [
        ("nb101_cifar10_validation_15000", "key", "val_acc_108"),
        ("nb201_cifar10_validation", "architecture_id", "validation_accuracy"),
    ],
)
def test_a_published_table_is_read_without_any_option(
    name: str, keys: str, accuracies: str, shared: Path
) -> None:
    path = shared / "data" / f"{name}.parquet"
    table = load(path)
    file = pd.read_parquet(path)
    assert len(table.rows) == len(file)
    assert table.target == "validation_accuracy"
    found = table.lookup(list(file[keys][::-1]))["validation_accuracy"]
    np.testing.assert_array_equal(found, file[accuracies][::-1])


def test_a_table_without_accuracies_is_refused_with_its_columns(shared: Path) -> None:
    path = shared / "data" / "nb201_cifar10_published_proxies.parquet"
    with refused(
        ValueError, "a column of accuracies (e.g. validation_accuracy, ", "got architecture_id, ep",
        "zen: name it with benchmark.validation_column or benchmark.test_column",
    ):  # fmt: skip
        load(path)


def test_a_table_of_another_space_is_refused_at_lookup(shared: Path) -> None:
    table = load(shared / "data" / "nb101_cifar10_validation_15000.parquet")
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


@pytest.mark.parametrize("name", ["architecture_id", "hash"])
def test_ids_of_digits_keep_their_zeros(name: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{name},test_accuracy\n0012,0.5\n12,0.6\n", encoding="utf-8")
    assert list(load(path).rows["architecture_id"]) == ["0012", "12"]


def test_ids_that_are_numbers_become_text(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", BOTH.assign(architecture_id=[1, 2, 3]))
    assert list(load(path).rows["architecture_id"]) == ["1", "2", "3"]


def test_ids_may_be_the_index_of_the_saved_frame(tmp_path: Path) -> None:
    keyed = BOTH.rename(columns={"architecture_id": "key"})
    for frame in (
        BOTH.set_index("architecture_id"),
        BOTH.set_index(["architecture_id", "validation_accuracy"]),
        keyed.set_index("key"),
        # Ids in both places: pandas would not move the index into a column that is there.
        BOTH.set_index("architecture_id", drop=False),
    ):
        assert list(load(write(tmp_path / "t.parquet", frame)).rows["architecture_id"]) == IDS
    path = write(tmp_path / "t.parquet", keyed.set_index("key"))
    assert list(load(path, id_column="key").rows["architecture_id"]) == IDS


@pytest.mark.parametrize("kind", ["Float64", "float32", "double[pyarrow]"])
def test_every_kind_of_number_column_is_read(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", BOTH.astype({"test_accuracy": kind}))
    np.testing.assert_allclose(
        load(path).rows["test_accuracy"], [0.91, np.nan, 0.93], rtol=1e-7, atol=0
    )


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            BOTH.rename(columns={"architecture_id": "id"}),
            r"of architecture ids \(e\.g\. architecture_id, .*got id, validation_accuracy, .*\.id",
        ),
        (
            BOTH[["architecture_id"]],
            r"column of accuracies \(.*, got architecture_id: name it with",
        ),
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
        ({"unit": "permille"}, r"benchmark\.unit must be one of fraction, percent, got 'permille'"),
        ({"path": None}, r"benchmark\.path must be the path of .*, got None: pass e.g."),
        ({"higher_is_better": "no"}, r"higher_is_better must be true or false, got 'no'"),
        (
            {"test_column": "accuracy", "validation_column": "accuracy"},
            "must differ, got accuracy, accuracy: leave out the one",
        ),
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
