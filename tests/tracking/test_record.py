import json
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from epsilon_research.tracking import write_json, write_table
from epsilon_research.tracking.record import to_plain


def test_a_table_comes_back_as_it_was_written(tmp_path):
    frame = pd.DataFrame(
        {
            "architecture_id": ["a", "b"],
            "connected": [True, False],
            "epsilon": [0.1, math.nan],
            "epsilon_failure": [None, "disconnected"],
            "num_parameters": np.array([1, 2**40], np.int64),
        }
    )
    write_table(frame, tmp_path / "scores.parquet")
    back = pd.read_parquet(tmp_path / "scores.parquet")
    assert list(back.columns) == list(frame.columns)
    assert back["epsilon"].tolist()[0] == 0.1
    assert math.isnan(back["epsilon"][1])
    assert back["num_parameters"].dtype == np.int64
    assert back["connected"].dtype == np.bool_
    assert back["epsilon_failure"].isna().tolist() == [True, False]


def test_a_column_without_values_is_written_as_text(tmp_path):
    write_table(pd.DataFrame({"failure": [None, None]}), tmp_path / "t.parquet")
    assert str(pq.read_schema(tmp_path / "t.parquet").field("failure").type) == "string"


def test_an_index_is_not_kept(tmp_path):
    write_table(pd.DataFrame({"x": [1, 2, 3]}).iloc[[2, 0]], tmp_path / "t.parquet")
    assert pq.read_schema(tmp_path / "t.parquet").names == ["x"]


def test_json_turns_numpy_into_numbers_and_what_is_not_finite_into_null(tmp_path):
    value = {
        "n": np.int64(3),
        "rho": np.float32(0.5),
        "nan": float("nan"),
        "interval": [np.float64("-inf"), 1.0],
        "flag": np.bool_(True),
        "array": np.array([1.0, math.nan]),
        "path": Path("a/b"),
        "weights": (1e-7, 1),
        "none": None,
    }
    write_json(value, tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text()) == {
        "n": 3,
        "rho": 0.5,
        "nan": None,
        "interval": [None, 1.0],
        "flag": True,
        "array": [1.0, None],
        "path": "a/b",
        "weights": [1e-7, 1],
        "none": None,
    }


def test_json_keeps_the_order_of_keys_and_letters_as_they_are(tmp_path):
    write_json({"z": "ρ", "a": 1}, tmp_path / "s.json")
    assert (tmp_path / "s.json").read_text() == '{\n  "z": "ρ",\n  "a": 1\n}\n'


def test_a_value_that_json_cannot_hold_is_an_error_and_leaves_the_old_file(tmp_path):
    write_json({"a": 1}, tmp_path / "s.json")
    with pytest.raises(TypeError, match="set"):
        write_json({"a": {1, 2}}, tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text()) == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"]


@pytest.mark.parametrize("name", ["s.json", "s.parquet"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, name):
    def write(value: int) -> None:
        if name == "s.json":
            write_json({"a": value}, tmp_path / name)
        else:
            write_table(pd.DataFrame({"a": [value]}), tmp_path / name)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    write(1)
    before = (tmp_path / name).read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device.*another run folder") as caught:
        write(2)
    assert caught.value.errno == 28
    assert (tmp_path / name).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_folder_that_cannot_be_written_names_the_path(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"another run folder.*file/s\.json"):
        write_json({}, tmp_path / "file" / "s.json")


def test_plain_values_stay_what_they_are():
    assert to_plain({1: [True, 2, "x", None]}) == {"1": [True, 2, "x", None]}
