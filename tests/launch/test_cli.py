"""The command line, end to end: what a run leaves behind, and that it can be had again."""

import base64
import gzip
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.commands import (
    ROOT,
    SMALL,
    command,
    error_in,
    finished,
    folder,
    interruptible,
    launched,
    run,
    succeeded,
    summary_of,
)
from tests.offline_run import records

COLUMNS = {
    "architecture_id": "str",
    "connected": "bool",
    "canonical_hash": "str",
    "num_parameters": "int64",
    "epsilon": "float64",
    "epsilon_failure": "str",
    "epsilon_float32_defined": "bool",
    "epsilon_resolution": "float64",
    "epsilon_resolved": "bool",
    "validation_accuracy": "float64",
    "test_accuracy": "float64",
    "seconds": "float64",
}
RUN_KEYS = {
    "search_space", "dataset", "benchmark", "metrics", "weights", "batch_size", "seed", "engine",
    "config_hash", "minibatch_hash", "git_commit", "versions",
}  # fmt: skip
STATISTICS = {
    "spearman_rho", "spearman_rho_top10", "kendall_tau", "kendall_tau_top10",
    "top10_overlap_percent", "top64_in_top5", "ndcg",
}  # fmt: skip
# Neither reads photographs nor draws figures of correlations.
QUICK = ("benchmark=none", "dataset=random_normal", "search_space.num_architectures=3")
WITHOUT_NETWORK = pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode != 0,
    reason="needs `unshare -n`: run as root on Linux",
)


@pytest.fixture(scope="module")
def main_job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the main job on a few architectures; `printed.txt` is what it said."""
    path = tmp_path_factory.mktemp("main") / "run"
    process = succeeded(run("figures=true", folder(path)))
    (path / "printed.txt").write_text(process.stdout, encoding="utf-8")
    return path


def same_scores(first: Path, second: Path) -> bool:
    """Whether two runs have one table, bit for bit, but for the time it took."""
    ours, theirs = (
        pd.read_parquet(path / "scores.parquet").drop(columns="seconds") for path in (first, second)
    )
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    return True


def test_the_table_has_a_row_for_each_architecture(main_job: Path) -> None:
    frame = pd.read_parquet(main_job / "scores.parquet")
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == COLUMNS
    assert frame["architecture_id"].nunique() == len(frame) == 12
    assert (frame["epsilon"].isna() == frame["epsilon_failure"].notna()).all()
    assert frame["epsilon"].notna().any()
    assert frame["test_accuracy"].between(0, 1).all()


def test_the_summary_has_every_key_of_a_record(main_job: Path) -> None:
    summary = summary_of(main_job)
    assert set(summary["run"]) >= RUN_KEYS
    assert set(summary["counts"]) == {
        "architectures", "connected", "distinct", "computed", "from_store", "failed", "unresolved"
    }  # fmt: skip
    assert set(summary["timing"]) == {
        "scoring_seconds", "total_seconds", "architectures_per_second", "processes"
    }  # fmt: skip
    assert set(summary["metrics"]["epsilon"]) == {"paper", "connected", "worst", "unique"}
    for protocol in summary["metrics"]["epsilon"].values():
        intervals = {f"{name}_interval" for name in STATISTICS}
        assert set(protocol) >= STATISTICS | intervals | {"n", "coverage"}
        low, high = protocol["spearman_rho_interval"]
        assert low <= protocol["spearman_rho"] <= high
    run_ = summary["run"]
    assert (run_["search_space"], run_["dataset"]) == ("nb201", "photos")
    assert (run_["weights"], run_["batch_size"]) == ([1e-7, 1.0], 16)


def test_log_figures_and_terminal_show_the_same(main_job: Path) -> None:
    assert "12 of 15,625 architectures, 16 images of photos" in (main_job / "run.log").read_text()
    for name in ("score_vs_accuracy", "score_vs_parameters", "score_histogram"):
        for ending in ("png", "pdf"):
            assert (main_job / "figures" / f"{name}.{ending}").stat().st_size > 5000
    printed = (main_job / "printed.txt").read_text(encoding="utf-8")
    rho = summary_of(main_job)["metrics"]["epsilon"]["connected"]["spearman_rho"]
    (row,) = re.findall(r"^connected +\d+ .*", printed, re.MULTILINE)
    assert f"{abs(rho):.3f}" in row
    assert f"{abs(rho):.3f}" in (main_job / "report.html").read_text(encoding="utf-8")


def test_a_saved_configuration_runs_again_to_the_same_numbers(
    main_job: Path, tmp_path: Path
) -> None:
    again = (f"--config-path={main_job}", folder(tmp_path / "a"), "--config-name=config")
    succeeded(launched(*again))
    assert same_scores(main_job, tmp_path / "a")
    hashes = {summary_of(path)["run"]["config_hash"] for path in (main_job, tmp_path / "a")}
    assert len(hashes) == 1
    # The first line says how to run it again, from where it lies.
    (_, *first), (_, *again) = (
        (path / "config.yaml").read_text().splitlines() for path in (main_job, tmp_path / "a")
    )
    assert first == again


def test_processes_do_not_change_the_numbers(main_job: Path, tmp_path: Path) -> None:
    succeeded(run("executor=processes", "executor.processes=2", folder(tmp_path / "two")))
    assert same_scores(main_job, tmp_path / "two")
    assert summary_of(tmp_path / "two")["timing"]["processes"] == 2
    counts = [summary_of(path)["counts"] for path in (main_job, tmp_path / "two")]
    assert counts[0] == counts[1]


def test_several_metrics_without_a_table_and_a_comparison_of_engines(tmp_path: Path) -> None:
    succeeded(
        run(
            "metric=[epsilon,num_parameters]", "benchmark=none", "agreement=reference",
            "agreement.sample_size=1", "batch_size=8", folder(tmp_path / "run"),
        )
    )  # fmt: skip
    frame = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    assert frame["test_accuracy"].isna().all()
    assert frame["validation_accuracy"].isna().all()
    assert frame["num_parameters"].gt(0).all()
    assert not frame.columns.duplicated().any()
    summary = summary_of(tmp_path / "run")
    assert "metrics" not in summary
    assert {"counts", "timing"} <= set(summary)
    assert summary["run"]["metrics"] == ["epsilon", "num_parameters"]
    found = summary["agreement"]
    assert found["compared"] + found["undefined"] == 1
    assert found.get("largest_difference", 0) < 1e-5
    assert "engine collapsed and engine reference" in (tmp_path / "run" / "run.log").read_text()


def test_the_reference_in_float64_gives_the_same_scores(main_job: Path, tmp_path: Path) -> None:
    expected = pd.read_parquet(main_job / "scores.parquet")
    expected = expected[expected["epsilon_float32_defined"]][-2:].reset_index(drop=True)
    cells = tmp_path / "cells.txt"
    cells.write_text("\n".join(expected["architecture_id"]))
    succeeded(
        run(
            "engine=reference", "engine.dtype=float64", "search_space.num_architectures=auto",
            f"search_space.architectures={cells}", folder(tmp_path / "run"),
        )
    )  # fmt: skip
    found = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    assert found["epsilon"].gt(0).all()
    np.testing.assert_allclose(found["epsilon"], expected["epsilon"], rtol=1e-4, atol=1e-6)
    assert (found["epsilon_resolution"] < expected["epsilon_resolution"]).all()
    other = ("epsilon", "epsilon_resolution", "seconds")
    rest = [name for name in COLUMNS if name not in other]
    pd.testing.assert_frame_equal(found[rest], expected[rest], check_dtype=False)


def test_a_sweep_runs_every_combination_in_a_folder_of_its_own(tmp_path: Path) -> None:
    succeeded(
        run(
            "-m", "weights=[1e-7,1e-6],[1e-7,1]", "batch_size=8,16", *QUICK,
            f"hydra.sweep.dir={tmp_path}",
        )
    )  # fmt: skip
    done = {path.name: summary_of(path)["run"] for path in tmp_path.glob("[0-9]")}
    assert set(done) == {"0", "1", "2", "3"}
    assert {(*job["weights"], job["batch_size"]) for job in done.values()} == {
        (1e-7, high, batch) for high in (1e-6, 1.0) for batch in (8, 16)
    }


@pytest.mark.parametrize("swept", ["batch_size=8,16", "search_space=nb201,toy"])
def test_a_sweep_that_names_no_folder_has_one_with_all_its_jobs(
    swept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    succeeded(run(*QUICK, "-m", swept))
    (folder,) = tmp_path.glob("outputs/*/*")
    assert folder.parent.name == "nb201"
    assert folder.name.endswith("_sweep")
    assert {path.name for path in folder.glob("[0-9]")} == {"0", "1"}
    # One page for all jobs, which draws the architectures of each.
    (page,) = folder.rglob("report.html")
    assert page.parent == folder
    blocks = re.findall(r'class="scatter-data" [^>]*>([^<]+)<', page.read_text(encoding="utf-8"))
    drawn = [json.loads(gzip.decompress(base64.b64decode(one)))["graphs"] for one in blocks]
    assert [len(graphs["rows"]) for graphs in drawn] == [3, 3]
    assert all(graph for graphs in drawn for graph in graphs["rows"])
    jobs = json.loads((folder / "study.json").read_text())["jobs"]
    setting, _, values = swept.partition("=")
    assert [job["settings"] for job in jobs] == [
        {setting: yaml.safe_load(value)} for value in values.split(",")
    ]


def test_failing_jobs_of_a_sweep_are_all_reported_and_let_the_others_finish(tmp_path: Path) -> None:
    process = run("-m", "batch_size=1,8,0", *QUICK, f"hydra.sweep.dir={tmp_path}")
    assert process.returncode == 1
    assert (tmp_path / "1" / "summary.json").is_file()
    reported = re.findall(r"^(.*): batch_size must be", process.stderr, re.MULTILINE)
    assert reported == ["job 0 failed", "job 2 failed", "error"]
    assert "Traceback" not in process.stderr
    assert "job 2 failed" in (tmp_path / "2" / "run.log").read_text()


def test_help_lists_every_group_with_every_option_and_loads_nothing_heavy() -> None:
    process = succeeded(finished(*_traced_imports("--help")))
    groups = process.stdout.partition("Groups and")[2].partition("Settings of")[0]
    blocks = re.findall(r"^(\w+)\n((?:  .+\n)+)", groups, re.MULTILINE)
    listed = {
        (group, *re.split(" +", line.strip(), maxsplit=1))
        for group, options in blocks
        for line in options.splitlines()
    }
    assert {(group, option) for group, option, _ in listed} == {
        (path.parent.name, path.stem) for path in (ROOT / "conf").glob("*/*.yaml")
    }
    assert ("dataset", "random_normal", "Standard normal noise.") in listed
    imported = {line.rpartition("|")[2].strip() for line in process.stderr.splitlines()}
    assert "hydra" in imported
    assert not imported & {"torch", "numba", "pandas", "matplotlib", "wandb", "sklearn", "scipy"}


def test_help_lists_the_options_of_a_users_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "metric").mkdir()
    (tmp_path / "metric" / "depth.yaml").write_text("# How deep it is.\ndepth: {}\n")
    monkeypatch.setenv("EPSILON_TRUSTED", "my_lab")
    shown = succeeded(finished(*command(f"--config-dir={tmp_path}", "--help"))).stdout
    (block,) = re.findall(r"^metric\n((?:  .+\n)+)", shown, re.MULTILINE)
    assert re.search(r"^  depth +How deep it is\.\n  epe_nas +", block, re.MULTILINE)


def test_help_may_be_cut_off_by_its_reader() -> None:
    words = shlex.join(command("--help"))
    process = finished("bash", "-c", f"set -o pipefail; {words} | head -n 1")
    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout.startswith("epsilon_research")


def _traced_imports(*arguments: str) -> list[str]:
    python, *rest = command(*arguments)
    return [python, "-X", "importtime", *rest]


@WITHOUT_NETWORK
def test_the_main_job_needs_no_network_and_its_tracker_has_the_numbers(tmp_path: Path) -> None:
    size = ("search_space.num_architectures=12", "batch_size=16")
    succeeded(finished("unshare", "-n", *command(*size, folder(tmp_path / "run"))))
    summary = summary_of(tmp_path / "run")
    items = {
        item.key or "/".join(item.nested_key): json.loads(item.value_json)
        for record in records(tmp_path / "run")
        for item in record.summary.update
    }
    for protocol, found in summary["metrics"]["epsilon"].items():
        name = f"metrics/epsilon/{protocol}/spearman_rho"
        assert items[name] == pytest.approx(found["spearman_rho"])
    assert items["counts/architectures"] == 12
    assert items["scores_rows"] == 12


def test_an_interrupted_run_says_so_and_closes_its_tracker(tmp_path: Path) -> None:
    process = subprocess.Popen(
        interruptible(
            "search_space.num_architectures=all", "executor=serial", "engine=reference",
            "batch_size=64", folder(tmp_path / "run"),
        ),
        cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        assert "15,625 architectures" in process.stderr.readline()
        # As a terminal does: to the program and to its helpers.
        os.killpg(process.pid, signal.SIGINT)
        _, reported = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert reported.strip() == "Interrupted before the end: the same command starts over."
    ends = [
        record.exit.exit_code for record in records(tmp_path / "run") if record.HasField("exit")
    ]
    assert ends == [130]


def test_a_mistake_leaves_no_empty_run_in_the_tracker(tmp_path: Path) -> None:
    process = run(
        "tracker=wandb", "benchmark=table", f"benchmark.path={tmp_path}/no.csv",
        folder(tmp_path / "run"),
    )  # fmt: skip
    assert process.returncode == 1
    assert "must be an existing parquet or csv file" in error_in(process.stderr)
    assert not (tmp_path / "run").exists()


def test_a_traceback_is_there_for_who_wants_it(tmp_path: Path) -> None:
    process = finished(*command(*SMALL, "batch_size=1", folder(tmp_path)), full_error=True)
    assert process.returncode == 1
    assert "Traceback" in process.stderr
