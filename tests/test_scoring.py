"""Many architectures: order, deduplication, processes, failures."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epsilon_research.data import Minibatch
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.executors import Executor, Lost, SerialExecutor
from epsilon_research.executors.processes import ProcessExecutor
from epsilon_research.metrics import Epsilon, Metric, scorer_of
from epsilon_research.metrics.num_parameters import NumParameters
from epsilon_research.scoring import Scoring, ScoringResult, description
from epsilon_research.scoring.evaluate import Evaluate, Order
from epsilon_research.spaces.nb201 import NasBench201, official_order
from epsilon_research.store import FolderStore, NoStore, Store
from tests.stand_ins import Chains, CountsConvolutions, Shuffled, candidate_of, timeless

SPACE = NasBench201()
IMAGES = np.random.default_rng(0).normal(size=(8, 3, 32, 32)).astype(np.float32)
MINIBATCH = Minibatch(inputs=IMAGES, kind="images", dataset="noise")
EPSILON = Epsilon(weights=[1e-7, 1], engine=CollapsedEngine(dtype="float32"))
METRICS = {"epsilon": EPSILON, "num_parameters": NumParameters()}
IDS = official_order()[:90]


def table(ids: Sequence[str], executor: Executor | None = None) -> pd.DataFrame:
    scoring = Scoring(
        space=SPACE, metrics=METRICS, minibatch=MINIBATCH, executor=executor or SerialExecutor()
    )
    done: list[int] = []

    def advance(more: int, *, from_store: int = 0, failed: int = 0) -> None:
        done.append(more)

    descriptions = scoring.describe(ids, advance=advance)
    result = scoring.score(ids, descriptions, advance=advance)
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
    pd.testing.assert_frame_equal(timeless(frame), timeless(expected), check_exact=True)


@pytest.mark.parametrize("executor", [Shuffled(seed=1), ProcessExecutor(processes=2)])
def test_the_executor_does_not_change_a_number(executor: Executor) -> None:
    pd.testing.assert_frame_equal(
        timeless(table(IDS, executor)),
        timeless(table(IDS)),
        check_exact=True,
    )


def test_a_shared_score_is_what_each_would_have_had() -> None:
    frame = table(IDS)
    repeated = frame[frame["canonical_hash"].duplicated(keep="first")]
    assert len(repeated) > 5
    scorer = scorer_of(EPSILON, MINIBATCH)
    for row in repeated.index:
        connected = bool(frame["connected"][row])
        own = scorer(candidate_of(SPACE, frame["architecture_id"][row], connected=connected))
        shared = float(frame["epsilon"][row])
        assert own.value == pytest.approx(shared, rel=1e-4, abs=1e-6, nan_ok=True)
        assert (own.failure or "") == frame["epsilon_failure"].fillna("")[row]


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


# A thread of loky may look for a task in the moment in which another has taken it back.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_in_a_worker_reaches_the_caller() -> None:
    scoring = Scoring(
        space=SPACE,
        metrics={"epsilon": EPSILON},
        # One channel where the networks take three.
        minibatch=Minibatch(inputs=IMAGES[:, :1], kind="images", dataset="noise"),
        executor=ProcessExecutor(processes=2),
    )
    descriptions = scoring.describe(IDS)
    with pytest.raises((ValueError, IndexError)):
        scoring.score(IDS, descriptions)


# A space of which every architecture is drawn, so that few functions have many names.

SMALL_IMAGES = np.random.default_rng(1).normal(size=(4, 1, 3, 3)).astype(np.float32)
SMALL = Minibatch(inputs=SMALL_IMAGES, kind="images", dataset="noise")
names = st.lists(st.text("crz", min_size=1, max_size=4), min_size=1, max_size=12, unique=True)


def chains(
    ids: Sequence[str], metrics: Mapping[str, Metric], executor: Executor | None = None
) -> pd.DataFrame:
    scoring = Scoring(
        space=Chains(),
        metrics=metrics,
        minibatch=SMALL,
        executor=executor or SerialExecutor(),
    )
    descriptions = scoring.describe(ids)
    return scoring.score(ids, descriptions).frame


def same(first: pd.DataFrame, second: pd.DataFrame, **how: Any) -> None:
    first, second = (timeless(frame).reset_index(drop=True) for frame in (first, second))
    pd.testing.assert_frame_equal(first, second, **how)


@given(names)
def test_scoring_each_function_once_changes_nothing(ids: list[str]) -> None:
    once = chains(ids, {"epsilon": EPSILON})
    each = chains(ids, {"epsilon": replace(EPSILON, shared_by_function=False)})
    same(once, each, rtol=1e-5, atol=1e-7)


@given(names, st.randoms(use_true_random=False), st.integers(0, 9))
def test_the_order_of_rows_and_results_changes_nothing(ids: list[str], random, seed: int) -> None:
    other = ids[:]
    random.shuffle(other)
    metrics = {"epsilon": EPSILON, "count": CountsConvolutions(shared_by_function=False)}
    expected = chains(ids, metrics).set_index("architecture_id").loc[other].reset_index()
    same(chains(other, metrics, Shuffled(seed=seed)), expected, check_exact=True)


@given(names)
def test_time_stands_in_one_row_of_each_function(ids: list[str]) -> None:
    frame = chains(ids, {"epsilon": EPSILON})
    first = ~frame["canonical_hash"].duplicated()
    assert (frame["seconds"].notna() == first).all()
    assert (frame["seconds"].dropna() >= 0).all()


def test_a_metric_that_sees_more_than_the_function_is_computed_for_each() -> None:
    # The convolution behind a z is lost to the function, not to the count of layers.
    ids = ["z", "zc", "c", "r", "cc", "crc"]
    count = CountsConvolutions(shared_by_function=False)
    frame = chains(ids, {"count": count})
    np.testing.assert_array_equal(frame["count"], [np.nan, np.nan, 1, np.nan, 2, 2])
    assert list(frame["count_failure"].fillna("")) == [
        "disconnected", "disconnected", "", "none", "", "",
    ]  # fmt: skip
    assert list(frame["count_many"]) == [False, False, False, False, True, True]
    assert frame["count_many"].dtype == bool
    assert frame["seconds"].notna().all()


def test_one_name_stands_for_its_function_whatever_the_order() -> None:
    # All disconnected chains are one function; "z" is neither first nor last here.
    shared = {"count": CountsConvolutions(shared_by_function=True)}
    for ids in (["zzc", "z", "zc"], ["zc", "zzc", "z"]):
        frame = chains(ids, shared)
        assert frame["canonical_hash"].nunique() == 1
        assert frame["count"].isna().all()
        assert (frame["count_failure"] == "disconnected").all()


def test_the_size_of_a_chunk_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = ["c", "r", "cr", "rc", "z", "crc", "rcr"]
    expected = chains(ids, {"epsilon": EPSILON})
    monkeypatch.setattr(description, "_PER_CHUNK", 2)
    epsilon = replace(EPSILON, candidates_per_chunk=2)
    same(chains(ids, {"epsilon": epsilon}, Shuffled(seed=3)), expected, check_exact=True)


def test_a_chunk_that_takes_long_comes_back_undone_and_nothing_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = ["c", "r", "cr", "rc", "z", "crc", "rcr"]
    metric = CountsConvolutions(shared_by_function=False, candidates_per_chunk=32)
    expected = chains(ids, {"count": metric, "epsilon": EPSILON})
    sizes = []
    evaluate = Evaluate.__call__

    def watched(self: Evaluate, orders: Sequence[Order]) -> list:
        sizes.append(len(orders))
        return evaluate(self, orders)

    monkeypatch.setattr("epsilon_research.scoring.evaluate._SECONDS_PER_CHUNK", 0.0)
    monkeypatch.setattr(Evaluate, "__call__", watched)
    same(chains(ids, {"count": metric, "epsilon": EPSILON}), expected, check_exact=True)
    # A chunk gives one result, and what it has not done is handed out one by one.
    assert sizes[0] == 7
    assert sizes.count(1) >= 2 * len(ids) - 4


def scored(store: Store, *metrics: Metric, executor: Executor | None = None) -> ScoringResult:
    scoring = Scoring(
        space=SPACE,
        metrics={f"metric{number}": metric for number, metric in enumerate(metrics)},
        minibatch=MINIBATCH,
        executor=executor or SerialExecutor(),
        store=store,
    )
    descriptions = scoring.describe(IDS)
    return scoring.score(IDS, descriptions)


def test_all_pairs_of_some_weights_are_one_pass_for_each_weight(tmp_path: Path) -> None:
    store = FolderStore(path=tmp_path)
    weights = (1e-7, 1e-5, 1e-3, 1.0)
    computed = 0
    for pair in combinations(weights, 2):
        epsilon = replace(EPSILON, weights=list(pair))
        result = scored(store, epsilon)
        computed += result.num_computed
        assert result.num_computed + result.num_from_store == 2 * result.num_distinct
        same(result.frame, scored(NoStore(), epsilon).frame, check_exact=True)
    assert computed == len(weights) * result.num_distinct


def test_what_a_value_depends_on_is_in_its_key(tmp_path: Path) -> None:
    store = FolderStore(path=tmp_path)
    first = scored(store, EPSILON, NumParameters())
    assert first.num_from_store == 0
    assert scored(store, EPSILON, NumParameters()).num_computed == 0
    other = Minibatch(inputs=IMAGES + np.float32(1e-6), kind="images", dataset="noise")
    for changed in (
        {"metrics": {"epsilon": replace(EPSILON, engine=CollapsedEngine(dtype="float64"))}},
        {"minibatch": other},
        {"space": NasBench201(num_classes=11)},
    ):
        parts = {"space": SPACE, "metrics": {"epsilon": EPSILON}, "minibatch": MINIBATCH} | changed
        scoring = Scoring(**parts, executor=SerialExecutor(), store=store)
        result = scoring.score(IDS, scoring.describe(IDS))
        assert result.num_from_store == 0


_DEADLY = 3
"""Number of the job that no worker survives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fails(Executor):
    """Loses each chunk with one of the jobs, or is interrupted after the first chunk."""

    end: str

    @property
    def num_processes(self) -> int:
        return 1

    def map(self, function: Callable, tasks: Iterable) -> Iterator:
        for number, task in enumerate(tasks):
            if self.end == "lost" and any(
                getattr(order, "number", None) == _DEADLY for order in task
            ):
                yield Lost(task)
            elif self.end == "interrupted" and number == 1:
                raise KeyboardInterrupt
            else:
                yield function(task)


def test_what_is_lost_is_reported_by_name_and_tried_again_next_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = FolderStore(path=tmp_path)
    epsilon = replace(EPSILON, candidates_per_chunk=7)
    result = scored(store, epsilon, executor=Fails(end="lost"))
    # Of a chunk that was lost, each job is tried again by itself.
    assert len(result.lost) == 1
    assert result.lost[0] in caplog.text
    died = result.frame["metric0_failure"] == "worker_died"
    assert set(result.lost) <= set(result.frame.loc[died, "architecture_id"])
    assert result.frame.loc[died, "metric0"].isna().all()
    again = scored(store, epsilon)
    assert again.num_computed == 2 * len(result.lost)
    same(again.frame, scored(NoStore(), epsilon).frame, check_exact=True)


def test_an_interrupted_scoring_keeps_what_it_has(tmp_path: Path) -> None:
    store = FolderStore(path=tmp_path)
    epsilon = replace(EPSILON, candidates_per_chunk=7)
    result = scored(store, epsilon, executor=Fails(end="interrupted"))
    assert result.interrupted
    reached = result.frame["metric0_failure"] != "not_reached"
    assert 0 < result.num_computed <= 14
    assert 0 < reached.sum() < len(IDS)
    again = scored(store, epsilon)
    assert not again.interrupted
    assert again.num_from_store == result.num_computed
    same(again.frame, scored(NoStore(), epsilon).frame, check_exact=True)


def auto_counts(store: Store) -> tuple[pd.DataFrame, int, int]:
    """Scores of a pair that float32 does not resolve; how many passes were computed and read."""
    metric = Epsilon(weights=[1e-7, 1e-6], engine=CollapsedEngine())
    result = scored(store, metric)
    return result.frame, result.num_computed, result.num_from_store


def test_unresolved_scores_are_computed_again_once_and_for_all(tmp_path: Path) -> None:
    store = FolderStore(path=tmp_path)
    first, computed, read = auto_counts(store)
    again, computed_again, read_again = auto_counts(store)
    same(first, again, check_exact=True)
    assert (computed_again, read) == (0, 0)
    assert read_again == computed
    single, double = (
        scored(store, replace(EPSILON, weights=[1e-7, 1e-6], engine=CollapsedEngine(dtype=dtype)))
        for dtype in ("float32", "float64")
    )
    functions = single.frame[~single.frame["canonical_hash"].duplicated()]
    unresolved = functions["connected"] & ~functions["metric0_resolved"]
    assert unresolved.sum() > 0.9 * len(functions)
    assert computed == 2 * len(functions) + 2 * unresolved.sum()
    assert (single.num_computed, double.num_computed) == (0, 2 * (~unresolved).sum())
    again_in_double = first["connected"] & ~single.frame["metric0_resolved"]
    np.testing.assert_array_equal(
        first["metric0"], double.frame["metric0"].where(again_in_double, single.frame["metric0"])
    )


def test_what_was_computed_in_float32_alone_is_used(tmp_path: Path) -> None:
    store = FolderStore(path=tmp_path)
    single = replace(EPSILON, weights=[1e-7, 1e-6])
    scored(store, single)
    frame, computed, read = auto_counts(store)
    distinct = frame["canonical_hash"].nunique()
    assert read == 2 * distinct
    assert 0 < computed <= 2 * distinct
    same(frame, auto_counts(NoStore())[0], check_exact=True)


@pytest.mark.parametrize("executor", [Shuffled(seed=1), ProcessExecutor(processes=2)])
def test_follow_ups_do_not_depend_on_the_executor(executor: Executor) -> None:
    metric = Epsilon(weights=[1e-7, 1e-6], engine=CollapsedEngine())
    scoring = Scoring(
        space=SPACE, metrics={"metric0": metric}, minibatch=MINIBATCH, executor=executor
    )
    result = scoring.score(IDS, scoring.describe(IDS))
    same(result.frame, auto_counts(NoStore())[0], check_exact=True)
