"""The comparison of two engines."""

import numpy as np
import pandas as pd
import pytest

from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.metrics.num_parameters import NumParameters
from epsilon_research.stages.engine_comparison import EngineComparison
from tests.stages.contexts import prepared_run, scored

OTHER = CollapsedEngine(dtype="float64")
RUN = prepared_run()


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return scored(RUN).frame


def measure(frame: pd.DataFrame, size: int) -> dict:
    stage = EngineComparison(sample_size=size, engine=OTHER)
    return dict(stage.run(scored(RUN, frame=frame)).summary["agreement"])


def test_it_compares_a_sample_of_those_with_a_score(frame: pd.DataFrame) -> None:
    found = measure(frame, 10)
    assert found["compared"] == 10
    assert found["undefined"] == 0
    assert 0 < found["largest_difference"] < 1e-4
    assert measure(frame, 1000)["compared"] == frame["epsilon"].notna().sum()
    assert measure(frame, 10) == found


def test_it_finds_the_one_wrong_score(frame: pd.DataFrame) -> None:
    row = int(np.nanargmax(frame["epsilon"]))
    wrong = frame.assign(epsilon=frame["epsilon"] + 0.25 * (np.arange(len(frame)) == row))
    found = measure(wrong, 1000)
    assert found["architecture_id"] == wrong["architecture_id"][row]
    assert found["largest_difference"] == pytest.approx(0.25, abs=1e-4)
    assert found["largest_relative_difference"] >= 0.25 / frame["epsilon"][row] * 0.99


def test_nothing_to_compare_is_recorded(frame: pd.DataFrame) -> None:
    lost = frame.assign(epsilon=np.nan)
    assert measure(lost, 5) == {"engine": "collapsed", "compared": 0, "undefined": 0}


def test_an_empty_sample_and_a_run_without_epsilon_are_refused() -> None:
    with pytest.raises(ValueError, match=r"agreement.sample_size must be .* got 0: pass e.g."):
        EngineComparison(sample_size=0, engine=OTHER)
    stage = EngineComparison(sample_size=3, engine=OTHER)
    stage.check(RUN)
    with pytest.raises(ValueError, match=r"agreement must have a metric epsilon.* got size: add"):
        stage.check(prepared_run(metrics={"size": NumParameters()}))
