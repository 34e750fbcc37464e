"""Whether scores are known well enough for their order to mean something."""

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from epsilon_research.analysis.correlation import spearman_rho


def unresolved(frame: pd.DataFrame, metric: str) -> Bool[np.ndarray, " rows"]:
    """Return the rows whose score is not resolved to a thousandth of itself.

    Args:
        frame: Score frame with `<metric>` and, if the metric knows its rounding errors,
            `<metric>_resolved`.
        metric: Name of the score column.
    """
    column = f"{metric}_resolved"
    if column not in frame:
        return np.zeros(len(frame), dtype=bool)
    scores = frame[metric].to_numpy(dtype=np.float64)
    return np.isfinite(scores) & ~frame[column].to_numpy(dtype=bool)


def rank_stability(
    scores: Float[np.ndarray, " rows"], resolutions: Float[np.ndarray, " rows"]
) -> float:
    """Spearman's ρ between scores and the same scores with errors as large as their resolution.

    In the order of their scores, rows are shifted up and down in turn, so that neighbours that lie
    within their errors change places.

    Args:
        scores: Finite numbers, at least 2.
        resolutions: Their largest likely errors, at least 0.

    Returns:
        1 where no two rows change places; lower, the less the order is known.
    """
    signs = np.ones(len(scores))
    signs[np.argsort(scores, kind="stable")[1::2]] = -1.0
    return spearman_rho(scores, scores + signs * resolutions)
