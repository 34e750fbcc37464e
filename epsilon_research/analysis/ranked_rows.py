"""Rows of scores and accuracies as dense ranks: what all resamples of them share."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedRows:
    """Rows sorted by score and, within equal scores, by accuracy.

    Attributes:
        score_values: The distinct scores, ascending.
        accuracy_values: The distinct accuracies, ascending.
        score_groups: Index of each row's score in `score_values`, non-decreasing.
        accuracy_groups: Index of each row's accuracy in `accuracy_values`.
    """

    score_values: Float[np.ndarray, " scores"]
    accuracy_values: Float[np.ndarray, " accuracies"]
    score_groups: Int[np.ndarray, " rows"]
    accuracy_groups: Int[np.ndarray, " rows"]

    @property
    def size(self) -> int:
        """Number of rows."""
        return self.score_groups.size


def rank_rows(
    scores: Float[np.ndarray, " rows"], accuracies: Float[np.ndarray, " rows"]
) -> RankedRows:
    """Sorts finite rows and replaces their values by dense ranks."""
    order = np.lexsort((accuracies, scores))
    score_values, score_groups = np.unique(scores[order], return_inverse=True)
    accuracy_values, accuracy_groups = np.unique(accuracies[order], return_inverse=True)
    return RankedRows(
        score_values=score_values.astype(np.float64),
        accuracy_values=accuracy_values.astype(np.float64),
        score_groups=score_groups.astype(np.int64),
        accuracy_groups=accuracy_groups.astype(np.int64),
    )
