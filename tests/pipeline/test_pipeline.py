"""The pipeline below the command line: what it refuses, what it works on, what it leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from epsilon_research.benchmarks import AccuracyTable, Benchmark
from epsilon_research.benchmarks.none import NoBenchmark
from epsilon_research.benchmarks.table import Table
from epsilon_research.data import Dataset, Minibatch
from epsilon_research.data.synthetic import RandomNormal
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.executors import SerialExecutor
from epsilon_research.metrics import Epsilon
from epsilon_research.metrics.num_parameters import NumParameters
from epsilon_research.pipeline import Pipeline
from epsilon_research.pipeline.columns import with_aggregates
from epsilon_research.pipeline.record import flatten
from epsilon_research.spaces import Selection
from epsilon_research.spaces.nb201 import NasBench201, official_order
from epsilon_research.stages.correlate import Correlate
from epsilon_research.stages.figures import Figures
from epsilon_research.stages.search.algorithms import RandomSearchStage
from epsilon_research.store import NoStore
from epsilon_research.tracking import Tracker
from epsilon_research.tracking.base import Scalars, Tables

ENGINE = CollapsedEngine(dtype="float32")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences(Dataset):
    """A stand-in for text."""

    name: str = "sentences"
    kind: str = "tokens"

    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        return Minibatch(inputs=np.zeros((batch_size, 5), np.int64), kind="tokens", dataset="x")


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses(Benchmark):
    """A table in which the validation loss of cell i is i / 100; those of the official order."""

    ids: Sequence[str] = tuple(official_order()[:20])

    def load(self) -> AccuracyTable:
        rows = pd.DataFrame({"architecture_id": list(self.ids)})
        rows["validation_accuracy"] = np.arange(len(self.ids)) / 100
        rows["test_accuracy"] = np.nan
        return AccuracyTable(
            name="losses",
            rows=rows,
            target="validation_accuracy",
            higher_is_better=False,
            source="made up",
            label="validation loss",
        )


class Notes(Tracker):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.scalars: dict[str, float] = {}
        self.tables: dict[str, pd.DataFrame] = {}
        self.figures: list[Path] = []

    def open(self, run_dir: Path, config: Mapping[str, Any]) -> None:
        raise AssertionError("whoever runs the pipeline opens the tracker")

    def log(self, scalars: Scalars, tables: Tables, figures: Sequence[Path]) -> None:
        self.scalars |= scalars
        self.tables |= tables
        self.figures += figures

    def close(self, exit_code: int) -> None:
        raise AssertionError("... and closes it")


def selection(**choice: Any) -> Selection:
    return Selection(space=NasBench201(), published_weights=[1e-7, 1], **choice)


def pipeline(**changes: Any) -> Pipeline:
    parts: dict[str, Any] = {
        "search_space": selection(first=12),
        "dataset": RandomNormal(image_size=8),
        "batch_size": 8,
        "minibatch_seed": 1,
        "benchmark": Losses(),
        "metric": {"epsilon": Epsilon(weights=[1e-7, 1], engine=ENGINE)},
        "engine": ENGINE,
        "executor": SerialExecutor(),
        "store": NoStore(),
        "seed": 2,
        "stages": {"correlate": Correlate(num_resamples=20), "figures": Figures()},
    }
    return Pipeline(**parts | changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"dataset": Sentences()}, r"must hold images for .*, got sentences \(tokens\): choose"),
        ({"metric": {}}, "at least one metric must be chosen, got none"),
        ({"batch_size": 2}, "batch_size must be an integer of 3 or more, got 2:"),
        ({"seed": -1}, "seed must be an integer of 0 or more, got -1:"),
        ({"minibatch_seed": -1}, "minibatch_seed must be an integer of 0 or more, got -1:"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(changes: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        pipeline(**changes)


def test_the_seed_draws_architectures_and_its_own_seed_the_minibatch() -> None:
    base = pipeline(search_space=selection(num_architectures=12), benchmark=NoBenchmark())
    first, same = base.prepare(), base.prepare()
    assert first.ids == same.ids
    assert first.scoring.minibatch.content_hash == same.scoring.minibatch.content_hash
    other = replace(base, seed=3).prepare()
    assert other.ids != first.ids
    assert other.scoring.minibatch.content_hash == first.scoring.minibatch.content_hash
    other = replace(base, minibatch_seed=2).prepare()
    assert other.ids == first.ids
    assert other.scoring.minibatch.content_hash != first.scoring.minibatch.content_hash


def test_a_table_of_other_architectures_is_refused_before_any_work() -> None:
    elsewhere = selection(architectures=list(official_order()[30:33]))
    with pytest.raises(ValueError, match="got none in common"):
        pipeline(search_space=elsewhere).prepare()


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Notes, Path]:
    """Summary, tracker and folder of a run with two metrics and a table of losses."""
    folder = tmp_path_factory.mktemp("run")
    tracker = Notes()
    both = {
        "epsilon": Epsilon(weights=[1e-7, 1], engine=ENGINE),
        "size": NumParameters(),
    }
    job = pipeline(metric=both, search_space=selection(first=25))
    summary = job.run(
        job.prepare(), run_dir=folder, tracker=tracker, run_facts={"git_commit": "abc"}
    )
    return summary, tracker, folder


def test_figures_are_left_out_where_they_are_not_wanted(tmp_path: Path) -> None:
    job, tracker = pipeline(figures=False), Notes()
    job.run(job.prepare(), run_dir=tmp_path, tracker=tracker, run_facts={})
    assert not tracker.figures
    assert {path.name for path in tmp_path.iterdir()} == {"scores.parquet", "summary.json"}


@dataclass(frozen=True)
class Counting(SerialExecutor):
    """Counts how often it is released."""

    released: list[int] = field(default_factory=list)

    def release(self) -> None:
        self.released.append(1)


@pytest.mark.parametrize(("many", "times"), [(11, 1), (12, 0)])
def test_processes_give_their_memory_back_before_the_statistics_of_many(
    many: int, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epsilon_research.pipeline.pipeline._MANY", many)
    executor = Counting()
    job = pipeline(executor=executor, figures=False)
    job.run(job.prepare(), run_dir=tmp_path, tracker=Notes(), run_facts={})
    assert len(executor.released) == times


@pytest.mark.parametrize(("protocol", "chosen"), [("sound", 0), ("published", 1)])
def test_a_published_search_knows_only_what_float32_can_score(
    protocol: str, chosen: int, tmp_path: Path
) -> None:
    job = pipeline(search_space=selection(first=100), figures=False)
    job.run(job.prepare(), run_dir=tmp_path, tracker=Notes(), run_facts={})
    frame = pd.read_parquet(tmp_path / "scores.parquet").dropna(subset="epsilon")
    frame = frame.sort_values("epsilon", ascending=False)
    lost = frame[~frame["epsilon_float32_defined"]].iloc[0]
    kept = frame[frame["epsilon_float32_defined"] & (frame["epsilon"] < lost["epsilon"])].iloc[0]
    # A sample of all that the table knows, so that the choice is the best-scored of the two.
    stage = RandomSearchStage(
        budget=2, repeats=2, warmup_pool=0, protocol=protocol, sample_sizes=[2], selection_runs=1
    )
    table = Losses(ids=(lost["architecture_id"], kept["architecture_id"]))
    job = replace(job, stages={"search": stage}, benchmark=table)
    summary = job.run(job.prepare(), run_dir=tmp_path, tracker=Notes(), run_facts={})
    assert summary["selection"]["2"]["validation_accuracy"]["mean"] == chosen / 100
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_of_positions_that_knows_few_cells_gives_a_sample_of_them(
    tmp_path: Path, suffix: str
) -> None:
    places = [15_000, 3, 777, 8_000]
    frame = pd.DataFrame({"position": places, "test_accuracy": [0.1, 0.2, 0.3, 0.4]})
    path = tmp_path / f"mine.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    prepared = pipeline(
        search_space=selection(num_architectures=3),
        benchmark=Table(path=str(path), id_column="position"),
    ).prepare()
    assert prepared.accuracies is not None
    found = dict(zip(prepared.ids, prepared.accuracies["test_accuracy"], strict=True))
    expected = {official_order()[place]: 0.1 + 0.1 * row for row, place in enumerate(places)}
    assert len(found) == 3
    assert all(found[cell] == pytest.approx(expected[cell]) for cell in found)


def test_rows_without_an_accuracy_stay_and_are_unknown(done: tuple) -> None:
    frame = pd.read_parquet(done[2] / "scores.parquet")
    assert list(frame["architecture_id"]) == list(official_order()[:25])
    np.testing.assert_array_equal(frame["validation_accuracy"][:20], np.arange(20) / 100)
    assert frame["validation_accuracy"][20:].isna().all()
    assert frame["test_accuracy"].isna().all()


def test_the_direction_of_a_loss_is_used_and_told(done: tuple) -> None:
    summary, _, folder = done
    frame = pd.read_parquet(folder / "scores.parquet")[:20]
    assert summary["run"]["higher_is_better"] is False
    assert summary["run"]["target"] == "validation_accuracy"
    # Pearson's correlation of ranks, of the parameter count with the negated loss.
    ranks = frame[["size", "validation_accuracy"]].rank()
    expected = -np.corrcoef(ranks["size"], ranks["validation_accuracy"])[0, 1]
    assert summary["metrics"]["size"]["worst"]["spearman_rho"] == pytest.approx(expected)


def test_the_summary_keeps_the_facts_of_the_run_and_counts(done: tuple) -> None:
    summary, _, folder = done
    frame = pd.read_parquet(folder / "scores.parquet")
    assert summary["run"]["git_commit"] == "abc"
    assert summary["run"]["metrics"] == ["epsilon", "size"]
    assert summary["run"]["weights"] == [1e-7, 1.0]
    distinct = frame["canonical_hash"].nunique()
    assert summary["counts"] == {
        "architectures": 25,
        "connected": int(frame["connected"].sum()),
        "distinct": distinct,
        "computed": 2 * distinct + 25,
        "from_store": 0,
        "failed": int(frame["epsilon"].isna().sum()),
        "unresolved": int((~frame["epsilon_resolved"] & frame["epsilon"].notna()).sum()),
    }
    assert summary["timing"]["total_seconds"] > summary["timing"]["scoring_seconds"] > 0
    assert {"common"} <= set(summary["metrics"]["epsilon"])


def test_the_tracker_gets_a_copy_of_everything(done: tuple) -> None:
    summary, tracker, folder = done
    expected = summary["metrics"]["epsilon"]["connected"]["spearman_rho"]
    assert tracker.scalars["metrics/epsilon/connected/spearman_rho"] == expected
    stored = pd.read_parquet(folder / "scores.parquet")
    pd.testing.assert_series_equal(tracker.tables["scores"]["epsilon"], stored["epsilon"])
    assert tracker.figures
    assert all(path.is_file() for path in tracker.figures)
    assert {path.parent.name for path in tracker.figures} == {"comparison", "epsilon", "size"}


def test_an_aggregate_is_judged_like_a_metric(tmp_path: Path) -> None:
    both = {"epsilon": Epsilon(weights=[1e-7, 1], engine=ENGINE), "size": NumParameters()}
    job = pipeline(
        metric=both, search_space=selection(first=25), aggregates={"both": ["epsilon", "size"]}
    )
    summary = job.run(job.prepare(), run_dir=tmp_path, tracker=Notes(), run_facts={})
    frame = pd.read_parquet(tmp_path / "scores.parquet")
    known = frame["epsilon"].notna() & frame["size"].notna()
    ranks = frame.loc[known, ["epsilon", "size"]].rank()
    expected = np.log(ranks / known.sum()).sum(axis=1)
    np.testing.assert_allclose(frame.loc[known, "both"], expected)
    assert frame.loc[~known, "both"].isna().all()
    assert (frame.loc[~known, "both_failure"] == "undefined_part").all()
    assert "spearman_rho" in summary["metrics"]["both"]["connected"]
    assert "both" in summary["comparison"]["common"]["spearman_rho"]


def test_an_aggregate_ranks_last_what_its_part_ranks_last() -> None:
    frame = pd.DataFrame({"a": [3.0, np.nan, 1.0, np.nan], "b": [1.0, 2.0, 3.0, 4.0], "seconds": 0})
    frame["a_ranks_last"] = [False, True, False, False]
    found = with_aggregates(frame, {"both": ["a", "b"]})
    # Of the first three rows, a ranks 3, 1, 2 and b 1, 2, 3.
    expected = np.log(np.array([3, 2, 6]) / 9)
    np.testing.assert_allclose(found["both"], [*expected, np.nan])
    assert found["both_failure"].dropna().to_dict() == {3: "undefined_part"}
    # Whoever asks twice gets the same.
    pd.testing.assert_frame_equal(with_aggregates(frame, {"both": ["a", "b"]}), found)


@pytest.mark.parametrize(
    "aggregates", [{"a": ["epsilon", "no"]}, {"a": []}, {"epsilon": ["epsilon"]}]
)
def test_an_aggregate_of_nothing_is_refused(aggregates: dict) -> None:
    with pytest.raises(ValueError, match="aggregates must name metrics of the run"):
        pipeline(aggregates=aggregates)


def test_flat_names_hold_numbers_only() -> None:
    nested = {
        "run": {"name": "x", "seed": 3, "dry": True, "none": None},
        "metrics": {"epsilon": {"rho": 0.5, "rho_interval": [0.25, 0.75]}},
    }
    assert flatten(nested) == {
        "run/seed": 3,
        "metrics/epsilon/rho": 0.5,
        "metrics/epsilon/rho_interval/low": 0.25,
        "metrics/epsilon/rho_interval/high": 0.75,
    }
