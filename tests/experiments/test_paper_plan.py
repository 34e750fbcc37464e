"""Which files are found, and what studies make of them."""

import logging
import shlex
from pathlib import Path

import pandas as pd
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.launch.declared import ComposedStudy
from epsilon_research.launch.options import quoted
from experiments.paper.plan import KINDS, find_files, plan, shown


def declared(*, needs=(), uses=(), sweeps=False, swept=()) -> ComposedStudy:
    report = {"title": "T", "question": "Q", "needs": list(needs), "uses": list(uses)}
    return ComposedStudy(name="one", report=report, sweeps=sweeps, swept=dict.fromkeys(swept, ""))


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).touch()


def test_usual_names_are_found_in_a_folder(tmp_path):
    (tmp_path / "NATS-tss-v1_0-3ffb9-simple").mkdir()
    (tmp_path / "nats_tss_simple_fixture").mkdir()
    touch(
        tmp_path,
        "nb201_cifar10_validation.parquet",
        "nasbench_only108.tfrecord",
        "nbnlp_wikitext2_logs_245.zip",
        "cifar10_images_512.npy",
        "notes.txt",
    )
    assert {name: path.name for name, path in find_files({}, folder=tmp_path).paths.items()} == {
        "nb201_accuracies": "nb201_cifar10_validation.parquet",
        "nb201_folder": "NATS-tss-v1_0-3ffb9-simple",
        "nb101_accuracies": "nasbench_only108.tfrecord",
        "nbnlp_logs": "nbnlp_wikitext2_logs_245.zip",
        "cifar10_images": "cifar10_images_512.npy",
    }


def test_official_names_come_first_and_what_is_not_taken_is_logged(tmp_path, caplog):
    touch(tmp_path, "a_cifar10_images.npy", "cifar-10-python.tar.gz")
    with caplog.at_level(logging.INFO):
        found = find_files({}, folder=tmp_path)
    assert found.paths["cifar10_images"].name == "cifar-10-python.tar.gz"
    assert "a_cifar10_images.npy is not" in caplog.text


def test_an_archive_of_three_seeds_is_not_taken_for_one_seed_too(tmp_path):
    touch(tmp_path, "nbnlp_multi_logs.zip")
    assert set(find_files({}, folder=tmp_path).paths) == {"nbnlp_three_seeds"}


def test_a_named_file_comes_before_a_found_one(tmp_path, monkeypatch):
    touch(tmp_path, "nbnlp_logs.zip", "mine.zip")
    monkeypatch.chdir(tmp_path)
    found = find_files({"nbnlp_logs": Path("mine.zip")}, folder=Path())
    assert found.paths["nbnlp_logs"] == tmp_path / "mine.zip"


def test_what_does_not_exist_is_refused(tmp_path):
    with refused(FileNotFoundError, "--nb101-accuracies", "nowhere"):
        find_files({"nb101_accuracies": tmp_path / "nowhere"})
    with refused(FileNotFoundError, "--data", "nowhere"):
        find_files({}, folder=tmp_path / "nowhere")


def test_every_kind_says_what_it_is_and_how_to_give_it():
    for kind in KINDS.values():
        assert kind.option in kind.advice
        assert all(pattern in kind.advice for pattern in kind.patterns)


@pytest.mark.parametrize(
    ("kind", "name", "settings"),
    [
        ("nb201_accuracies", "a.csv", {"benchmark": "table", "benchmark.path": "a.csv"}),
        ("nb201_folder", "t", {"benchmark": "nb201_official", "benchmark.path": "t"}),
        ("nb101_accuracies", "n.tfrecord", {"benchmark.path": "n.tfrecord"}),
        ("nb101_accuracies", "n.csv", {"benchmark": "table", "benchmark.path": "n.csv"}),
        ("nbnlp_logs", "l.zip", {"benchmark.path": "l.zip"}),
        ("nbnlp_three_seeds", "l.zip", {"benchmark.path": "l.zip"}),
        ("cifar10_images", "i.npy", {"dataset": "npy", "dataset.path": "i.npy"}),
        ("cifar10_images", "c.tar.gz", {"dataset": "cifar10", "dataset.root": "c.tar.gz"}),
        ("cifar100_images", "c", {"dataset": "cifar100", "dataset.root": "c"}),
        ("imagenet16_images", "i", {"dataset": "imagenet16_120", "dataset.root": "i"}),
    ],
)
def test_each_kind_gives_the_settings_that_read_it(kind, name, settings):
    assert KINDS[kind].settings(Path(name)) == settings


def test_a_parquet_file_of_nasbench101_is_a_table_unless_it_was_converted(tmp_path):
    official, own, damaged = (tmp_path / name for name in ("o.parquet", "t.parquet", "d.parquet"))
    pd.DataFrame({"module_hash": ["a"]}).to_parquet(official)
    pd.DataFrame({"key": ["a"]}).to_parquet(own)
    damaged.write_bytes(b"PAR1")
    settings = KINDS["nb101_accuracies"].settings
    assert settings(official) == {"benchmark.path": str(official)}
    assert settings(own) == {"benchmark": "table", "benchmark.path": str(own)}
    with refused(ValueError, "d.parquet"):
        settings(damaged)


def test_a_study_takes_what_is_at_hand_and_lacks_what_it_needs(tmp_path):
    touch(tmp_path, "nb201_accuracies.csv", "cifar10_images.npy")
    files = find_files({}, folder=tmp_path)
    planned = plan(declared(needs=["nb201_folder"], uses=["cifar10_images"]), files)
    assert [kind.name for kind in planned.missing] == ["nb201_folder"]
    planned = plan(declared(uses=["nb201_folder", "cifar10_images", "nb201_accuracies"]), files)
    assert not planned.missing
    assert planned.command(["tracker=none"]) == (
        "python", "run.py", "study=one", "dataset=npy",
        f"dataset.path={tmp_path}/cifar10_images.npy", "benchmark=table",
        f"benchmark.path={tmp_path}/nb201_accuracies.csv", "tracker=none",
    )  # fmt: skip


def test_of_two_files_for_one_setting_the_first_in_the_report_is_taken(tmp_path):
    touch(tmp_path, "nb201_accuracies.csv", "NATS-tss-v1_0-3ffb9-simple")
    files = find_files({}, folder=tmp_path)
    planned = plan(declared(uses=["nb201_folder", "nb201_accuracies"]), files)
    assert [kind.name for kind in planned.kinds] == ["nb201_folder"]
    planned = plan(declared(needs=["nb201_accuracies"], uses=["nb201_folder"]), files)
    assert planned.settings["benchmark"] == "table"


def test_a_study_that_names_no_kind_takes_nothing(tmp_path):
    touch(tmp_path, "nb201_accuracies.csv")
    assert not plan(declared(), find_files({}, folder=tmp_path)).settings


def test_a_study_of_several_tasks_hands_each_file_to_its_own_task(tmp_path):
    touch(tmp_path, "nasbench_only108.tfrecord", "nbnlp_logs.zip")
    files = find_files({}, folder=tmp_path, download=True)
    study = declared(
        needs=["nb101_accuracies", "nbnlp_logs", "nbnlp_three_seeds"],
        swept=["task"],
    )
    planned = plan(study, files)
    assert planned.settings == {
        "files.nb101_accuracies": str(tmp_path / "nasbench_only108.tfrecord"),
        "files.nbnlp_logs": str(tmp_path / "nbnlp_logs.zip"),
    }
    # One setting of benchmark.download would reach the jobs of the other benchmarks too.
    assert [kind.name for kind in planned.missing] == ["nbnlp_three_seeds"]


def test_what_can_be_downloaded_counts_as_at_hand_only_if_asked_for():
    study = declared(needs=["nb101_accuracies"])
    assert plan(study, find_files({})).missing
    planned = plan(study, find_files({}, download=True))
    assert not planned.missing
    assert planned.settings == {"benchmark.download": "true"}


def test_wrong_kinds_are_refused():
    files = find_files({})
    with refused(ValueError, "nb210_folder", "nb201_folder"):
        plan(declared(needs=["nb210_folder"]), files)


def test_a_sweep_is_filed_by_another_setting_than_a_run():
    files = find_files({})
    assert plan(declared(), files).folder_setting(Path("/o/a")) == "hydra.run.dir=/o/a"
    assert (
        plan(declared(sweeps=True), files).folder_setting(Path("/o,/a"))
        == "hydra.sweep.dir='/o,/a'"
    )


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1))
def test_any_path_reaches_hydra_as_it_is(name):
    parsed = OverridesParser.create().parse_override(f"a={quoted(f'/{name}')}")
    value = parsed.value()
    assert getattr(value, "text", value) == f"/{name}"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_a_shown_command_is_the_same_words_to_a_shell(word):
    assert shlex.split(shown(["python", f"a={word}"])) == ["python", f"a={word}"]


def test_a_file_of_the_data_folder_is_shown_by_the_variable():
    words = ["python", "b=/home/me/data/x.csv", "c=/home/me/database/x.csv", "d='/home/me/data/,'"]
    assert shown(words, data=Path("/home/me/data")) == (
        'python "b=$EPSILON_DATA/x.csv" c=/home/me/database/x.csv ' + shlex.quote(words[3])
    )
