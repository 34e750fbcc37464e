"""Rows of scores and accuracies: which may be ranked, and their ranks."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

MIN_ROWS = 3
"""A correlation of fewer rows says nothing and is NaN."""

NUM_BEST = 64
"""The paper counts the 64 best scores."""


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


def mid_ranks(values: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
    """Rank from 1; equal values share the mean of the ranks they take up."""
    _, groups, sizes = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(sizes) - (sizes - 1) / 2)[groups]


def check_rows(
    scores: Float[np.ndarray, " rows"], accuracies: Float[np.ndarray, " others"]
) -> None:
    """Accepts finite arrays of one length.

    Raises:
        ValueError: The arrays differ in length or hold a value that is not finite.
    """
    if scores.shape != accuracies.shape:
        raise ValueError(
            "scores and accuracies must belong to the same rows, "
            f"got {scores.size} scores and {accuracies.size} accuracies"
        )
    for name, values in (("scores", scores), ("accuracies", accuracies)):
        undefined = int((~np.isfinite(values)).sum())
        if undefined:
            raise ValueError(
                f"{name} must be finite, got {undefined} of {values.size} that are not: "
                "leave those rows out first"
            )
