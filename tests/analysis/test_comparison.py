import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from epsilon_research.analysis.comparison import compare_metrics
from epsilon_research.analysis.dependent_correlations import compare_dependent_rhos, holm
from epsilon_research.analysis.partial_correlation import rho_within_groups
from epsilon_research.analysis.protocols import summarise_metrics
from epsilon_research.analysis.rank_aggregation import aggregate_ranks
from tests.analysis.frames import score_frame, undefine

METRICS = ["epsilon", "naswot", "synflow"]


def frame_of_three(rows=400) -> pd.DataFrame:
    """`naswot` follows a number that accuracy follows, too; 50 rows lack one of the scores."""
    frame = score_frame(rows)
    rng = np.random.default_rng(9)
    counts = np.digitize(frame["test_accuracy"] + rng.normal(0, 0.1, rows), [0.6, 0.7, 0.8, 0.9])
    frame["num_convolutions"] = counts
    frame["naswot"] = counts + rng.uniform(0, 0.2, rows)
    frame["synflow"] = frame["test_accuracy"] + rng.normal(0, 0.3, rows)
    frame["synflow_seconds"] = np.where(np.arange(rows) % 2, np.nan, 0.25)
    frame.loc[frame.index[20:50], "synflow"] = np.inf
    undefine(frame, slice(0, 20), "overflow")
    return frame


def compare(frame, *, metrics=METRICS, target="test_accuracy", **settings) -> Any:
    settings = {"higher_is_better": True, "num_resamples": 60} | settings
    rng = np.random.default_rng(1)
    return compare_metrics(frame, metrics=metrics, target=target, rng=rng, **settings)


def test_it_is_about_the_rows_of_protocol_common():
    frame = frame_of_three()
    frame.loc[frame.index[390:], "test_accuracy"] = np.nan
    found = compare(frame)["common"]
    summary = summarise_metrics(
        frame,
        metrics=METRICS,
        target="test_accuracy",
        higher_is_better=True,
        rng=np.random.default_rng(0),
        num_resamples=5,
    )
    for metric in METRICS:
        common: Any = summary[metric]["common"]
        assert found["n"] == common["n"] == 340
        assert found["coverage"] == common["coverage"]
        assert found["spearman_rho"][metric] == pytest.approx(common["spearman_rho"])


def test_the_correlations_are_those_of_scipy():
    frame = frame_of_three()
    found = compare(frame)["common"]["correlations"]
    expected = np.asarray(scipy.stats.spearmanr(frame[METRICS].to_numpy()[50:])[0])
    assert found["metrics"] == METRICS
    np.testing.assert_allclose(found["spearman_rho"], expected)


def test_each_pair_is_tested_once_and_corrected_for_all():
    frame = frame_of_three()
    found = compare(frame)["common"]
    rho, between = found["spearman_rho"], np.array(found["correlations"]["spearman_rho"])
    pairs = [("epsilon", "naswot"), ("epsilon", "synflow"), ("naswot", "synflow")]
    assert [(part["first"], part["second"]) for part in found["differences"]] == pairs
    for part in found["differences"]:
        first, second = part["first"], part["second"]
        test = compare_dependent_rhos(
            rho[first],
            rho[second],
            float(between[METRICS.index(first), METRICS.index(second)]),
            num_rows=found["n"],
        )
        assert part["difference"] == rho[first] - rho[second]
        assert (part["z"], part["p"]) == (pytest.approx(test.z), pytest.approx(test.p))
        assert part["significant"] == (part["p_holm"] < 0.05)
    adjusted = holm(np.array([part["p"] for part in found["differences"]]))
    np.testing.assert_allclose([part["p_holm"] for part in found["differences"]], adjusted)


def test_significance_is_that_of_the_corrected_test():
    frame = score_frame(200)
    rng = np.random.default_rng(0)
    metrics = [f"m{place}" for place in range(8)]
    for metric, noise in zip(metrics, np.linspace(0.15, 0.3, 8), strict=True):
        frame[metric] = frame["test_accuracy"] + rng.normal(0, noise, len(frame))
    found = compare(frame, metrics=metrics)["common"]["differences"]
    lost = [part for part in found if part["p"] < 0.05 <= part["p_holm"]]
    assert lost
    assert not any(part["significant"] for part in lost)


def test_the_interval_of_a_difference_is_that_of_a_paired_bootstrap():
    # A metric and its copy with a little noise differ far less than two intervals suggest.
    frame = frame_of_three()
    frame["synflow"] = frame["epsilon"] + np.random.default_rng(0).normal(0, 0.01, len(frame))
    [difference] = compare(frame, metrics=["epsilon", "synflow"], num_resamples=400)["common"][
        "differences"
    ]
    low, high = difference["difference_interval"]
    assert low < difference["difference"] < high
    assert high - low < 0.02
    # Steiger's standard error, from the difference and z, says the same.
    standard_error = abs(difference["difference"] / difference["z"])
    assert (high - low) / 3.92 == pytest.approx(standard_error, rel=0.4)


def test_aggregates_name_their_metrics_best_first():
    frame = frame_of_three()
    found = compare(frame)["common"]["aggregates"]
    assert found["all"]["metrics"] == METRICS
    assert [part["metrics"] for part in found["triples"]] == [METRICS]
    rhos = [part["spearman_rho"] for part in found["pairs"]]
    assert rhos == sorted(rhos, reverse=True)
    assert len(rhos) == 3
    common = frame[50:]
    mean = aggregate_ranks(common[found["pairs"][0]["metrics"]].to_numpy())
    assert rhos[0] == pytest.approx(scipy.stats.spearmanr(mean, common["test_accuracy"])[0])


def test_what_is_left_within_equal_numbers_of_convolutions():
    frame = frame_of_three()
    found = compare(frame)["common"]["within_equal_num_convolutions"]
    common = frame[50:]
    expected = rho_within_groups(
        common["epsilon"].to_numpy(),
        common["test_accuracy"].to_numpy(),
        covariate=common["num_convolutions"].to_numpy(dtype=float),
    )
    assert found["epsilon"]["spearman_rho"] == expected.rho
    assert found["epsilon"]["spearman_rho_interval"] == list(expected.interval)
    groups = {part["num_convolutions"]: part["n"] for part in found["epsilon"]["groups"]}
    assert groups == common["num_convolutions"].value_counts().to_dict()
    assert found["naswot"]["spearman_rho_with_num_convolutions"] > 0.95
    assert found["epsilon"]["spearman_rho"] > found["naswot"]["spearman_rho"] + 0.3


def test_without_a_number_of_convolutions_that_part_is_left_out():
    found = compare(frame_of_three().drop(columns="num_convolutions"))
    assert "within_equal_num_convolutions" not in found["common"]


def test_rows_that_float32_loses_are_looked_at_apart():
    frame = frame_of_three()
    assert "common_float32" not in compare(frame)
    frame.loc[frame.index[50:150], "epsilon_float32_defined"] = False
    found = compare(frame)
    assert found["common"]["n"] == 350
    assert found["common_float32"]["n"] == 250
    assert found["common_float32"]["coverage"] == pytest.approx(250 / 400)
    rho = scipy.stats.spearmanr(frame["epsilon"][150:], frame["test_accuracy"][150:])[0]
    assert found["common_float32"]["spearman_rho"]["epsilon"] == pytest.approx(rho)


def test_seconds_are_the_mean_of_the_rows_that_know_them():
    assert compare(frame_of_three())["seconds_per_architecture"] == {"synflow": 0.25}


def test_losses_turn_every_sign():
    frame = frame_of_three()
    losses = frame.assign(test_accuracy=-frame["test_accuracy"])
    assert compare(losses, higher_is_better=False) == compare(frame)


def test_the_same_seed_gives_the_same_whatever_the_global_generator():
    np.random.seed(1)  # noqa: NPY002
    first = compare(frame_of_three())
    np.random.seed(2)  # noqa: NPY002
    assert compare(frame_of_three()) == first


def test_it_can_be_written_as_json():
    found = compare(frame_of_three())
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("rows", [0, 2])
def test_too_few_common_rows_are_nan_and_their_number(rows):
    frame = frame_of_three()
    frame.loc[frame.index[50 + rows :], "synflow"] = np.nan
    found = compare(frame)["common"]
    assert found["n"] == rows
    assert np.isnan(list(found["spearman_rho"].values())).all()
    for part in found["differences"]:
        assert np.isnan([part["z"], part["p"], part["p_holm"], *part["difference_interval"]]).all()
        assert part["significant"] is False
    assert found["aggregates"]["pairs"] == []
    assert np.isnan(found["aggregates"]["all"]["spearman_rho"])


@pytest.mark.parametrize("metrics", [["epsilon"], ["epsilon", "epsilon"], []])
def test_fewer_than_two_metrics_are_refused(metrics):
    with pytest.raises(ValueError, match="two or more different ones"):
        compare(frame_of_three(), metrics=metrics)


def test_published_proxies_beside_the_number_of_convolutions(shared):
    # naswot mostly counts convolutions; jacob_cov does not.
    frame = pd.read_parquet(shared / "data" / "nb201_cifar10_published_proxies.parquet")
    accuracies = pd.read_parquet(shared / "data" / "nb201_cifar10_validation.parquet")
    frame = frame.merge(accuracies, on="architecture_id")
    frame["num_convolutions"] = frame["architecture_id"].str.count("nor_conv")
    found = compare(frame, metrics=["nwot", "jacov", "params"], target="validation_accuracy")
    found = found["common"]
    assert found["n"] == 9445
    within = found["within_equal_num_convolutions"]
    assert within["nwot"]["spearman_rho_with_num_convolutions"] > 0.95
    assert within["nwot"]["spearman_rho"] < found["spearman_rho"]["nwot"] - 0.2
    assert within["jacov"]["spearman_rho"] > within["nwot"]["spearman_rho"]
    assert all(part["significant"] for part in found["differences"])
