"""Scores that a user brings along."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from epsilon_research.search_methods import read_score_file

FRAME = pd.DataFrame(
    {"architecture_id": ["001", "002"], "speed": [1, 2], "note": ["x", "y"], "zen": [np.nan, 0.5]}
)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_columns_of_numbers_are_scores_by_id(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"scores.{ending}"
    FRAME.to_csv(path, index=False) if ending == "csv" else FRAME.to_parquet(path)
    scores = read_score_file(path)
    assert list(scores) == ["speed", "zen"]
    assert list(scores.index) == ["001", "002"]
    assert scores["speed"].dtype == np.float64
    np.testing.assert_array_equal(scores["zen"], [np.nan, 0.5])


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_scores_that_float32_leaves_undefined_count_if_they_are_asked_for(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"scores.{ending}"
    frame = FRAME.assign(speed_float32_defined=[False, True])
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
    assert list(read_score_file(path)["speed"]) == [1.0, 2.0]
    scores = read_score_file(path, float32_only=True)
    np.testing.assert_array_equal(scores["speed"], [np.nan, 2.0])
    np.testing.assert_array_equal(scores["zen"], [np.nan, 0.5])


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (FRAME.rename(columns={"architecture_id": "id"}), "must have a column architecture_id"),
        (FRAME[["architecture_id", "note"]], "must have a column of numbers, got none"),
        (pd.concat([FRAME, FRAME]), "one row per architecture, got 2 repeated and 0 empty ids"),
        (FRAME.assign(architecture_id=["001", None]), "got 0 repeated and 1 empty ids"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, frame: pd.DataFrame, sentence: str) -> None:
    path = tmp_path / "scores.csv"
    frame.to_csv(path, index=False)
    with pytest.raises(ValueError, match=sentence):
        read_score_file(path)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="must be an existing parquet or csv file"):
        read_score_file(tmp_path / "none.csv")
    (tmp_path / "scores.txt").touch()
    with pytest.raises(ValueError, match=r"must end in .parquet or .csv"):
        read_score_file(tmp_path / "scores.txt")
    (tmp_path / "scores.parquet").write_text("not parquet")
    with pytest.raises(ValueError, match="must be a whole parquet table"):
        read_score_file(tmp_path / "scores.parquet")
