"""Scores of others, read from a file."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sentences import refused
from stand_ins import candidate_of

from epsilon_research.data import Minibatch
from epsilon_research.executors import SerialExecutor
from epsilon_research.metrics import Metric, Score, scorer_of
from epsilon_research.metrics.column import Column
from epsilon_research.scoring import Scoring
from epsilon_research.spaces.toy import Toy
from epsilon_research.store import FolderStore

SPACE = Toy()
IDS = list(SPACE.architecture_ids[:5])
IMAGES = np.random.default_rng(0).normal(size=(4, 3, 8, 8)).astype(np.float32)
MINIBATCH = Minibatch(inputs=IMAGES, kind="images", dataset="noise")
VALUES = [0.5, -2.0, math.nan, -1e8]
"""Of the first four; the fifth is not in the file."""


def write(path: Path, **columns: list) -> Path:
    frame = pd.DataFrame({"architecture_id": IDS[:4], "zen": VALUES} | columns)
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


def column(path: Path, **settings) -> Column:
    return Column(path=str(path), column="zen", **settings)


def scores(metric: Metric) -> list[Score]:
    score = scorer_of(metric, MINIBATCH)
    return [score(candidate_of(SPACE, id_)) for id_ in IDS]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_values_are_those_of_the_file_or_have_a_reason(tmp_path: Path, suffix: str) -> None:
    found = scores(column(write(tmp_path / f"s{suffix}")))
    assert [score.value for score in found[:2]] == [0.5, -2.0]
    assert [score.failure for score in found] == [
        None, None, "undefined_in_file", None, "not_in_file",
    ]  # fmt: skip
    assert found[3].value == -1e8


def test_a_value_that_stands_for_none_is_none(tmp_path: Path) -> None:
    found = scores(column(write(tmp_path / "s.csv"), undefined=-1e8))
    assert found[3].failure == "undefined_in_file"
    assert math.isnan(found[3].value)


def test_ids_may_stand_in_another_column(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", arch=IDS[:4][::-1])
    assert scores(column(path, id_column="arch"))[3].value == 0.5


def test_an_architecture_without_a_name_is_in_no_file(tmp_path: Path) -> None:
    candidate = candidate_of(SPACE, IDS[0])
    candidate.architecture_id = None
    scorer = scorer_of(column(write(tmp_path / "s.csv")), MINIBATCH)
    assert scorer(candidate).failure == "not_in_file"


def test_equal_rows_count_once_and_different_ones_are_refused(tmp_path: Path) -> None:
    frame = pd.read_csv(write(tmp_path / "s.csv"))
    pd.concat([frame, frame]).to_csv(tmp_path / "twice.csv", index=False)
    assert scores(column(tmp_path / "twice.csv"))[0].value == 0.5
    pd.concat([frame, frame.assign(zen=7.0)]).to_csv(tmp_path / "both.csv", index=False)
    with refused(ValueError, "one score for each architecture", IDS[0]):
        scores(column(tmp_path / "both.csv"))


def test_mistakes_are_refused_at_once(tmp_path: Path) -> None:
    with refused(ValueError, "metric.column.path must be a .parquet or .csv file"):
        column(tmp_path / "s.json")
    with refused(FileNotFoundError, "metric.column.path must be an existing file"):
        column(tmp_path / "s.csv")
    path = write(tmp_path / "s.parquet")
    with refused(ValueError, "metric.column.column must be a column", "architecture_id, zen"):
        Column(path=str(path), column="zne")
    with refused(ValueError, "metric.column.id_column must be a column", "got 'arch'"):
        column(path, id_column="arch")
    for name in ("empty.csv", "empty.parquet"):
        (tmp_path / name).touch()
        with refused(ValueError, "metric.column.path must be a whole", name):
            column(tmp_path / name)
    with refused(ValueError, "column words of", "must hold numbers"):
        path = write(tmp_path / "s.csv", words=list("abcd"))
        scores(Column(path=str(path), column="words"))


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    path, store = write(tmp_path / "s.csv"), FolderStore(path=tmp_path / "store")

    def scored() -> tuple[int, float]:
        scoring = Scoring(
            space=SPACE,
            metrics={"column": column(path)},
            minibatch=MINIBATCH,
            executor=SerialExecutor(),
            store=store,
        )
        descriptions = scoring.describe(IDS)
        result = scoring.score(IDS, descriptions)
        return result.num_computed, result.frame["column"].iloc[0]

    assert scored() == (5, 0.5)
    assert scored() == (0, 0.5)
    write(path, zen=[7.0, 8.0, 9.0, 10.0])
    assert scored() == (5, 7.0)


def test_the_published_proxies_can_stand_beside_ours(shared: Path) -> None:
    path = shared / "data" / "nb201_cifar10_published_proxies.parquet"
    metric = Column(path=str(path), column="jacov", undefined=-1e8)
    frame = pd.read_parquet(path)
    score = scorer_of(metric, MINIBATCH)
    for row in (0, 100):
        candidate = candidate_of(SPACE, IDS[0])
        candidate.architecture_id = frame["architecture_id"].iloc[row]
        assert score(candidate).value == frame["jacov"].iloc[row]
