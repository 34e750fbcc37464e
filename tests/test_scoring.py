"""Many architectures: order, deduplication, processes, failures."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.executors import Executor, SerialExecutor
from epsilon_research.executors.processes import ProcessExecutor
from epsilon_research.metrics import Candidate, Epsilon
from epsilon_research.metrics.num_parameters import NumParameters
from epsilon_research.scoring import Scoring
from epsilon_research.spaces.nb201 import NasBench201, official_order

SPACE = NasBench201()
IMAGES = np.random.default_rng(0).normal(size=(8, 3, 32, 32)).astype(np.float32)
EPSILON = Epsilon(weights=[1e-7, 1], engine=CollapsedEngine())
METRICS = {"epsilon": EPSILON, "num_parameters": NumParameters()}
IDS = official_order()[:90]


class Backwards(Executor):
    """Gives results in the worst order."""

    @property
    def num_processes(self) -> int:
        return 1

    def map(self, function, tasks):
        return iter([function(task) for task in tasks][::-1])


def table(ids: Sequence[str], executor: Executor | None = None) -> pd.DataFrame:
    scoring = Scoring(
        space=SPACE, metrics=METRICS, images=IMAGES, executor=executor or SerialExecutor()
    )
    done: list[int] = []
    descriptions = scoring.describe(ids, advance=done.append)
    result = scoring.score(ids, descriptions, advance=done.append)
    jobs = scoring.plan(ids, descriptions)
    assert sum(done) == len(ids) + len(jobs)
    distinct = result.frame["canonical_hash"].nunique()
    assert result.num_distinct == distinct
    assert result.num_computed == 2 * distinct + len(ids)
    return result.frame


def test_rows_come_in_the_order_asked_for() -> None:
    ids = list(reversed(IDS))
    frame = table(ids)
    assert list(frame["architecture_id"]) == ids
    expected = table(IDS).set_index("architecture_id").loc[ids].reset_index()
    pd.testing.assert_frame_equal(
        frame.drop(columns="seconds"), expected.drop(columns="seconds"), check_exact=True
    )


@pytest.mark.parametrize("executor", [Backwards(), ProcessExecutor(processes=2)])
def test_the_executor_does_not_change_a_number(executor: Executor) -> None:
    pd.testing.assert_frame_equal(
        table(IDS, executor).drop(columns="seconds"),
        table(IDS).drop(columns="seconds"),
        check_exact=True,
    )


def test_a_shared_score_is_what_each_would_have_had() -> None:
    frame = table(IDS)
    repeated = frame[frame["canonical_hash"].duplicated(keep="first")]
    assert len(repeated) > 5
    scorer = EPSILON.scorer(IMAGES)
    for row in repeated.itertuples():
        program = SPACE.program(row.architecture_id, num_outputs=1)
        own = scorer(Candidate(program=program, num_parameters=1, connected=row.connected))
        assert own.value == pytest.approx(row.epsilon, rel=1e-4, abs=1e-6, nan_ok=True)
        assert (own.failure is None) == pd.isna(row.epsilon_failure)


def test_failures_keep_their_reason_and_stay_nan() -> None:
    frame = table(official_order()[:400])
    lost = frame[~frame["connected"]]
    assert len(lost) > 0
    assert lost["epsilon"].isna().all()
    assert (lost["epsilon_failure"] == "disconnected").all()
    assert not lost["epsilon_float32_defined"].any()
    assert frame.loc[frame["connected"], "epsilon"].notna().all()
    assert frame.loc[frame["connected"], "epsilon_failure"].isna().all()


def test_parameters_are_those_of_ten_classes() -> None:
    assert table(IDS)["num_parameters"].iloc[0] == 129_306


def test_an_error_in_a_worker_reaches_the_caller() -> None:
    scoring = Scoring(
        space=SPACE,
        metrics={"epsilon": EPSILON},
        images=IMAGES[:, :1],  # one channel where the networks take three
        executor=ProcessExecutor(processes=2),
    )
    descriptions = scoring.describe(IDS, advance=lambda count: None)
    with pytest.raises((ValueError, IndexError)):
        scoring.score(IDS, descriptions, advance=lambda count: None)
