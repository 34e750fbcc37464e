"""A score frame as a real one is: gaps, failures, disconnected cells, new coverage."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def make_frame() -> Callable[[int], pd.DataFrame]:
    return _make_frame


@pytest.fixture
def frame() -> pd.DataFrame:
    return _make_frame(400)


def _make_frame(num_rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    accuracy = 0.95 - 0.5 * rng.beta(1, 6, num_rows)
    score = np.exp(3 * accuracy + rng.normal(0, 0.1, num_rows)) / 20
    connected = np.arange(num_rows) % 50 != 0
    failure = np.full(num_rows, None, object)
    failure[~connected] = "disconnected"
    failure[1::100] = "constant_output"
    score[failure.astype(bool)] = np.nan
    accuracy[2::100] = np.nan
    return pd.DataFrame(
        {
            "architecture_id": [f"a{row}" for row in range(num_rows)],
            "connected": connected,
            "canonical_hash": "x",
            "num_parameters": rng.integers(70_000, 1_500_000, num_rows),
            "epsilon": score,
            "epsilon_failure": failure,
            "epsilon_float32_defined": (np.arange(num_rows) % 3 != 0) & np.isfinite(score),
            "validation_accuracy": accuracy - 0.03,
            "test_accuracy": accuracy,
            "seconds": 0.001,
        }
    )
