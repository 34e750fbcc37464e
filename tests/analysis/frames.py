"""Score frames for the tests of this room."""

import numpy as np
import pandas as pd


def score_frame(rows: int = 400, *, seed: int = 0) -> pd.DataFrame:
    """Connected, distinct, scored architectures whose scores follow their accuracies."""
    rng = np.random.default_rng(seed)
    accuracies = rng.uniform(0.5, 0.95, rows)
    return pd.DataFrame(
        {
            "architecture_id": [f"a{i}" for i in range(rows)],
            "connected": True,
            "canonical_hash": [f"h{i}" for i in range(rows)],
            "num_parameters": rng.integers(10_000, 1_000_000, rows),
            "epsilon": accuracies + rng.normal(0, 0.1, rows),
            "epsilon_failure": pd.Series([None] * rows, dtype=object),
            "epsilon_float32_defined": True,
            "validation_accuracy": accuracies,
            "test_accuracy": accuracies,
            "seconds": 0.1,
        }
    )


def undefine(frame: pd.DataFrame, rows: slice, reason: str) -> None:
    """Takes the epsilon scores of some rows away, in place."""
    index = frame.index[rows]
    frame.loc[index, "epsilon"] = np.nan
    frame.loc[index, "epsilon_failure"] = reason
    frame.loc[index, "epsilon_float32_defined"] = False
    if reason == "disconnected":
        frame.loc[index, "connected"] = False
