"""Costs of devices as a metric: directions, reasons, labels."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sentences import refused

from epsilon_research.benchmarks.hardware_costs import hardware_costs
from epsilon_research.data import Minibatch
from epsilon_research.metrics import Score, scorer_of
from epsilon_research.metrics.hardware import Hardware
from epsilon_research.spaces.nb201 import NasBench201
from epsilon_research.spaces.toy import Toy
from tests.commands import folder, run, succeeded, summary_of
from tests.stand_ins import candidate_of

SPACE = NasBench201()
MINIBATCH = Minibatch(inputs=np.zeros((3, 3, 8, 8), np.float32), kind="images", dataset="zeros")


def score(metric: Hardware, architecture_id: str) -> Score:
    return scorer_of(metric, MINIBATCH)(candidate_of(SPACE, architecture_id, connected=True))


def test_less_latency_is_a_higher_score_and_more_intensity_too() -> None:
    cheap = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"
    dear = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|none~2|"
    for name, sign in (("pixel3_latency", -1), ("eyeriss_arithmetic_intensity", 1)):
        metric, costs = (
            Hardware(name=name, dataset="cifar100"),
            hardware_costs(name, dataset="cifar100"),
        )
        for id_ in (cheap, dear):
            found = score(metric, id_)
            assert found.value == sign * costs[id_]
            assert found.columns == {"cost": costs[id_]}
    latency = Hardware(name="pixel3_latency")
    assert score(latency, cheap).value > score(latency, dear).value


def test_what_has_no_cost_has_a_reason() -> None:
    metric = Hardware(name="edgetpu_latency")
    costs = hardware_costs("edgetpu_latency")
    found = score(metric, costs.index[costs.isna()][0])
    assert math.isnan(found.value)
    assert found.failure == "not_measurable"
    toy = candidate_of(Toy(), Toy().architecture_ids[0], connected=True)
    assert scorer_of(metric, MINIBATCH)(toy).failure == "not_in_table"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("pixel3_latency", "−pixel3_latency (ms)"),
        ("fpga_energy", "−fpga_energy (mJ)"),
        ("eyeriss_arithmetic_intensity", "eyeriss_arithmetic_intensity"),
    ],
)
def test_a_label_says_unit_and_direction(name: str, label: str) -> None:
    assert Hardware(name=name).label == label


def test_costs_are_kept_apart_in_the_store() -> None:
    metric = Hardware()
    others = (replace(metric, name="raspi4_latency"), replace(metric, dataset="cifar100"))
    assert all(metric.passes != other.passes for other in others)
    (only,) = metric.passes
    assert metric.content_hash in only.settings.values()


def test_other_names_are_refused() -> None:
    with refused(ValueError, "metric.hardware.name must be one of edgegpu_latency", "got 'tpu'"):
        Hardware(name="tpu")
    with refused(ValueError, "metric.hardware.dataset must be one of cifar10", "got 'c10'"):
        Hardware(dataset="c10")


def test_a_run_ranks_and_draws_costs(tmp_path: Path) -> None:
    words = ("metric=[num_parameters,hardware]", "metric.hardware.name=fpga_energy")
    succeeded(run(*words, "figures=true", "plotting.formats=[svg]", folder(tmp_path / "run")))
    frame = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    costs = hardware_costs("fpga_energy")[frame["architecture_id"]].to_numpy()
    np.testing.assert_array_equal(frame["hardware_cost"], costs)
    np.testing.assert_array_equal(frame["hardware"], -costs)
    best = summary_of(tmp_path / "run")["best_scored"]["hardware"][0]
    assert best["score"] == -costs.min()
    drawn = (tmp_path / "run" / "figures" / "hardware" / "score_histogram.svg").read_text("utf-8")
    assert "fpga_energy (mJ)" in drawn
