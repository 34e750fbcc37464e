"""Folders of runs: none left by a mistake, and nothing of others overwritten."""

import sys
from pathlib import Path

import pytest

from epsilon_research.launch import launch
from epsilon_research.launch.folders import check_folder
from epsilon_research.launch.sweep import _newest, _typed_words
from tests.commands import SMALL

PLACE = "hydra.run.dir=made/here/run"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mistake(*words: str) -> int:
    return launch(["run.py", *SMALL, "dataset=random_normal", "store=none", *words])


@pytest.mark.parametrize(
    "word",
    [
        "batch_size=2",  # of a constructor
        "benchmark=table",  # a setting that is not given
        "search_space.num_architectures=99999",  # found when the run is prepared
        "metric=nothing",  # found by Hydra
        "seed=x",
    ],
)
def test_a_mistake_leaves_no_folder(word: str, tmp_path: Path, capsys) -> None:
    assert mistake(word, PLACE) == 1
    assert capsys.readouterr().err.count("error: ") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_takes_nothing_away(tmp_path: Path) -> None:
    (tmp_path / "made" / "here").mkdir(parents=True)
    (tmp_path / "made" / "note").write_text("")
    assert mistake("batch_size=2", PLACE) == 1
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["here", "note"]


@pytest.mark.parametrize("word", ["batch_size=2", "search_space.num_architectures=99999"])
def test_a_sweep_whose_constant_setting_is_wrong_ends_at_once(
    word: str, tmp_path: Path, capsys
) -> None:
    words = ["-m", "seed=1,2,3,4", "minibatch_seed=1,2", "hydra.sweep.dir=sweep"]
    assert mistake(word, *words) == 1
    told = capsys.readouterr()
    assert told.err.count("error: ") == 1
    assert "in every job of the sweep" in told.err
    assert "failed" not in told.out + told.err
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_goes_on_after_a_mistake_of_one_job(tmp_path: Path) -> None:
    words = ["-m", "batch_size=2,8", "hydra.sweep.dir=sweep", "figures=false", "page=false"]
    assert mistake(*words) == 1
    assert (tmp_path / "sweep" / "1" / "summary.json").is_file()
    assert not (tmp_path / "sweep" / "0" / "summary.json").exists()


def test_a_sweep_whose_jobs_make_different_mistakes_tells_each_and_leaves_nothing(
    tmp_path: Path, capsys
) -> None:
    assert mistake("-m", "batch_size=1,2", "hydra.sweep.dir=sweep") == 1
    assert capsys.readouterr().err.count("failed: batch_size must be") == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("summaries", "newest"),
    [
        ({"2026-01-01": ["{}", "{}"], "2026-01-02": ["{}", None]}, "2026-01-01"),
        ({"2026-01-01": ["{}"], "2026-01-02": ['{"interrupted": true}']}, "2026-01-01"),
        ({"2026-01-01": ["{}"], "2026-01-02": ["{"]}, "2026-01-01"),
        ({"2026-01-01": ["{}"], "2026-01-02": ["{}"]}, "2026-01-02"),
        ({"2026-01-01": [None]}, None),
        ({}, None),
    ],
)
def test_the_newest_finished_folder_is_gathered(
    summaries: dict, newest: str | None, tmp_path: Path
) -> None:
    for name, jobs in summaries.items():
        for number, content in enumerate(jobs):
            job = tmp_path / name / str(number)
            job.mkdir(parents=True)
            if content is not None:
                (job / "summary.json").write_text(content)
    found = _newest(tmp_path)
    assert (found and found.name) == newest


def test_how_a_sweep_was_started_is_read_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0123456789abcdef")
    word = "name=${oc.env:WANDB_API_KEY}"
    started = tmp_path / "multirun.yaml"
    started.write_text(f"hydra: {{overrides: {{task: ['{word}']}}}}\n")
    assert _typed_words(started) == [word]
    started.write_text("hydra: {}\n")
    with pytest.raises(ValueError, match="must say how the sweep was started"):
        _typed_words(started)


@pytest.mark.parametrize("values", ["range(0,1000000000)", "range(0.0,1.0,0.0)", "range(3,1)"])
def test_a_sweep_of_too_many_jobs_or_none_is_refused(values: str, tmp_path: Path, capsys) -> None:
    assert mistake("-m", f"seed={values}", "hydra.sweep.dir=sweep") == 1
    assert "a sweep must have 1 to 10,000 jobs, got" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


OF_OTHERS = {
    # As a folder of options has it.
    "config.yaml": "pipeline:\n  _target_: epsilon_research.pipeline.Pipeline\n",
    "summary.json": "{}",
    ".hydra/config.yaml": "model:\n  _target_: other_project.Model\n",
    "multirun.yaml": "hydra: {}\n",
    "thesis.tex": "",
    "run.log": "of another program",
}


@pytest.mark.parametrize("name", OF_OTHERS)
def test_a_folder_of_others_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "theirs" / name
    path.parent.mkdir(parents=True)
    path.write_text(OF_OTHERS[name])
    with pytest.raises(ValueError, match="must be new, empty or a run's"):
        check_folder(tmp_path / "theirs")


OURS = {
    "config.yaml": "# Run again: python run.py --config-path=x --config-name=config\n",
    ".hydra/config.yaml": "pipeline:\n  _target_: epsilon_research.pipeline.Pipeline\n",
    "multirun.yaml": "pipeline:\n  _target_: epsilon_research.pipeline.Pipeline\n",
}


@pytest.mark.parametrize("name", OURS)
def test_a_folder_of_a_run_is_taken_again(name: str, tmp_path: Path) -> None:
    path = tmp_path / "ours" / name
    path.parent.mkdir(parents=True)
    path.write_text(OURS[name])
    check_folder(tmp_path / "ours")


def test_a_folder_that_another_run_makes_at_this_moment_is_taken(tmp_path: Path) -> None:
    check_folder(tmp_path)
    (tmp_path / "run.log").touch()
    check_folder(tmp_path)
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "config.yaml").touch()
    check_folder(tmp_path)


def test_standard_output_is_given_back() -> None:
    before = sys.stdout
    mistake("batch_size=2", PLACE)
    assert sys.stdout is before
