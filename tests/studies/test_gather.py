"""A study's jobs become one table and one record."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from epsilon_research.studies.gather import (
    gather,
    job_folders,
    read_configuration,
    varied_settings,
)
from epsilon_research.studies.report import Report
from epsilon_research.tracking.record import to_plain
from tests.commands import error_in, launched, run, succeeded, summary_of
from tests.plotting.searches import ENTRIES

REPORT = {"title": "A title", "question": "A question?", "figure": "none"}
QUICK = ("dataset=random_normal", "search_space.num_architectures=30")


def summary(*overrides: str, rho: float | None = 0.5) -> dict[str, Any]:
    found = {"n": 9, "coverage": 0.9, "spearman_rho": rho, "spearman_rho_interval": [0.4, 0.6]}
    return {
        "run": {
            "overrides": list(overrides), "metrics": ["epsilon"], "search_space": "nb201",
            "seed": len(overrides), "weights": [1e-7, 1.0], "config_hash": str(overrides),
        },
        "counts": {"architectures": 10, "connected": 9, "failed": 1, "distinct": 8},
        "timing": {"scoring_seconds": 2.0, "total_seconds": 3.0},
        "metrics": {"epsilon": {"paper": found, "connected": found}},
        "diagnosis": {"epsilon": ["a sentence"]},
    }  # fmt: skip


def write(folder: Path, *summaries: dict[str, Any] | None) -> Path:
    """A sweep's folder, with the configuration that each job's overrides stand for."""
    for number, found in enumerate(summaries):
        job = folder / str(number)
        job.mkdir(parents=True)
        if found is not None:
            (job / "summary.json").write_text(json.dumps(found), encoding="utf-8")
            pairs = (word.split("=") for word in found["run"]["overrides"])
            lines = [f"{name}: {value}" for name, value in pairs]
            (job / "config.yaml").write_text("\n".join([*lines, ""]) or "{}", encoding="utf-8")
    return folder


def record_in(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "study.json").read_text(encoding="utf-8"))


def test_a_record_has_jobs_in_order_and_tells_which_are_missing(tmp_path: Path) -> None:
    jobs = [summary(f"batch_size={size}", "seed=1") for size in range(11)]
    write(tmp_path, *jobs[:3], None, *jobs[4:])
    study = gather(tmp_path, name="s", report=Report(**REPORT), overrides=["study=s", "a=[1,2]"])
    assert to_plain(study.to_json()) == record_in(tmp_path)
    study = record_in(tmp_path)
    assert [job["job"] for job in study["jobs"]] == [0, 1, 2, 4, 5, 6, 7, 8, 9, 10]
    assert study["jobs"][3]["settings"] == {"batch_size": 4}
    assert study["settings"] == ["batch_size"]
    assert study["missing_jobs"] == ["3"]
    assert study["command"] == "python run.py study=s 'a=[1,2]'"
    assert study["jobs"][0]["diagnosis"] == {"epsilon": ["a sentence"]}


def test_the_table_has_a_row_for_each_job_metric_and_protocol(tmp_path: Path) -> None:
    write(tmp_path, summary("seed=1"), summary("seed=2", rho=None))
    gather(tmp_path, name="s", report=Report(**REPORT), overrides=[])
    table = pd.read_parquet(tmp_path / "study.parquet")
    assert list(zip(table["job"], table["protocol"], strict=True)) == [
        (0, "paper"), (0, "connected"), (1, "paper"), (1, "connected")
    ]  # fmt: skip
    assert list(table["seed"]) == ["1", "1", "2", "2"]
    assert table["spearman_rho"].isna().tolist() == [False, False, True, True]
    assert (table["spearman_rho_low"] == 0.4).all()
    assert (table["spearman_rho_high"] == 0.6).all()
    assert (table["architectures"] == 10).all()


def test_jobs_without_accuracies_have_a_row_too(tmp_path: Path) -> None:
    bare = {key: value for key, value in summary("seed=1").items() if key != "metrics"}
    write(tmp_path, bare)
    gather(tmp_path, name="s", report=Report(**REPORT), overrides=[])
    assert "metrics" not in record_in(tmp_path)["jobs"][0]
    table = pd.read_parquet(tmp_path / "study.parquet")
    assert table[["job", "metric", "failed"]].to_dict("records") == [
        {"job": 0, "metric": "epsilon", "failed": 1}
    ]


def test_two_spellings_of_one_value_are_one_setting() -> None:
    same = [{"weights": [1e-7, 1]}, {"weights": [1e-07, 1.0]}]
    assert varied_settings(same, first=["weights"]) == []
    assert varied_settings([*same, {"weights": [1e-3, 1]}]) == ["weights"]


def test_what_follows_from_another_setting_is_left_out() -> None:
    jobs = [
        {"task": task, "weights": weights, "batch_size": size}
        for task, weights in (("a", [1, 2]), ("b", [3, 4]))
        for size in (8, 64)
    ]
    assert varied_settings(jobs) == ["task", "batch_size"]
    assert varied_settings(jobs, first=["weights"]) == ["weights", "batch_size"]


def test_null_and_true_are_values_of_their_own() -> None:
    assert varied_settings([{"a": None}, {"a": "None"}]) == ["a"]
    assert varied_settings([{"a": True}, {"a": 1}]) == ["a"]


def test_a_folder_is_read_with_its_groups_and_without_what_changes_no_number(
    tmp_path: Path,
) -> None:
    (tmp_path / ".hydra").mkdir()
    content = {
        "hydra": {"x": 1},
        "store": "s",
        "weights": [1e-7, 1.0],
        "metric": {"epsilon": {"a": 2}},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(content))
    choices = {"dataset": "photos", "hydra/launcher": "basic", "study": "x"}
    hydra = {"hydra": {"runtime": {"choices": choices}}}
    (tmp_path / ".hydra" / "hydra.yaml").write_text(yaml.safe_dump(hydra))
    assert list(read_configuration(tmp_path).items()) == [
        ("dataset", "photos"), ("weights", [1e-7, 1.0]), ("metric.epsilon.a", 2)
    ]  # fmt: skip


def test_a_folder_without_a_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"must hold the configuration of its run"):
        read_configuration(tmp_path)


def test_a_folder_without_a_finished_job_is_a_mistake(tmp_path: Path) -> None:
    write(tmp_path, None, None)
    with pytest.raises(FileNotFoundError, match="must hold at least one finished job"):
        gather(tmp_path, name="s", report=Report(**REPORT), overrides=[])


def test_a_figure_that_cannot_be_drawn_does_not_cost_the_record(tmp_path: Path) -> None:
    write(tmp_path, summary("seed=1"), summary("seed=2"))
    report = Report(**(REPORT | {"figure": "weight_grid"}))
    with pytest.raises(ValueError, match="weight_grid must"):
        gather(tmp_path, name="s", report=report, overrides=[])
    study = record_in(tmp_path)
    assert len(study["jobs"]) == 2
    assert study["figures"] == []


def test_searches_by_an_objective_have_a_figure_without_any_statistics(tmp_path: Path) -> None:
    jobs = [summary(f"search.protocol={name}") for name in ("sound", "published")]
    for job in jobs:
        del job["metrics"], job["diagnosis"]
        job["search"] = {"random_search": ENTRIES["random_search"] | {"reported": "objective"}}
    report = Report(**(REPORT | {"figure": "search"}))
    study = gather(write(tmp_path, *jobs), name="s", report=report, overrides=[])
    assert study.figures == ["figures/search.png"]
    assert (tmp_path / "figures" / "search.pdf").is_file()


def test_a_run_is_its_own_only_job(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    assert job_folders(tmp_path) == [tmp_path]


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        (REPORT | {"figure": "pie"}, "report.figure must be one of weight_grid"),
        (REPORT | {"published": ["no_such_table"]}, "no_such_table"),
        (REPORT | {"needs": "nb101"}, "report.needs must be a list of texts, got 'nb101'"),
        (REPORT | {"colour": "red"}, "report must have title and question, and may have figure"),
        ({"title": "T"}, "got title: see the studies"),
        ("T", "got 'T': see the studies"),
    ],
)
def test_wrong_reports_are_refused(block: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Report.from_block(block)


def test_a_sweep_is_gathered_at_its_end_and_again(tmp_path: Path) -> None:
    sweep = f"hydra.sweep.dir={tmp_path}"
    first = succeeded(run("-m", "weights=[1e-7,1e-2],[1e-7,1]", *QUICK, sweep))
    table = pd.read_parquet(tmp_path / "study.parquet")
    assert list(table["weights"].unique()) == ["[1e-7,0.01]", "[1e-7,1]"]
    for number in (0, 1):
        found = summary_of(tmp_path / str(number))["metrics"]["epsilon"]["connected"]
        row = table[(table["job"] == number) & (table["protocol"] == "connected")].iloc[0]
        assert row["spearman_rho"] == found["spearman_rho"]
    before = record_in(tmp_path)
    (tmp_path / "study.json").unlink()
    again = succeeded(launched("name=again", f"gather={tmp_path}"))
    record = record_in(tmp_path)
    assert record["jobs"] == before["jobs"]
    assert record["command"] == before["command"]
    assert re.search(r"connected +\d+", again.stdout)
    assert re.search(r"connected +\d+", first.stdout)


def test_a_study_that_does_not_sweep_is_put_beside_the_published_numbers(tmp_path: Path) -> None:
    succeeded(
        run("study=grey_scale", "search_space.num_architectures=auto", f"hydra.run.dir={tmp_path}",
            "search_space.first=40", "batch_size=256")
    )  # fmt: skip
    study = record_in(tmp_path)
    (published,) = study["published"]
    numbers = {part["statistic"]: part["published"] for part in published["published_rows"]}
    assert numbers["spearman_rho"] == 0.87
    assert study["jobs"][0]["folder"] == "."
    # Not the same architectures, so their number cannot agree.
    assert "n" not in numbers


def test_a_sweep_with_a_failed_job_is_gathered_and_fails(tmp_path: Path) -> None:
    process = run("-m", "batch_size=1,8", *QUICK, f"hydra.sweep.dir={tmp_path}")
    assert process.returncode == 1
    study = record_in(tmp_path)
    assert study["missing_jobs"] == ["0"]
    assert [job["job"] for job in study["jobs"]] == [1]


def test_nothing_to_gather_again_is_a_mistake(tmp_path: Path) -> None:
    process = launched("study=grey_scale", f"gather={tmp_path}/absent")
    assert process.returncode == 1
    assert "gather must name a folder of finished jobs" in error_in(process.stderr)
