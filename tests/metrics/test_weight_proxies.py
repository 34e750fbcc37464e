"""Metrics that need no images: by hand on two layers."""

import math

import pytest
from metrics.small_networks import chain, known

from epsilon_research.metrics.l2_norm import L2Norm
from epsilon_research.metrics.network_metric import UndefinedScoreError
from epsilon_research.metrics.synflow import Synflow
from epsilon_research.programs.operations import (
    BatchNorm,
    Convolution,
    GlobalMean,
    Linear,
    ReLU,
)


def test_l2_norm_adds_the_layers() -> None:
    assert L2Norm().measure(known()) == pytest.approx(math.sqrt(2) + math.sqrt(15))


def test_synflow_adds_all_paths_of_absolute_weights() -> None:
    # Ones give both channels 1, and outputs 1 + 2 and 3 + 1: without biases the sum over a layer
    # of weight times slope is the sum of outputs, 7, for each of the two layers.
    assert Synflow().measure(known()) == pytest.approx(math.log(14))


def test_synflow_leaves_batch_norm_out() -> None:
    layers = (Convolution(2, 1), BatchNorm(), ReLU(), GlobalMean(), Linear(2, bias=False))
    assert Synflow().measure(known(program=chain(*layers))) == pytest.approx(math.log(14))


def test_synflow_without_flow_has_no_score() -> None:
    silent = (((0.0,), (0.0,)), ((1.0, 2.0), (3.0, -1.0)))
    with pytest.raises(UndefinedScoreError, match="no_flow"):
        Synflow().measure(known(weights=silent))


def test_synflow_holds_what_float32_cannot() -> None:
    weights = (((1e30,), (-1e30,)), ((1e30, 2e30), (3e30, -1e30)))
    expected = math.log(14) + 60 * math.log(10)
    assert Synflow().measure(known(weights=weights)) == pytest.approx(expected)
