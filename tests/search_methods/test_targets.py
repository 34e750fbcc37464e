"""Trained models until an accuracy is reached."""

import math

import numpy as np
import pytest

from epsilon_research.search_methods import describe_target
from epsilon_research.search_methods.targets import models_to_reach

CURVES = np.array(
    [[0.1, 0.5, 0.9], [0.6, 0.6, 0.6], [np.nan, 0.2, 0.3], [0.1, 0.7, 0.2], [0.0, 0.0, 0.5]]
)


def test_the_first_model_that_reaches_it_counts() -> None:
    found = models_to_reach(CURVES, 0.5, higher_is_better=True)
    assert found.tolist() == [2, 1, math.inf, 2, 3]


def test_a_loss_is_reached_from_above() -> None:
    found = models_to_reach(CURVES, 0.15, higher_is_better=False)
    assert found.tolist() == [1, math.inf, math.inf, 1, 1]


def test_those_that_never_reach_it_count_as_infinite_in_the_median() -> None:
    assert describe_target(CURVES, 0.5, higher_is_better=True) == {
        "accuracy": 0.5,
        "median_models": 2.0,
        "reached_share": 0.8,
    }
    rare = describe_target(CURVES, 0.65, higher_is_better=True)
    assert rare["reached_share"] == pytest.approx(0.4)
    assert math.isnan(rare["median_models"])
