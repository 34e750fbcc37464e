"""Pareto fronts: which rows of a table no other row beats, and how large an area they cover."""

import numpy as np
from jaxtyping import Bool, Float


def non_dominated(costs: Float[np.ndarray, "rows criteria"]) -> Bool[np.ndarray, " rows"]:
    """Return whether each row is on the Pareto front.

    A row is on it if no other is at most as large in every criterion and smaller in one. Of equal
    rows all are.

    Args:
        costs: Finite, lower is better.
    """
    front = np.zeros(len(costs), dtype=bool)
    # What beats a row comes before it, and is on the front or is beaten by what is.
    for row in np.lexsort(costs.T[::-1]):
        found = costs[front]
        beats = (found <= costs[row]).all(axis=1) & (found < costs[row]).any(axis=1)
        front[row] = not beats.any()
    return front


def hypervolume(costs: Float[np.ndarray, "rows 2"], reference: Float[np.ndarray, " 2"]) -> float:
    """Return the area that rows dominate up to a reference point, of two criteria.

    Args:
        costs: Finite, lower is better; rows beyond the reference add nothing.
        reference: The point that bounds the area.

    References:
        Zitzler and Thiele, "Multiobjective Optimization Using Evolutionary Algorithms", PPSN 1998.
    """
    inside = np.minimum(costs, reference)
    x, y = inside[np.argsort(inside[:, 0], kind="stable")].T
    widths = np.diff(x, append=reference[0])
    return float(widths @ (reference[1] - np.minimum.accumulate(y))) if len(x) else 0.0
