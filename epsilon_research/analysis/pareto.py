"""Pareto fronts: which rows of a table no other row beats, and how large an area they cover."""

import numpy as np
import pandas as pd
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


def attainment(
    found: pd.DataFrame, grid: Float[np.ndarray, " costs"], *, higher_is_better: bool
) -> Float[np.ndarray, "3 costs"]:
    """Return median and quartiles over repeats of the best value at no more than each cost.

    It is the empirical attainment surface of searches.

    Args:
        found: Fronts of several searches: columns `repeat`, `cost`, `reported`.
        grid: Costs, increasing.
        higher_is_better: Direction of the values.

    Returns:
        Median, lower and upper quartile; NaN where that many repeats have found nothing.

    References:
        Fonseca and Fleming, "On the Performance Assessment and Comparison of Stochastic
        Multiobjective Optimizers", PPSN 1996.
    """
    sign = 1.0 if higher_is_better else -1.0
    surfaces = []
    for _, front in found.groupby("repeat"):
        ordered = front.sort_values("cost")
        best = np.maximum.accumulate(sign * ordered["reported"].to_numpy(np.float64))
        place = np.searchsorted(ordered["cost"].to_numpy(np.float64), grid, side="right")
        surfaces.append(np.concatenate([[-np.inf], best])[place])
    # Of an order statistic, so that no mean with what is infinite is taken.
    quantiles = np.quantile(surfaces, [0.5, 0.25, 0.75], axis=0, method="inverted_cdf")
    return sign * np.where(np.isfinite(quantiles), quantiles, np.nan)
