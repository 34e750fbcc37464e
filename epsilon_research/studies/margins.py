"""The margin within which a number of ours and a published one may differ by chance."""

import json
from collections.abc import Mapping
from functools import lru_cache
from math import hypot, isfinite, isnan, nan, sqrt
from pathlib import Path
from typing import Any

from epsilon_research.reporting.run import Run, Statistics

NORMAL_95 = 1.96
"""Half the width of a normal distribution's 95 % interval, in standard deviations."""

_SLACK = 1e-9  # far below any published digit, far above what floats lose


def margin(
    statistic: str,
    *,
    metric: str,
    run: Run,
    numbers: Statistics,
    published_rows: float,
    same_architectures: bool,
    decimals: int,
) -> float:
    """Return the largest difference from a published number that chance explains, at 95 %.

    Both numbers have a minibatch and an accuracy table of their own, so both variances count
    twice; the sum of all variances is the square of the standard deviation. Where the rows are
    other architectures, ours varies as its bootstrap says, and the published number as that of
    `published_rows`. The rounding to the published `decimals` is added.

    It is NaN where the spread over minibatches has not been measured, or the interval is needed and
    unknown.
    """
    minibatch, table = _spread(statistic, metric=metric, run=run)
    if isnan(minibatch):
        return nan
    architectures = 0.0
    if not same_architectures:
        ours, rows = numbers.spread(statistic), numbers["n"]
        architectures = (ours.high - ours.low) / (2 * NORMAL_95) * sqrt(1 + rows / published_rows)
    std = hypot(sqrt(2) * minibatch, sqrt(2) * table, architectures)
    return NORMAL_95 * std + 0.5 * 10.0**-decimals + _SLACK if isfinite(std) else nan


def _spread(statistic: str, *, metric: str, run: Run) -> tuple[float, float]:
    """Standard deviation over minibatches (NaN: not measured) and tables (0: only one)."""
    found = spreads().get(f"{run.fact('search_space')}/{metric}")
    if found is None or run.fact("batch_size") != found["batch_size"]:
        return nan, nan
    minibatch = found["std_over_minibatches"].get(statistic, nan)
    if run.fact("dataset") in found["fixed_datasets"]:
        minibatch = 0.0 * minibatch  # what has not been measured stays NaN
    elif run.fact("dataset") not in found["datasets"]:
        minibatch = nan
    return minibatch, found.get("std_over_tables", {}).get(statistic, 0.0)


@lru_cache(maxsize=1)
def spreads() -> Mapping[str, Mapping[str, Any]]:
    """Return what `experiments.minibatch_spread` measured, by search space and metric."""
    path = Path(__file__).with_name("spread.json")
    return json.loads(path.read_text(encoding="utf-8"))["spreads"]
