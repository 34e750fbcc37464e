"""The command line, end to end."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.commands import ROOT, error_of, run

COLUMNS = {
    "architecture_id": "str",
    "connected": "bool",
    "canonical_hash": "str",
    "num_parameters": "int64",
    "epsilon": "float64",
    "epsilon_failure": "str",
    "epsilon_float32_defined": "bool",
    "validation_accuracy": "float64",
    "test_accuracy": "float64",
    "seconds": "float64",
}
RUN_KEYS = {
    "search_space", "dataset", "benchmark", "metrics", "weights", "batch_size", "seed", "engine",
    "config_hash", "minibatch_hash", "git_commit", "versions",
}  # fmt: skip
STATISTICS = {
    "n", "coverage", "spearman_rho", "spearman_rho_top10", "kendall_tau", "kendall_tau_top10",
    "top10_overlap_percent", "top64_in_top5",
}  # fmt: skip


def folder(path: Path) -> str:
    return f"hydra.run.dir={path}"


@pytest.fixture(scope="module")
def main_job(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The main job's folder and what it printed."""
    path = tmp_path_factory.mktemp("main") / "run"
    process = run(folder(path))
    assert process.returncode == 0, process.stderr
    return path, process.stdout


def test_the_main_job_leaves_its_record(main_job: tuple[Path, str]) -> None:
    path, printed = main_job
    frame = pd.read_parquet(path / "scores.parquet")
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == COLUMNS
    assert len(frame) == 12
    summary = json.loads((path / "summary.json").read_text())
    assert RUN_KEYS <= set(summary["run"])
    assert set(summary["counts"]) == {
        "architectures", "connected", "distinct", "computed", "from_store", "failed"
    }  # fmt: skip
    assert set(summary["timing"]) == {
        "scoring_seconds", "total_seconds", "architectures_per_second", "processes"
    }  # fmt: skip
    assert set(summary["metrics"]["epsilon"]) == {"paper", "connected", "worst", "unique"}
    for protocol in summary["metrics"]["epsilon"].values():
        assert set(protocol) >= STATISTICS
        low, high = protocol["spearman_rho_interval"]
        assert low <= protocol["spearman_rho"] <= high
    assert (path / "run.log").read_text()
    for name in ("score_vs_accuracy", "score_vs_parameters", "score_histogram"):
        for ending in ("png", "pdf"):
            assert (path / "figures" / f"{name}.{ending}").stat().st_size > 5000
    assert "connected" in printed
    assert "protocol" in printed


def test_a_saved_configuration_runs_again_to_the_same_numbers(
    main_job: tuple[Path, str], tmp_path: Path
) -> None:
    path, _ = main_job
    command = [
        sys.executable, "run.py", f"--config-path={path}", "--config-name=config",
        folder(tmp_path / "again"),
    ]  # fmt: skip
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert process.returncode == 0, process.stderr
    assert_same_scores(path, tmp_path / "again")


def assert_same_scores(first: Path, second: Path) -> None:
    frames = [
        pd.read_parquet(path / "scores.parquet").drop(columns="seconds")
        for path in (first, second)
    ]
    pd.testing.assert_frame_equal(*frames, check_exact=True)


def test_processes_do_not_change_the_numbers(main_job: tuple[Path, str], tmp_path: Path) -> None:
    process = run("executor=processes", "executor.processes=2", folder(tmp_path / "two"))
    assert process.returncode == 0, process.stderr
    assert_same_scores(main_job[0], tmp_path / "two")
    summary = json.loads((tmp_path / "two" / "summary.json").read_text())
    assert summary["timing"]["processes"] == 2


def test_several_metrics_without_a_table(tmp_path: Path) -> None:
    process = run("metric=[epsilon,num_parameters]", "benchmark=none", folder(tmp_path / "run"))
    assert process.returncode == 0, process.stderr
    frame = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    assert frame["num_parameters"].gt(0).all()
    assert frame["test_accuracy"].isna().all()
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert "metrics" not in summary
    assert summary["run"]["metrics"] == ["epsilon", "num_parameters"]


def test_both_engines_agree(tmp_path: Path) -> None:
    process = run(
        "agreement=reference", "agreement.sample_size=2", "engine=reference",
        "engine.dtype=float64", "search_space.num_architectures=2", "weights=[1e-2,1]",
        folder(tmp_path / "reference"),
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    found = json.loads((tmp_path / "reference" / "summary.json").read_text())["agreement"]
    assert found["largest_difference"] == 0
    process = run(
        "agreement=reference", "agreement.sample_size=2", "weights=[1e-2,1]",
        "search_space.num_architectures=2", folder(tmp_path / "collapsed"),
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    found = json.loads((tmp_path / "collapsed" / "summary.json").read_text())["agreement"]
    assert 0 < found["largest_difference"] < 1e-5
    frames = [
        pd.read_parquet(tmp_path / name / "scores.parquet") for name in ("reference", "collapsed")
    ]
    np.testing.assert_array_equal(
        frames[0]["epsilon_float32_defined"], frames[1]["epsilon_float32_defined"]
    )


def test_a_sweep_runs_every_combination(tmp_path: Path) -> None:
    process = run(
        "-m", "weights=[1e-7,1e-6],[1e-7,1]", "batch_size=8,16", f"hydra.sweep.dir={tmp_path}"
    )
    assert process.returncode == 0, process.stderr
    settings = {
        (str(run_["weights"]), run_["batch_size"])
        for run_ in (
            json.loads(path.read_text())["run"] for path in tmp_path.glob("*/summary.json")
        )
    }
    assert settings == {
        (weights, batch) for weights in ("[1e-07, 1e-06]", "[1e-07, 1.0]") for batch in (8, 16)
    }


def test_a_failing_job_of_a_sweep_lets_the_others_finish(tmp_path: Path) -> None:
    process = run("-m", "batch_size=1,8", f"hydra.sweep.dir={tmp_path}")
    assert process.returncode == 1
    assert "batch_size must be a whole number of 2 or more, got 1" in process.stderr
    assert (tmp_path / "1" / "summary.json").is_file()


def test_help_lists_every_group_with_every_option() -> None:
    process = subprocess.run(
        [sys.executable, "-X", "importtime", "run.py", "--help"],
        cwd=ROOT, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert process.returncode == 0
    listed = dict(
        line.split(": ", 1)
        for line in process.stdout.split("Settings of this choice")[0].splitlines()
        if ": " in line and not line.startswith(" ")
    )
    for group in (path for path in (ROOT / "conf").iterdir() if path.is_dir()):
        options = {path.stem for path in group.glob("*.yaml")}
        assert set(listed[group.name].split(", ")) == options
    imported = {line.rsplit("|", 1)[-1].strip() for line in process.stderr.splitlines()}
    assert not imported & {"torch", "numba", "pandas", "matplotlib", "wandb"}


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode != 0,
    reason="needs `unshare -n`: run as root on Linux",
)
def test_the_main_job_needs_no_network(tmp_path: Path) -> None:
    process = run(folder(tmp_path / "run"), tracker="wandb", prefix=("unshare", "-n"))
    assert process.returncode == 0, process.stderr
    assert list((tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["search_space.architectures=[x]"], "at most one of"),
        (["weights=[1,1]"], "weights must be two distinct positive finite numbers, got [1, 1]"),
        (["batch_size=1"], "batch_size must be a whole number of 2 or more, got 1"),
        (["+typo=1"], "got 'typo'"),
        (["search_space.frist=3"], "Could not override 'search_space.frist'"),
        (["benchmark=table"], "benchmark.path must be given"),
        (["dataset=npy", "dataset.path=no.npy"], "got 'no.npy', which is not a file"),
        (["metric=nothing"], "Could not find 'metric/nothing'"),
        (["hydra.run.dir=run.py/below"], "got 'Not a directory'"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: list[str], sentence: str) -> None:
    place = [] if "run.dir" in arguments[0] else ["hydra.run.dir=outputs/mistakes/${now:%f}"]
    process = run(*arguments, *place)
    assert sentence in error_of(process)
    if "metric" in arguments[0]:
        assert "num_parameters" in process.stderr  # the options that exist


def test_a_traceback_is_there_for_who_wants_it(tmp_path: Path) -> None:
    process = run(
        "batch_size=1", folder(tmp_path), prefix=("env", "HYDRA_FULL_ERROR=1")
    )
    assert process.returncode == 1
    assert "Traceback" in process.stderr


@pytest.mark.skipif(
    shutil.which("mount") is None or sys.platform != "linux", reason="needs mount on Linux"
)
def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(small)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("needs permission to mount a tmpfs: run as root")
    try:
        process = run(folder(small / "run"))
        assert process.returncode == 1
        assert "Traceback" not in process.stderr
        assert "space" in process.stderr.splitlines()[-1]
    finally:
        subprocess.run(["umount", str(small)], check=True)
