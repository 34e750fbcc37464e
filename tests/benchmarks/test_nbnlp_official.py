"""The table of NAS-Bench-NLP's losses, its direction, and what stands for several runs."""

import json
import logging
import math
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.analysis import summarise_metrics
from epsilon_research.benchmarks import nbnlp_official
from epsilon_research.benchmarks.nbnlp_official import ARCHIVES, NbnlpOfficial, merge_runs
from epsilon_research.download import check_git_blob


def log(recipe: str, losses: list[float], **changes: Any) -> dict[str, Any]:
    """A log whose validation losses are one above its test losses."""
    node = {"op": "activation_tanh", "input": ["x"]}
    found = {
        "data": "data/ptb",
        "recepie_id": 1,
        "epochs": len(losses),
        "recepie": json.dumps({recipe: node}),
        "val_losses": [loss + 1 for loss in losses],
        "test_losses": losses,
        "status": "OK",
    }
    return found | changes


def name_of(recipe: str) -> str:
    return f'{{"{recipe}":{{"input":["x"],"op":"activation_tanh"}}}}'


LOGS = [
    log("a", [6.0, 5.0], recepie_id=1),
    log("b", [4.0, math.nan], recepie_id=2, status="loss is nan!", epochs=50),
    log("a", [8.0, 7.0], recepie_id=3),
    log("a", [9.0], recepie_id=3, status="KeyboardInterrupt", epochs=50),
    log("c", [3.0], recepie_id=4),
    log("c", [3.0, math.nan], recepie_id=4, status="loss is nan!"),
]


def write(path: Path, logs: list[dict[str, Any]]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number, content in enumerate(logs):
            archive.writestr(f"logs/{number}.json", json.dumps(content))
    return path


def rows(path: Path, **options: Any) -> pd.DataFrame:
    table = NbnlpOfficial(path=str(path), **options).load()
    assert table is not None
    assert table.higher_is_better is False
    return table.rows.set_index("architecture_id")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write(tmp_path / "logs.zip", LOGS)


@pytest.mark.parametrize(("statistic", "loss"), [("mean", 7.0), ("min", 5.0), ("max", 9.0)])
def test_runs_of_one_recipe_are_one_row(statistic: str, loss: float, archive: Path) -> None:
    found = rows(archive, statistic=statistic)
    assert list(found.index) == [name_of("a"), name_of("b"), name_of("c")]
    assert list(found["num_runs"]) == [3, 1, 2]
    np.testing.assert_array_equal(found["test_accuracy"], [loss, math.nan, 3.0])
    np.testing.assert_array_equal(found["validation_accuracy"], [loss + 1, math.nan, 4.0])
    statuses = ["OK; KeyboardInterrupt", "loss is nan!", "OK; loss is nan!"]
    assert list(found["status"]) == statuses


def test_the_best_epoch_is_one_with_a_loss(archive: Path) -> None:
    found = rows(archive, epoch="best")
    np.testing.assert_array_equal(found["test_accuracy"], [7.0, 4.0, 3.0])


def test_the_target_is_the_column_that_was_asked_for(archive: Path) -> None:
    for target, column in (
        ("test_loss", "test_accuracy"),
        ("validation_loss", "validation_accuracy"),
    ):
        table = NbnlpOfficial(path=str(archive), target=target).load()
        assert table is not None
        assert table.target == column
        assert table.label == f"{target.replace('_', ' ')} (cross-entropy)"
        assert "logs.zip, ptb" in table.source
        assert "3 recipes, 6 runs" in table.source


def test_what_the_numbers_do_not_show_is_said(
    archive: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        rows(archive)
    assert [record.getMessage() for record in caplog.records] == [
        "logs.zip: 6 runs of 3 recipes; 2 recipes have several runs, 1 of them under several "
        "numbers; 3 runs ended early and count with the last epoch that they recorded; 2 runs "
        "have no finite loss there"
    ]


def test_runs_on_several_texts_are_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logs = [log("a", [5.0]), log("b", [6.0], data="/home/me/wikitext-2")]
    rows(write(tmp_path / "a.zip", logs))
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "(ptb, wikitext-2)" in warning.getMessage()


runs = st.lists(st.tuples(st.sampled_from("abc"), st.floats(1, 10) | st.just(math.nan)), min_size=1)


@given(pairs=runs, statistic=st.sampled_from(["mean", "min", "max"]))
def test_a_statistic_is_of_the_finite_losses(
    pairs: list[tuple[str, float]], statistic: str
) -> None:
    names, losses = zip(*pairs, strict=True)
    frame = pd.DataFrame(
        {
            "architecture_id": names,
            "validation_loss": losses,
            "test_loss": losses,
            "status": "OK",
        }
    )
    found = merge_runs(frame, statistic=statistic)
    assert list(found["architecture_id"]) == list(dict.fromkeys(names))
    for _, row in found.iterrows():
        own = [loss for name, loss in pairs if name == row["architecture_id"]]
        finite = [loss for loss in own if not math.isnan(loss)]
        expected = getattr(np, statistic)(finite) if finite else math.nan
        np.testing.assert_allclose(row["test_accuracy"], expected, rtol=1e-12)
        assert row["num_runs"] == len(own)


def test_the_real_archive_is_one_table(shared: Path) -> None:
    path = shared / "data" / "nbnlp_wikitext2_logs_245.zip"
    found = rows(path)
    assert len(found) == 217
    assert found["num_runs"].sum() == 245
    assert found["test_accuracy"].notna().sum() == 216
    # Cross-entropy in nats: perplexities from 90 to 1,600.
    assert 4.5 < found["test_accuracy"].min() < found["test_accuracy"].max() < 7.4
    assert list(found.loc[found["test_accuracy"].isna(), "status"]) == ["loss is nan!"]
    gap = found["validation_accuracy"] - found["test_accuracy"]
    assert (gap.dropna().abs() < 0.3).all()
    for low, high in (("min", "mean"), ("mean", "max")):
        lower, upper = (
            rows(path, statistic=name)["test_accuracy"].to_numpy() for name in (low, high)
        )
        assert (lower <= upper + 1e-12)[~np.isnan(lower)].all()


def test_a_good_metric_has_a_positive_correlation_with_losses(shared: Path) -> None:
    table = NbnlpOfficial(path=str(shared / "data" / "nbnlp_wikitext2_logs_245.zip")).load()
    assert table is not None
    losses = table.rows["test_accuracy"].to_numpy()
    frame = pd.DataFrame(
        {
            # The best metric there could be: large where the loss is small.
            "oracle": -losses,
            "oracle_float32_defined": True,
            "connected": True,
            "canonical_hash": table.rows["architecture_id"],
            "test_accuracy": losses,
        }
    )
    found = summarise_metrics(
        frame,
        metrics=["oracle"],
        target=table.target,
        higher_is_better=table.higher_is_better,
        rng=np.random.default_rng(0),
        num_resamples=10,
    )
    assert found["oracle"]["connected"]["n"] == 216
    assert found["oracle"]["connected"]["spearman_rho"] == pytest.approx(1.0)
    assert found["oracle"]["connected"]["top10_overlap_percent"] == pytest.approx(100.0)


def test_without_an_archive_there_is_no_table_and_a_hint(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert NbnlpOfficial().load() is None
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    for setting in ("benchmark.download=single (or multi)", "benchmark.path=FILE"):
        assert setting in record.getMessage()


@pytest.mark.parametrize("name", ["single", "multi"])
def test_the_official_archives_are_fetched_and_checked(
    name: str, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fetch(url: str, into: Path, *, check: partial[None], advice: str) -> Path:
        asked.append((url, check.keywords["blob_id"]))
        assert check.func is check_git_blob
        assert "benchmark.path=PATH" in advice
        return archive

    monkeypatch.setattr(nbnlp_official, "download", fetch)
    table = NbnlpOfficial(download=name).load()
    assert table is not None
    assert asked == [tuple(ARCHIVES[name])]


@pytest.mark.network
@pytest.mark.parametrize(("name", "recipes"), [("single", 14_322), ("multi", 4_114)])
def test_the_official_archives_have_the_published_sizes(name: str, recipes: int) -> None:
    table = NbnlpOfficial(download=name).load()
    assert table is not None
    # Recipes that differ in the order of their nodes alone are counted once here.
    assert 0.95 * recipes < len(table.rows) <= recipes


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"path": 3}, "benchmark.path must be the path of a zip archive of logs, got 3"),
        ({"path": "a", "download": "multi"}, "benchmark.path and benchmark.download"),
        ({"download": "all"}, "benchmark.download must be one of single, multi, got 'all'"),
        ({"target": "test_accuracy"}, "benchmark.target must be one of test_loss, validation_l"),
        ({"epoch": 50}, "benchmark.epoch must be one of last, best, got 50"),
        ({"statistic": "median"}, "benchmark.statistic must be one of mean, min, max"),
    ],
)
def test_settings_that_are_none_are_refused(
    option: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Users have no type checker at run time.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with refused(ValueError, message):
        NbnlpOfficial(**option)


def test_an_archive_in_which_every_run_failed_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", [log("a", [math.nan])])
    with refused(ValueError, "must have a test_accuracy for some architecture"):
        rows(path)
