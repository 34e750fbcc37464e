"""How many models have to be trained to reach an accuracy."""

from typing import Any

import numpy as np
from jaxtyping import Float


def models_to_reach(
    curves: Float[np.ndarray, "repeats trained"], target: float, *, higher_is_better: bool
) -> Float[np.ndarray, " repeats"]:
    """Trained models after which each curve first reaches `target`; infinite where it never does.

    Args:
        curves: One curve per repeat, in the unit of `target`; NaN reaches nothing.
        target: An accuracy, or a loss.
        higher_is_better: False for losses.
    """
    reached = curves >= target if higher_is_better else curves <= target
    return np.where(reached.any(axis=1), 1.0 + reached.argmax(axis=1), np.inf)


def describe_target(
    curves: Float[np.ndarray, "repeats trained"], target: float, *, higher_is_better: bool
) -> dict[str, Any]:
    """Median number of trained models to reach `target`, and the share of repeats that do.

    Returns:
        `accuracy` (the target), `median_models` (over all repeats, where one that never reaches it
        counts as infinite; NaN where that is the median) and `reached_share`.
    """
    models = models_to_reach(curves, target, higher_is_better=higher_is_better)
    # The lower of two middle values: the mean with an infinite one would say nothing.
    median = float(np.quantile(models, 0.5, method="lower"))
    return {
        "accuracy": target,
        "median_models": median if np.isfinite(median) else float("nan"),
        "reached_share": float(np.isfinite(models).mean()),
    }
