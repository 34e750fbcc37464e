"""NAS-Bench-101's official file: written by the test in the exact format, right and wrong."""

import hashlib
import logging
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import jaxtyping
import numpy as np
import pandas as pd
import pytest
from benchmarks.tfrecords import fields, framed, masked_crc, metrics, record, write_records
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.benchmarks import AccuracyTable, nb101_official
from epsilon_research.benchmarks.nb101_conversion import convert
from epsilon_research.benchmarks.nb101_official import Nb101Official

IDS = ["110011-c3-mp", "1", "101000100001001100101-c1-c3-mp-c1-mp", "110011-mp-c3"]
HASHES = [hashlib.md5(name.encode(), usedforsecurity=False).hexdigest() for name in IDS]
# Validation and test accuracy of three repeats each.
REPEATS = [
    [(0.91, 0.90), (0.92, 0.91), (0.94, 0.89)],
    [(0.11, 0.10), (0.11, 0.10), (0.11, 0.10)],
    [(0.93, 0.92), (0.93, 0.94), (0.90, 0.93)],
    [(0.55, 0.50), (0.65, 0.40), (0.75, 0.60)],
]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "epsilon_research"


def one(place: int, repeat: int, *, epochs: int = 108, **more: Any) -> bytes:
    validation, test = REPEATS[place][repeat]
    numbers = {"training_time": 1000.0 + repeat, "parameters": 1000 * (place + 1)}
    message = metrics(validation=validation, test=test, **(numbers | more))
    return record(fields(IDS[place], module_hash=HASHES[place], epochs=epochs, message=message))


def records(places: Sequence[int] = range(4), **more: Any) -> list[bytes]:
    return [one(place, repeat, **more) for place in places for repeat in range(3)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_records(tmp_path / "nasbench_only108.tfrecord", records())


def load(path: Path, **options: Any) -> AccuracyTable:
    table = Nb101Official(path=str(path), **options).load()
    assert table is not None
    return table


def test_one_row_per_architecture_in_the_order_of_the_file(path: Path) -> None:
    table = load(path)
    assert list(table.rows["architecture_id"]) == IDS
    assert list(table.rows["module_hash"]) == HASHES
    for column, name in enumerate(("validation_accuracy", "test_accuracy")):
        expected = [np.mean([repeat[column] for repeat in repeats]) for repeats in REPEATS]
        np.testing.assert_allclose(table.rows[name], expected, rtol=1e-15, atol=0)
    assert (table.target, table.higher_is_better) == ("test_accuracy", True)
    assert table.label == "cifar10 test accuracy"
    assert "test_accuracy, 108 epochs, mean over 3 repeats, 4 architectures" in table.source


@pytest.mark.parametrize(("statistic", "function"), [("mean", fmean), ("min", min), ("max", max)])
@pytest.mark.parametrize("target", ["validation_accuracy", "test_accuracy"])
def test_a_statistic_over_the_repeats_is_a_choice(
    path: Path, statistic: str, function: Any, target: str
) -> None:
    table = load(path, statistic=statistic, target=target)
    assert table.target == target
    assert f"{target}, 108 epochs, {statistic} over" in table.source
    for column, name in enumerate(("validation_accuracy", "test_accuracy")):
        expected = [function([repeat[column] for repeat in repeats]) for repeats in REPEATS]
        np.testing.assert_allclose(table.rows[name], expected, rtol=1e-15, atol=0)


def test_the_converted_table_has_all_statistics(path: Path, cache: Path) -> None:
    load(path)
    (kept,) = cache.iterdir()
    rows = pd.read_parquet(kept)
    assert list(rows) == [
        "architecture_id", "module_hash", "num_vertices", "trainable_parameters",
        "validation_accuracy_mean", "validation_accuracy_min", "validation_accuracy_max",
        "test_accuracy_mean", "test_accuracy_min", "test_accuracy_max", "num_repeats",
        "training_time", "epochs",
    ]  # fmt: skip
    assert list(rows["num_vertices"]) == [4, 2, 7, 4]
    assert list(rows["trainable_parameters"]) == [1000, 2000, 3000, 4000]
    assert list(rows["num_repeats"]) == [3] * 4
    assert list(rows["training_time"]) == [1001.0] * 4
    assert list(rows["epochs"]) == [108] * 4
    # Rounding must not put a mean beside three equal numbers.
    assert list(rows.loc[1, [f"test_accuracy_{name}" for name in ("mean", "min", "max")]]) == (
        [0.10] * 3
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(data=st.data())
def test_repeats_may_stand_anywhere(data: st.DataObject, tmp_path: Path) -> None:
    order = data.draw(st.permutations([(place, n) for place in range(4) for n in range(3)]))
    file = write_records(tmp_path / "shuffled", [one(place, repeat) for place, repeat in order])
    rows = convert(file, epochs=108)
    first = dict.fromkeys(place for place, _ in order)
    assert list(rows["architecture_id"]) == [IDS[place] for place in first]
    expected = [[max(test for _, test in REPEATS[place]) for place in first]]
    np.testing.assert_array_equal([rows["test_accuracy_max"]], expected)
    expected = [[fmean(validation for validation, _ in REPEATS[place]) for place in first]]
    np.testing.assert_allclose([rows["validation_accuracy_mean"]], expected, rtol=1e-15, atol=0)


def test_other_lengths_of_training_are_a_choice(tmp_path: Path) -> None:
    # As in nasbench_full.tfrecord; the repeats of a length differ from those of another.
    four = [one(place, 0, epochs=4) for place in range(4)]
    path = write_records(tmp_path / "full", [*records(range(2)), *four, *records([2, 3])])
    assert len(load(path).rows) == 4
    table = load(path, epochs=4)
    assert list(table.rows["num_repeats"]) == [1] * 4
    assert "4 epochs, mean over 1 repeats" in table.source
    with refused(ValueError, "must hold training runs of benchmark.epochs=36, got 4, 108"):
        load(path, epochs=36)


def test_different_numbers_of_repeats_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # The beginning of the official file, cut between two records.
    path = write_records(tmp_path / "t", records()[:-1])
    table = load(path)
    assert list(table.rows["num_repeats"]) == [3, 3, 3, 2]
    assert "1 of 4 architectures have not 3 training runs but 2 to 3" in caplog.text
    assert "mean over 2 to 3 repeats" in table.source


def test_a_file_is_converted_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(path)
    monkeypatch.setattr(nb101_official, "convert", lambda *a, **k: pytest.fail("read again"))
    pd.testing.assert_frame_equal(load(path).rows, first.rows, check_dtype=False)
    # These choose among what was converted.
    load(path, statistic="max", target="validation_accuracy")


def test_a_file_that_changed_is_converted_again(path: Path, cache: Path) -> None:
    load(path)
    write_records(path, records(range(3)))
    assert len(load(path).rows) == 3
    assert len(list(cache.iterdir())) == 2
    # Of the same size, some time later.
    size = path.stat().st_size
    write_records(path, [*records([0, 1]), *[one(2, 0)] * 3])
    os.utime(path, ns=(0, 0))
    assert path.stat().st_size == size
    assert load(path).rows["test_accuracy"][2] == REPEATS[2][0][1]


def test_a_converted_file_is_read_as_such(path: Path, cache: Path, tmp_path: Path) -> None:
    first = load(path, statistic="min")
    (kept,) = cache.iterdir()
    moved = kept.rename(tmp_path / "nb101 converted")
    pd.testing.assert_frame_equal(load(moved, statistic="min").rows, first.rows, check_dtype=False)
    assert not list(cache.iterdir())
    with refused(ValueError, "must hold training runs of benchmark.epochs=12, got 108"):
        load(moved, epochs=12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop(columns="epochs"), "got none called epochs: .* benchmark=table"),
        (lambda rows: rows.drop(columns="test_accuracy_min"), "got none called test_accuracy_min"),
        (lambda rows: rows.assign(test_accuracy_max="high"), "column test_accuracy_max .* numbers"),
        (lambda rows: rows.assign(test_accuracy_mean=91.0), "fraction between 0 and 1, got 91"),
        (lambda rows: rows.assign(architecture_id="1"), "must have one row per architecture"),
        (lambda rows: rows.iloc[:0], "benchmark.epochs=108, got no rows"),
    ],
)
def test_another_parquet_file_is_refused(
    path: Path, cache: Path, change: Any, message: str
) -> None:
    load(path)
    (kept,) = cache.iterdir()
    change(pd.read_parquet(kept)).to_parquet(path)
    with refused(ValueError, match=message):
        load(path)


def test_a_damaged_parquet_file_is_refused(path: Path, cache: Path) -> None:
    load(path)
    (kept,) = cache.iterdir()
    path.write_bytes(kept.read_bytes()[:-20])
    with refused(ValueError, "benchmark.path must be a whole parquet table", str(path)):
        load(path)


def test_a_damaged_cache_is_made_again(
    path: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = load(path)
    (kept,) = cache.iterdir()
    kept.write_bytes(b"PAR1 and then nothing")
    pd.testing.assert_frame_equal(load(path).rows, first.rows, check_dtype=False)
    assert "is made again" in caplog.text
    assert len(pd.read_parquet(kept)) == 4


def test_a_cache_that_cannot_be_written_is_done_without(
    path: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache.parent.write_text("a file where the folder should be", encoding="utf-8")
    assert len(load(path).rows) == 4
    assert "the next run converts again" in caplog.text


def test_reading_leaves_the_output_alone(path: Path, capsys: pytest.CaptureFixture) -> None:
    load(path)
    assert capsys.readouterr().out == ""


def damaged(kind: str) -> bytes:
    content = bytearray(b"".join(map(framed, records())))
    if kind == "truncated":
        return bytes(content[:-7])
    if kind == "a flipped byte":
        content[sum(len(framed(data)) for data in records()[:5]) + 100] ^= 16
        return bytes(content)
    if kind == "a length of 10^12":
        length = struct.pack("<Q", 10**12)
        return bytes(content) + length + masked_crc(length) + bytes(100)
    other = fields(IDS[3], module_hash=HASHES[3], message=metrics(parameters=4000))
    place, value = {
        "no accuracy": (4, ""),
        "another graph": (2, "0111000100010000"),
        "another hash": (0, "f" * 32),
        "other parameters": (4, fields(message=metrics(parameters=4001))[4]),
        "an accuracy above 1": (4, fields(message=metrics(parameters=4000, test=91.0))[4]),
        "an unknown operation": (3, "input,conv7x7-bn-relu,maxpool3x3,output"),
        "nothing wrong": (1, 108),
    }[kind]
    other[place] = value
    return bytes(content) + framed(record(other))


def test_damage_is_made_where_it_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(damaged("nothing wrong"))
    assert convert(path, epochs=108)["num_repeats"].tolist() == [3, 3, 3, 4]


@pytest.mark.parametrize(
    ("kind", "number", "message"),
    [
        ("truncated", 12, "before the file ends: it is truncated"),
        ("a flipped byte", 6, "must have the masked CRC32C"),
        ("a length of 10^12", 13, "must have at most 65,536 bytes, got a length of 1,000,000,000"),
        ("no accuracy", 13, "got 0 evaluations instead of 3"),
        ("another graph", 13, "must have the graph of the earlier ones of its module hash"),
        ("another hash", 13, "must have the module hash of the earlier ones of its graph"),
        ("other parameters", 13, "must have the trainable parameters .* \\(4000\\), got 4001"),
        ("an accuracy above 1", 13, "got a test accuracy of 91.0"),
        ("an unknown operation", 13, "got 'input,conv7x7-bn-relu,maxpool3x3,output'"),
    ],
)
def test_a_wrong_file_is_refused_with_its_record_and_leaves_nothing(
    kind: str, number: int, message: str, path: Path, cache: Path
) -> None:
    path.write_bytes(damaged(kind))
    with refused(ValueError, f"record {number} of {path} must", match=message):
        load(path)
    assert not cache.exists()


def test_a_known_hash_with_the_graph_of_another_is_refused(tmp_path: Path) -> None:
    mixed = record(fields(IDS[0], module_hash=HASHES[1], message=metrics(parameters=2000)))
    path = write_records(tmp_path / "t", [*records(range(2)), mixed])
    with refused(ValueError, f"record 7 of {path} must have the graph of the earlier ones"):
        load(path)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>"])
def test_another_file_is_refused(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    with refused(ValueError, str(path), match="no records at all|truncated|damaged"):
        load(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with refused(FileNotFoundError, "benchmark.path must be an existing", "download=true"):
            load(path)


def test_without_a_file_there_is_no_table_but_one_line_that_says_how_to_get_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        assert Nb101Official().load() is None
    (line,) = caplog.messages
    assert "benchmark.download=true" in line
    assert "499 MB" in line
    assert "benchmark.path=FILE" in line


@pytest.fixture
def official(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The test's file in place of the official one; the list names what was downloaded."""
    asked = []
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()

    def fetch(url: str, path: Path, *, check: Any, advice: str) -> Path:
        asked.append(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        check(path)
        return path

    monkeypatch.setattr(nb101_official, "SHA256", sha256)
    monkeypatch.setattr(nb101_official, "download", fetch)
    return asked


def test_the_official_file_is_downloaded_on_demand(official: list[str], cache: Path) -> None:
    for _ in range(2):
        table = Nb101Official(download=True).load()
        assert table is not None
        assert list(table.rows["architecture_id"]) == IDS
        assert "nasbench_only108.tfrecord" in table.source
        # What was converted is enough, also once the large file is deleted.
        (cache / "nasbench_only108.tfrecord").unlink(missing_ok=True)
    assert official == ["https://storage.googleapis.com/nasbench/nasbench_only108.tfrecord"]


def test_another_file_is_not_taken_for_the_official_one(
    official: list[str], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nb101_official, "SHA256", "0" * 64)
    with refused(ValueError, "must be the official file (SHA-256 0000"):
        Nb101Official(download=True).load()
    assert not list(cache.glob("*.parquet"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": 7}, r"benchmark\.path must be the path of NAS-Bench-101's official file, got 7"),
        ({"download": "no"}, r"benchmark\.download must be true or false, got 'no'"),
        ({"path": "x", "download": True}, r"at most one of .*, got 'x' and true: leave one out"),
        ({"target": "accuracy"}, r"benchmark\.target must be one of validation_accuracy, test_acc"),
        ({"epochs": 100}, r"benchmark\.epochs must be one of 4, 12, 36, 108, got 100"),
        ({"epochs": 12, "download": True}, r"benchmark\.epochs must be 108 with .*, got 12: pass"),
        ({"statistic": "median"}, r"benchmark\.statistic must be one of mean, min, max, got"),
    ],
)
def test_a_wrong_option_is_refused_before_the_file_is_read(
    options: dict, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Users have no type checker at run time.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with refused(ValueError, match=message):
        Nb101Official(**options)
