"""The comparison of two engines."""

import numpy as np
import pandas as pd
import pytest

from epsilon_research.data import Minibatch
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.executors import SerialExecutor
from epsilon_research.metrics import Epsilon
from epsilon_research.scoring import Scoring
from epsilon_research.spaces.nb201 import NasBench201, official_order
from epsilon_research.stages.engine_comparison import Agreement, say_nothing
from epsilon_research.store import NoStore

SPACE = NasBench201()
IMAGES = np.random.default_rng(0).normal(size=(8, 3, 8, 8)).astype(np.float32)
MINIBATCH = Minibatch(inputs=IMAGES, kind="images", dataset="noise")
METRIC = Epsilon(weights=[1e-7, 1], engine=CollapsedEngine(dtype="float32"))
OTHER = CollapsedEngine(dtype="float64")


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    scoring = Scoring(
        space=SPACE, metrics={"epsilon": METRIC}, minibatch=MINIBATCH, executor=SerialExecutor()
    )
    ids = official_order()[:40]
    descriptions = scoring.describe(ids, advance=say_nothing)
    return scoring.score(ids, descriptions, advance=say_nothing).frame


def measure(frame: pd.DataFrame, size: int, seed: int = 0) -> dict:
    agreement = Agreement(sample_size=size, engine=OTHER, metric=METRIC)
    return agreement.measure(
        frame,
        space=SPACE,
        minibatch=MINIBATCH,
        executor=SerialExecutor(),
        store=NoStore(),
        rng=np.random.default_rng(seed),
    )


def test_it_compares_a_sample_of_those_with_a_score(frame: pd.DataFrame) -> None:
    found = measure(frame, 10)
    assert found["compared"] == 10
    assert found["undefined"] == 0
    assert 0 < found["largest_difference"] < 1e-4
    assert measure(frame, 1000)["compared"] == frame["epsilon"].notna().sum()
    assert measure(frame, 10) == found
    assert measure(frame, 3, seed=1) != measure(frame, 3, seed=2)


def test_it_finds_the_one_wrong_score(frame: pd.DataFrame) -> None:
    row = int(np.nanargmax(frame["epsilon"]))
    wrong = frame.assign(epsilon=frame["epsilon"] + 0.25 * (np.arange(len(frame)) == row))
    found = measure(wrong, 1000)
    assert found["architecture_id"] == wrong["architecture_id"][row]
    assert found["largest_difference"] == pytest.approx(0.25, abs=1e-4)
    assert found["largest_relative_difference"] >= 0.25 / frame["epsilon"][row] * 0.99


def test_nothing_to_compare_is_told(frame: pd.DataFrame) -> None:
    lost = frame.assign(epsilon=np.nan)
    assert measure(lost, 5) == {"engine": "collapsed", "compared": 0, "undefined": 0}


def test_a_sample_of_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"agreement.sample_size must be .* got 0: pass e.g."):
        Agreement(sample_size=0, engine=OTHER, metric=METRIC)
