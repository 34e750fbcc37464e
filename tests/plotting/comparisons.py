"""A comparison of several metrics as `summary.json` has it, for the tests of this room."""

from typing import Any

import numpy as np
import pandas as pd

from epsilon_research.analysis import compare_metrics, summarise_metrics

METRICS = ["epsilon", "naswot", "num_parameters", "zen"]


def compared_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with two more metrics, of which one is undefined in a tenth of the rows."""
    rng = np.random.default_rng(3)
    frame = frame.copy()
    frame["naswot"] = frame["test_accuracy"].fillna(0.5) + rng.normal(0, 0.1, len(frame))
    frame["zen"] = -frame["naswot"] + rng.normal(0, 0.2, len(frame))
    frame.loc[frame.index[::10], "zen"] = np.nan
    frame["num_convolutions"] = rng.integers(0, 5, len(frame))
    frame["epsilon_seconds"] = 0.0149
    frame["naswot_seconds"] = 1.26
    return frame


def compared_summary(frame: pd.DataFrame) -> dict[str, Any]:
    """Statistics and comparison of `METRICS`."""
    settings: dict[str, Any] = {
        "metrics": METRICS,
        "target": "test_accuracy",
        "higher_is_better": True,
        "num_resamples": 20,
    }
    return {
        "metrics": summarise_metrics(frame, rng=np.random.default_rng(0), **settings),
        "comparison": compare_metrics(frame, rng=np.random.default_rng(0), **settings),
    }
