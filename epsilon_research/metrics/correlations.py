"""Pearson correlations between rows, for metrics that compare images."""

import numpy as np
from jaxtyping import Float

from epsilon_research.metrics.network_metric import UndefinedScoreError


def correlations_of_rows(rows: Float[np.ndarray, "rows values"]) -> Float[np.ndarray, "rows rows"]:
    """Correlation matrix of rows, clipped to [-1, 1].

    Raises:
        UndefinedScoreError: A row is constant or not finite.
    """
    if not np.isfinite(rows).all():
        raise UndefinedScoreError("overflow")
    centred = rows - rows.mean(axis=1, keepdims=True)
    # By the largest entry first, since squares of tiny gradients vanish.
    largest = np.abs(centred).max(axis=1, keepdims=True)
    if (largest <= np.finfo(np.float64).eps * np.abs(rows).max(axis=1, keepdims=True)).any():
        raise UndefinedScoreError("constant_gradient")
    scaled = centred / largest
    scaled /= np.linalg.norm(scaled, axis=1, keepdims=True)
    return np.clip(scaled @ scaled.T, -1.0, 1.0)
