import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from epsilon_research.analysis.protocols import (
    DIFFERENCE_INTERVAL,
    PROTOCOLS,
    protocol_scores,
    summarise_metric,
    summarise_metrics,
)
from epsilon_research.analysis.ranks_last import finite_scores, ranked_scores
from epsilon_research.analysis.statistics import STATISTICS
from tests.analysis.frames import score_frame, undefine
from tests.analysis.naive import naive_statistics


def summarise(frame, *, metric="epsilon", target="test_accuracy", **settings) -> Any:
    settings = {"higher_is_better": True, "num_resamples": 20} | settings
    rng = np.random.default_rng(1)
    return summarise_metric(frame, metric=metric, target=target, rng=rng, **settings)


def flat(statistics):
    return np.hstack(list(statistics.values()))


def mixed_frame():
    """Of 400 rows: 10 disconnected, 20 overflow, 30 lost by float32 only, 40 without accuracy."""
    frame = score_frame()
    undefine(frame, slice(0, 10), "disconnected")
    undefine(frame, slice(10, 30), "overflow")
    frame.loc[frame.index[30:60], "epsilon_float32_defined"] = False
    frame.loc[frame.index[360:], ["validation_accuracy", "test_accuracy"]] = np.nan
    # Rows 100 to 149 are the functions of rows 50 to 99 again.
    frame.loc[frame.index[100:150], "canonical_hash"] = [f"h{i}" for i in range(50, 100)]
    return frame


@pytest.mark.parametrize(
    ("protocol", "rows"), [("paper", 300), ("connected", 330), ("worst", 360), ("unique", 280)]
)
def test_each_protocol_counts_its_rows(protocol, rows):
    found = summarise(mixed_frame())[protocol]
    assert found["n"] == rows
    assert found["coverage"] == pytest.approx(rows / 360)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_protocol_agrees_with_the_paper_code_on_its_rows(protocol):
    frame = mixed_frame()
    kept = {
        "paper": frame[60:360],
        "connected": frame[30:360],
        "worst": frame[:360].assign(epsilon=frame["epsilon"].fillna(-1)),
        "unique": pd.concat([frame[30:100], frame[150:360]]),
    }[protocol]
    reference = naive_statistics(kept["epsilon"].to_numpy(), kept["test_accuracy"].to_numpy())
    found = summarise(frame)[protocol]
    np.testing.assert_allclose([found[name] for name in STATISTICS], reference, atol=1e-12)


def test_a_summary_has_every_name_of_the_record_and_json_types():
    for protocol, found in summarise(mixed_frame()).items():
        intervals = [f"{name}_interval" for name in STATISTICS]
        intervals += [DIFFERENCE_INTERVAL] if protocol == "paper" else []
        assert set(found) == {"n", "coverage", *STATISTICS, *intervals, "num_resamples"}
        assert all(type(found[name]) in (int, float) for name in found if name not in intervals)
        assert all(type(end) is float for name in intervals for end in found[name])
        assert all(found[name][0] <= found[name][1] for name in intervals)


def test_undefined_scores_rank_last_and_tie_among_themselves():
    frame = score_frame(5)
    frame["epsilon"] = [0.3, np.nan, -7.0, -np.inf, 0.1]
    ranks = protocol_scores(frame, metric="epsilon", protocol="worst")
    np.testing.assert_array_equal(ranks, [3, 0, 1, 0, 2])


def test_unique_keeps_the_first_connected_row_with_an_accuracy():
    frame = score_frame(6)
    frame["canonical_hash"] = ["x", "x", "x", "y", "y", "y"]
    frame.loc[0, "connected"] = False
    frame.loc[3, "test_accuracy"] = np.nan
    rated = frame.dropna(subset=["test_accuracy"])
    kept = protocol_scores(rated, metric="epsilon", protocol="unique")
    assert list(rated.index[np.isfinite(kept)]) == [1, 4]


def test_a_metric_without_a_float32_column_keeps_its_finite_rows_in_paper():
    found = summarise(mixed_frame(), metric="num_parameters")
    assert found["paper"]["n"] == 360
    assert found["connected"]["n"] == 350


@pytest.mark.parametrize(("paper_filter", "rows"), [("finite", 9), ("nonzero", 8), ("positive", 7)])
def test_the_paper_protocol_filters_as_the_published_code_of_each_space(paper_filter, rows):
    frame = score_frame(10)
    frame.loc[:2, "epsilon"] = [np.nan, 0.0, -1.0]
    found = summarise(frame, paper_filter=paper_filter)
    assert found["paper"]["n"] == rows
    assert found["connected"]["n"] == 9


def test_losses_turn_the_sign_of_every_correlation():
    frame = mixed_frame()
    losses = frame.assign(test_accuracy=-frame["test_accuracy"])
    good = summarise(losses, higher_is_better=False)
    # Of losses the published code had a definition of its own, and no interval.
    assert 0 <= good["paper"].pop("published_top10_overlap_percent") <= 100
    assert good == summarise(frame)
    bad = summarise(losses)
    for name in ("spearman_rho", "kendall_tau"):
        assert bad["connected"][name] == pytest.approx(-good["connected"][name])


def test_the_target_decides_which_accuracies_count():
    frame = score_frame()
    frame["validation_accuracy"] = -frame["test_accuracy"]
    found = summarise(frame, target="validation_accuracy")["connected"]
    assert found["spearman_rho"] == pytest.approx(-summarise(frame)["connected"]["spearman_rho"])


def test_the_same_seed_gives_the_same_summary_whatever_the_global_generator():
    np.random.seed(1)  # noqa: NPY002
    first = summarise(mixed_frame())
    np.random.seed(2)  # noqa: NPY002
    assert summarise(mixed_frame()) == first


def test_shuffling_rows_changes_nothing_but_which_row_is_first():
    frame = mixed_frame()
    shuffled = summarise(frame.sample(frac=1, random_state=3))
    for protocol in ("paper", "connected", "worst"):
        expected = flat(summarise(frame)[protocol])
        np.testing.assert_allclose(flat(shuffled[protocol]), expected, atol=1e-12)


@pytest.mark.parametrize("rows", [0, 1, 2])
@pytest.mark.parametrize("column", ["epsilon", "test_accuracy"])
def test_too_few_rows_give_nan_and_their_number(rows, column):
    frame = score_frame()
    frame.loc[frame.index[rows:], column] = np.nan
    found = summarise(frame)["connected"]
    assert found["n"] == rows
    assert all(np.isnan(found[name]) for name in STATISTICS)
    assert all(np.isnan(found[f"{name}_interval"]).all() for name in STATISTICS)


def test_an_empty_frame_is_summarised_as_nothing():
    found = summarise(score_frame()[:0])["worst"]
    assert found["n"] == 0
    assert np.isnan(found["coverage"])


def test_common_holds_the_rows_on_which_all_metrics_are_defined():
    frame = mixed_frame()
    frame["synflow"] = np.log(frame["num_parameters"])
    frame.loc[frame.index[350:], "synflow"] = np.nan
    found = summarise_metrics(
        frame,
        metrics=["epsilon", "synflow"],
        target="test_accuracy",
        higher_is_better=True,
        rng=np.random.default_rng(0),
        num_resamples=10,
    )
    assert found["epsilon"]["common"]["n"] == found["synflow"]["common"]["n"] == 320
    # Of those, float32 loses 30 in epsilon.
    for protocol, common in (
        ("common", frame.iloc[30:350]),
        ("common_float32", frame.iloc[60:350]),
    ):
        for metric in ("epsilon", "synflow"):
            scores, accuracies = common[metric].to_numpy(), common["test_accuracy"].to_numpy()
            values = [found[metric][protocol][name] for name in STATISTICS]
            np.testing.assert_allclose(values, naive_statistics(scores, accuracies), atol=1e-12)


def with_last(frame):
    """Twenty rows without a score, of which the first ten rank last."""
    frame["az"] = np.random.default_rng(3).normal(size=len(frame))
    frame.loc[frame.index[:20], "az"] = np.nan
    return frame.assign(az_ranks_last=np.arange(len(frame)) < 10)


@pytest.mark.parametrize("protocol", ["paper", "connected", "unique", "common"])
def test_an_undefined_score_that_ranks_last_counts_below_all_others(protocol):
    frame = with_last(score_frame(100))
    found: Any = summarise_metrics(
        frame,
        metrics=["az", "num_parameters"],
        target="test_accuracy",
        higher_is_better=True,
        rng=np.random.default_rng(0),
        num_resamples=20,
    )["az"][protocol]
    kept = pd.concat([frame.iloc[:10].assign(az=-9.0), frame.iloc[20:]])
    reference = naive_statistics(kept["az"].to_numpy(), kept["test_accuracy"].to_numpy())
    assert found["n"] == 90
    np.testing.assert_allclose([found[name] for name in STATISTICS], reference, atol=1e-12)


def test_the_interval_of_a_difference_ranks_last_what_ranks_last():
    # Protocol paper leaves out the rows of score 0, so that its rows are others than connected's.
    frame = with_last(score_frame(100))
    frame.loc[frame.index[20:40], "az"] = 0.0
    lowest = frame["az"].where(~frame["az_ranks_last"], -9.0)
    filled = frame.assign(az=lowest).drop(columns="az_ranks_last")
    found, expected = (
        summarise(table, metric="az", paper_filter="nonzero")["paper"] for table in (frame, filled)
    )
    assert found[DIFFERENCE_INTERVAL] == expected[DIFFERENCE_INTERVAL]


def test_under_worst_all_undefined_scores_tie_whether_they_rank_last_or_not():
    frame = with_last(score_frame(100))
    ranks = protocol_scores(frame, metric="az", protocol="worst")
    assert set(ranks[:20]) == {0.0}
    assert ranks[20:].min() == 1


@pytest.mark.parametrize("lowest", [-np.finfo(np.float64).max, -7.0])
def test_ranks_last_is_below_whatever_is_lowest(lowest):
    frame = pd.DataFrame({"az": [np.nan, lowest, 0.5, np.nan], "az_ranks_last": [1, 0, 0, 0]})
    np.testing.assert_array_equal(ranked_scores(frame, "az"), [-np.inf, lowest, 0.5, np.nan])
    np.testing.assert_array_equal(finite_scores(frame, "az"), [0, 1, 2, np.nan])
    plain = frame.drop(columns="az_ranks_last")
    np.testing.assert_array_equal(finite_scores(plain, "az"), [np.nan, lowest, 0.5, np.nan])


def test_where_float32_defines_all_common_rows_they_are_one_protocol():
    found = summarise_metrics(
        score_frame(),
        metrics=["epsilon", "num_parameters"],
        target="test_accuracy",
        higher_is_better=True,
        rng=np.random.default_rng(0),
        num_resamples=5,
    )
    assert list(found["epsilon"]) == [*PROTOCOLS, "common"]


def test_a_single_metric_has_no_common_protocol_and_keeps_its_intervals_beside_others():
    alone, beside = (
        summarise_metrics(
            mixed_frame(),
            metrics=metrics,
            target="test_accuracy",
            higher_is_better=True,
            rng=np.random.default_rng(0),
            num_resamples=10,
        )["epsilon"]
        for metrics in (["epsilon"], ["epsilon", "num_parameters"])
    )
    assert tuple(alone) == PROTOCOLS
    assert set(beside) - set(alone) == {"common", "common_float32"}
    assert all(beside[protocol] == alone[protocol] for protocol in PROTOCOLS)


def test_a_missing_column_is_named():
    with pytest.raises(KeyError, match="missing here: synflow"):
        summarise(score_frame(), metric="synflow")
    with pytest.raises(KeyError, match="missing here: canonical_hash"):
        summarise(score_frame().drop(columns="canonical_hash"))


def test_an_unknown_filter_is_answered_with_those_that_exist():
    with pytest.raises(ValueError, match="one of finite, nonzero, positive, got 'all'"):
        summarise(score_frame(), paper_filter="all")


@pytest.mark.parametrize("proxy", ["synflow", "grad_norm", "grasp", "snip"])
def test_published_proxies_correlate_as_the_paper_says(shared, proxy):
    tables = json.loads((shared / "paper_tables.json").read_text())["NAS-Bench-201"]
    [rows] = [t["rows"] for t in tables if (t["notebook"], t["cell"]) == ("Graphics", 21)]
    [published] = [row[1:5] for row in rows if row[0] == proxy]
    accuracies = pd.read_parquet(shared / "data" / "nb201_cifar10_validation.parquet")
    frame = pd.read_parquet(shared / "data" / "nb201_cifar10_published_proxies.parquet")
    frame = frame.merge(accuracies, on="architecture_id")
    frame = frame.assign(connected=True, canonical_hash=frame["architecture_id"])
    found = summarise(frame, metric=proxy, target="validation_accuracy")["connected"]
    # The paper has all 15,625 cells, networks trained on the whole training set and its own
    # implementation of each proxy.
    for name, value in zip(list(STATISTICS)[:4], published, strict=True):
        assert found[name] == pytest.approx(float(value), abs=0.06)
