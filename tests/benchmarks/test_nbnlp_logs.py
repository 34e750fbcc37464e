"""Logs of NAS-Bench-NLP, real ones and wrong ones."""

import json
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.benchmarks.nbnlp_logs import (
    canonical_recipe,
    losses_at,
    parse_log,
    read_runs,
)

RECIPE = {
    "f": {"op": "linear", "input": ["x", "h_prev_0"]},
    "h_new_0": {"op": "activation_tanh", "input": ["f"]},
}
IDENTITY = (
    '{"f":{"input":["x","h_prev_0"],"op":"linear"},'
    '"h_new_0":{"input":["f"],"op":"activation_tanh"}}'
)
LOG = {
    "data": "data/ptb",
    "recepie_id": 17,
    "epochs": 3,
    "recepie": json.dumps(RECIPE),
    "val_losses": [5.0, 4.0, 4.5],
    "test_losses": [5.1, 4.2, 4.1],
    "status": "OK",
}


def log(**changes: Any) -> bytes:
    found = {key: value for key, value in (LOG | changes).items() if value is not ...}
    return json.dumps(found).encode()


def write(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def losses(content: bytes, epoch: str = "last") -> tuple[float, float]:
    run = parse_log(content, epoch=epoch, what="mine")
    return run.validation_loss, run.test_loss


def test_the_real_logs_are_read_in_their_order(shared: Path) -> None:
    path = shared / "data" / "nbnlp_wikitext2_logs_245.zip"
    runs = read_runs(path, epoch="last")
    with zipfile.ZipFile(path) as archive:
        logs = [json.loads(archive.read(name)) for name in archive.namelist()]
    assert len(runs) == 245
    assert list(runs["recipe_id"]) == [log["recepie_id"] for log in logs]
    for column, key in (("validation_loss", "val_losses"), ("test_loss", "test_losses")):
        np.testing.assert_array_equal(runs[column], [log[key][-1] for log in logs])
    assert set(runs["corpus"]) == {"wikitext-2"}
    early = runs[runs["num_epochs"] < runs["planned_epochs"]]
    assert early[["status", "num_epochs", "recipe_id"]].values.tolist() == [
        ["loss is nan!", 19, 1007257]
    ]
    assert early["test_loss"].isna().all()
    assert runs["test_loss"].isna().sum() == 1


def test_golden_cases_agree_with_the_logs(shared: Path) -> None:
    golden = np.load(shared / "golden" / "nlp_public.npz")
    runs = read_runs(shared / "data" / "nbnlp_wikitext2_logs_245.zip", epoch="last")
    compared = 0
    for number, recipe, loss, smallest in zip(
        golden["recepie_id"],
        golden["recepie_json"],
        golden["test_loss_last"],
        golden["test_loss_min"],
        strict=True,
    ):
        found = runs[runs["recipe_id"] == number]
        # Some of the golden cases are of other logs, and one number has two.
        if len(found) == 1:
            row = found.iloc[0]
            np.testing.assert_array_equal(row["test_loss"], loss)
            assert not row["test_loss"] < smallest
            assert row["architecture_id"] == canonical_recipe(str(recipe), what="golden")
            compared += 1
    assert compared > 20


def test_the_best_epoch_of_a_run_that_ended_in_nan_is_the_one_before(shared: Path) -> None:
    runs = read_runs(shared / "data" / "nbnlp_wikitext2_logs_245.zip", epoch="best")
    assert runs["test_loss"].notna().all()
    last = read_runs(shared / "data" / "nbnlp_wikitext2_logs_245.zip", epoch="last")
    assert (runs["validation_loss"] <= last["validation_loss"].fillna(np.inf)).all()


def test_a_log_says_all_that_a_row_needs() -> None:
    run = parse_log(log(), epoch="last", what="mine")
    assert run.architecture_id == IDENTITY
    assert (run.recipe_id, run.corpus, run.status) == (17, "ptb", "OK")
    assert (run.planned_epochs, run.num_epochs) == (3, 3)
    assert (run.validation_loss, run.test_loss) == (4.5, 4.1)


def test_the_best_epoch_is_that_of_the_validation_loss() -> None:
    assert losses(log(), "best") == (4.0, 4.2)
    # The first of equal ones.
    assert losses(log(val_losses=[5, 4, 4]), "best") == (4.0, 4.2)


@pytest.mark.parametrize("epoch", ["last", "best"])
def test_a_run_that_recorded_nothing_has_no_loss(epoch: str) -> None:
    content = log(val_losses=[], test_losses=[], status="Exception: out of memory")
    assert np.isnan(losses(content, epoch)).all()
    run = parse_log(content, epoch=epoch, what="mine")
    assert (run.status, run.num_epochs) == ("Exception: out of memory", 0)


numbers = st.floats(1, 10) | st.just(math.nan)


@given(pairs=st.lists(st.tuples(numbers, numbers), min_size=1))
def test_losses_are_those_of_one_epoch(pairs: list[tuple[float, float]]) -> None:
    validation, test = (list(column) for column in zip(*pairs, strict=True))
    np.testing.assert_array_equal(losses_at(validation, test, epoch="last"), pairs[-1])
    best = losses_at(validation, test, epoch="best")
    if np.isnan(validation).all():
        assert np.isnan(best).all()
    else:
        assert best[0] == np.nanmin(validation)
        assert any(np.array_equal(best, pair, equal_nan=True) for pair in pairs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1.5, 2.5, 3.5]", 3.5),
        ("[1.5, 2.5, nan]", math.nan),
        ("[1.5, NaN, 2]", 2.0),
        ("[nan, -inf, inf]", math.nan),
        ("[1, 2, Infinity]", math.nan),
    ],
)
def test_lists_that_were_written_as_text_are_read(text: str, expected: float) -> None:
    np.testing.assert_array_equal(losses(log(test_losses=text))[1], expected)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, 10**400])
def test_a_loss_that_is_no_finite_number_is_none(value: object) -> None:
    assert math.isnan(losses(log(test_losses=[1, 2, value]))[1])
    # And it is no candidate for the best epoch.
    assert losses(log(val_losses=[5, 6, value]), "best") == (5.0, 5.1)


def test_equal_recipes_are_equal_ids_however_they_are_written() -> None:
    turned = {key: {"input": value["input"], "op": value["op"]} for key, value in RECIPE.items()}
    for recipe in (
        json.dumps(turned, indent=2),
        json.dumps(dict(reversed(RECIPE.items()))),
        turned,
    ):
        assert canonical_recipe(recipe, what="mine") == IDENTITY
    # Reading an id gives the id.
    assert canonical_recipe(IDENTITY, what="mine") == IDENTITY


@pytest.mark.parametrize("key", ["recepie", "val_losses", "test_losses", "status"])
def test_a_missing_key_is_named(key: str) -> None:
    with refused(ValueError, "mine must have the keys recepie, val", f"none called {key}: pass"):
        parse_log(log(**{key: ...}), epoch="last", what="mine")


@pytest.mark.parametrize("key", ["data", "recepie_id", "epochs"])
@pytest.mark.parametrize("value", [..., "text", None, [1], True])
def test_keys_that_only_inform_may_be_missing_or_odd(key: str, value: object) -> None:
    assert losses(log(**{key: value})) == (4.5, 4.1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"val_losses": [1]}, "mine must list as many val_losses as test_losses, got 1 and 3"),
        ({"val_losses": 3}, "val_losses of mine must be a list of numbers, got a int"),
        ({"test_losses": {}}, "test_losses of mine must be a list of numbers, got a dict"),
        ({"test_losses": ["1"]}, "must be a list of numbers, got '1' in it"),
        ({"test_losses": [True]}, "must be a list of numbers, got a bool in it"),
        ({"test_losses": "[1, 2"}, "must be a list of numbers, got the text '[1, 2'"),
        ({"test_losses": "__import__('os')"}, "must be a list of numbers, got the text"),
        ({"test_losses": "3"}, "must be a list of numbers, got a int"),
        ({"test_losses": "[" * 100_000}, "must be a list of numbers, got the text '[[["),
        ({"recepie": "{"}, "recepie of mine must be a JSON object, got text that is none"),
        ({"recepie": "[]"}, "recepie of mine must be a JSON object, got a list"),
        ({"recepie": 3}, "recepie of mine must be a JSON object, got a int"),
        ({"recepie": "[" * 100_000}, "recepie of mine must be a JSON object"),
    ],
)
def test_what_is_no_log_is_refused(changes: dict[str, Any], message: str) -> None:
    with refused(ValueError, message):
        parse_log(log(**changes), epoch="last", what="mine")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe\xff", b"[" * 100_000, b'{"a": ' * 40_000, b"9" * 10_000]
)
def test_a_member_that_is_no_json_is_refused(content: bytes, tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"ok.json": log(), "logs/bad.json": content})
    with refused(ValueError, f"logs/bad.json in {path} must be a JSON object"):
        read_runs(path, epoch="last")


@pytest.mark.parametrize("content", [b"[]", b"3", b'"text"', b"null", b"NaN"])
def test_json_that_is_no_object_is_refused(content: bytes) -> None:
    with refused(ValueError, "mine must be a JSON object, got", "leave it out"):
        parse_log(content, epoch="last", what="mine")


def test_logs_lie_in_any_folder_among_other_files(tmp_path: Path) -> None:
    members = {
        "logs/deep/a.json": log(recepie_id=1),
        "logs/readme.txt": b"not a log",
        "__MACOSX/logs/deep/._a.json": b"\0\5\x16\7",
        "b.json": log(recepie_id=2),
    }
    runs = read_runs(write(tmp_path / "a.zip", members), epoch="last")
    assert list(runs["recipe_id"]) == [1, 2]


def test_an_archive_without_logs_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"ptb/train.txt": b"text"})
    with refused(ValueError, "benchmark.path must hold logs", str(path)):
        read_runs(path, epoch="last")


@pytest.mark.parametrize("name", ["nowhere.zip", ""])
def test_a_missing_archive_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / name  # the second is a folder
    with refused(FileNotFoundError, "benchmark.path", repr(str(path)), "not a file"):
        read_runs(path, epoch="last")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(log())
    with refused(ValueError, f"benchmark.path {path} must be a whole zip archive"):
        read_runs(path, epoch="last")


def test_a_log_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a.json": log(), "bomb.json": bytes(10**8)})
    with refused(ValueError, "'bomb.json'", "at most 262,144 bytes", "got 100,000,000"):
        read_runs(path, epoch="last")
