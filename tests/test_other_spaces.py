"""The other spaces and stages through the command line, on a few architectures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.commands import SMALL, folder, launched, run, succeeded, summary_of


def test_nas_bench_101_needs_no_file_and_says_how_to_get_the_accuracies(tmp_path: Path) -> None:
    process = succeeded(run("search_space=nb101", "weights=[1e-7,1]", folder(tmp_path / "run")))
    (line,) = [line for line in process.stderr.splitlines() if "benchmark.download=true" in line]
    assert "benchmark.path=" in line
    frame = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    assert len(frame) == 12
    assert frame["epsilon"].notna().all()
    assert frame["published_key"].str.fullmatch("[0-9a-f]{32}").all()
    summary = summary_of(tmp_path / "run")
    assert summary["run"]["search_space"] == "nb101"
    assert summary["run"]["weights"] == [1e-7, 1.0]
    assert "metrics" not in summary


def test_nas_bench_101_takes_a_table_with_published_keys(shared: Path, tmp_path: Path) -> None:
    table = shared / "data" / "nb101_cifar10_validation_15000.parquet"
    succeeded(
        run(
            "search_space=nb101", "benchmark=table", f"benchmark.path={table}",
            "search_space.num_architectures=40", folder(tmp_path / "run"),
        )
    )  # fmt: skip
    frame = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    known = pd.read_parquet(table).set_index("key").loc[frame["published_key"]]
    np.testing.assert_array_equal(frame["validation_accuracy"], known["val_acc_108"])
    np.testing.assert_array_equal(frame["num_parameters"], known["trainable_parameters"])
    summary = summary_of(tmp_path / "run")
    assert summary["run"]["target"] == "validation_accuracy"
    assert summary["metrics"]["epsilon"]["connected"]["n"] == 40


def test_the_first_of_a_benchmark_are_the_first_of_its_table(shared: Path, tmp_path: Path) -> None:
    table = shared / "data" / "nb101_cifar10_validation_15000.parquet"
    few = [word for word in SMALL if "num_architectures" not in word]
    succeeded(
        launched(
            *few, "search_space=nb101", "benchmark=table", f"benchmark.path={table}",
            "search_space.first=5", folder(tmp_path / "run"),
        )
    )  # fmt: skip
    frame = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    assert list(frame["published_key"]) == list(pd.read_parquet(table)["key"][:5])


def test_recurrent_cells_run_offline(tmp_path: Path) -> None:
    process = succeeded(run("search_space=nbnlp", folder(tmp_path / "run")))
    assert "benchmark.download=single" in process.stderr
    frame = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    assert len(frame) == 12
    assert frame["epsilon"].notna().sum() > 6
    assert summary_of(tmp_path / "run")["run"]["dataset"] == "random_tokens"


def test_recurrent_cells_correlate_with_losses(shared: Path, tmp_path: Path) -> None:
    logs = shared / "data" / "nbnlp_wikitext2_logs_245.zip"
    process = succeeded(
        run(
            "search_space=nbnlp", f"benchmark.path={logs}", "search_space.num_architectures=60",
            folder(tmp_path / "run"),
        )
    )  # fmt: skip
    assert "60 of" in process.stderr
    summary = summary_of(tmp_path / "run")
    assert summary["run"]["higher_is_better"] is False
    frame = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    both = frame[["epsilon", "test_accuracy"]].dropna()
    found = summary["metrics"]["epsilon"]["connected"]["spearman_rho"]
    # A good score goes with a small loss, and that counts as positive.
    assert found == pytest.approx(-both.corr(method="spearman").iloc[0, 1])


def test_images_and_texts_are_not_exchanged(tmp_path: Path) -> None:
    process = run("search_space=nbnlp", "dataset=photos", folder(tmp_path / "run"))
    assert process.returncode == 1
    assert "error: the dataset must hold tokens for search_space=nbnlp" in process.stderr


def test_a_search_alone_on_the_command_line_does_the_whole_job(tmp_path: Path) -> None:
    process = succeeded(
        run(
            "search=ageing_evolution", "search_space.num_architectures=60", "dataset=random_normal",
            "batch_size=4", "search.budget=30", "search.repeats=6", "search.warmup_pool=40",
            "search.selection_runs=5", "search.sample_sizes=[10]", "benchmark.second=none",
            "figures=true", folder(tmp_path / "run"),
        )
    )  # fmt: skip
    summary = summary_of(tmp_path / "run")
    for entry in summary["search"].values():
        assert len(entry["median_curve"]) == 30
        assert entry["repeats"] == 6
        assert np.all(np.diff(entry["median_curve"]) >= 0)
    pools = {entry["warmup_pool"] for entry in summary["search"].values()}
    assert pools == {0, 40}
    assert list(summary["selection"]) == ["10"]
    assert (tmp_path / "run" / "figures" / "search_curves.png").stat().st_size > 5000
    assert "warm-up" in process.stdout
    curves = pd.read_parquet(tmp_path / "run" / "search_curves.parquet")
    assert not curves.empty


def test_a_second_run_computes_nothing_and_says_so(tmp_path: Path) -> None:
    arguments = (f"store={tmp_path}/store", "dataset=random_normal", "benchmark=none")
    for name in ("first", "second"):
        process = succeeded(run(*arguments, folder(tmp_path / name)))
    assert "nothing had to be computed: all values were in the store" in process.stderr
    first, second = (summary_of(tmp_path / name)["counts"] for name in ("first", "second"))
    assert first["computed"] == second["from_store"] > 0
    assert second["computed"] == first["from_store"] == 0
    frames = [pd.read_parquet(tmp_path / n / "scores.parquet") for n in ("first", "second")]
    pd.testing.assert_frame_equal(*frames, check_exact=True)
