"""Scores of metrics whose published code ranks an undefined one below all others.

A metric marks such rows in a column of its own, `<metric>_ranks_last`; the score there is NaN with
its reason, like any undefined one. Here alone it becomes −∞, and from that a rank.
"""

import numpy as np
import pandas as pd
from jaxtyping import Float


def ranked_scores(frame: pd.DataFrame, metric: str) -> Float[np.ndarray, " rows"]:
    """Scores of a metric as they are to be ranked.

    Args:
        frame: One row per architecture; column `metric` and, if there is one,
            `<metric>_ranks_last` (bool).
        metric: Name of the score column.

    Returns:
        The finite scores; −∞ where an undefined one ranks last, NaN where one is left out.
    """
    scores = frame[metric].to_numpy(dtype=np.float64)
    undefined = ~np.isfinite(scores)
    column = f"{metric}_ranks_last"
    last = frame[column].to_numpy(dtype=bool) if column in frame else False
    return np.where(undefined, np.where(last, -np.inf, np.nan), scores)


def finite_scores(frame: pd.DataFrame, metric: str) -> Float[np.ndarray, " rows"]:
    """Return the same order in finite numbers; NaN where a score is left out.

    The numbers are the scores themselves unless one ranks last, and dense ranks then: there is not
    always a number below the smallest score.
    """
    scores = ranked_scores(frame, metric)
    if not np.isneginf(scores).any():
        return scores
    return np.where(np.isnan(scores), np.nan, dense_ranks(scores))


def dense_ranks(scores: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
    """Position of each score among the distinct ones, from 0."""
    return np.unique(scores, return_inverse=True)[1].astype(np.float64)
