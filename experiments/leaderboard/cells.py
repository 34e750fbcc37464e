"""The cells of the board: statistics of each metric on each task of a search space."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, isnan, nan
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from epsilon_research.analysis import (
    compare_dependent_rhos,
    describe,
    holm,
    ranked_scores,
    spearman_rho,
)
from epsilon_research.analysis.protocols import protocol_scores
from epsilon_research.analysis.rank_correlations import rho_matrix

PARAMETERS = "num_parameters"
"""What a metric is to be better than."""

# Fields of a cell that have the names of `analysis.describe`.
_AS_DESCRIBED = ("kendall_tau", "spearman_rho_top10", "top10_overlap_percent", "ndcg")
_NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A metric on a task of a search space.

    Args:
        n: Number of architectures; `coverage` is the share of them that the metric has a score for.
        rho: Spearman's ρ with the trained results, NaN where undefined, as all that follows.
        interval: 95 % of `rho`: over architectures and, where there are repeats, over minibatches
            and initialisations; that of `kendall_tau` is over architectures.
        spearman_rho_top10: ρ among the best tenth.
        top10_overlap_percent: Share of the best-scored tenth that is in the best tenth.
        repeats_std: Standard deviation of ρ over minibatches and initialisations.
        seconds: Of a score, mean.
        time_ratio: `seconds` over those of the board's reference metric.
        minus_parameters: ρ less that of the number of parameters.
        p_parameters: Of that difference, Holm's over the metrics of the column.
        p_best: Of the difference to the best metric of the column, likewise.
    """

    search_space: str
    task: str
    metric: str
    n: int
    coverage: float
    rho: float
    interval: tuple[float, float]
    kendall_tau: float
    kendall_tau_interval: tuple[float, float]
    spearman_rho_top10: float
    top10_overlap_percent: float
    ndcg: float
    repeats_std: float
    seconds: float
    time_ratio: float
    minus_parameters: float
    p_parameters: float
    p_best: float


def cells(
    frame: pd.DataFrame,
    *,
    search_space: str,
    tasks: Sequence[str],
    metrics: Sequence[str],
    reference: str,
    repeats: Sequence[pd.DataFrame] = (),
    rng: np.random.Generator,
    num_resamples: int = 1000,
) -> list[Cell]:
    """Return the cells of a search space, task by task.

    Args:
        frame: As `scores.with_results`: a column of each metric and of each task.
        search_space: The space's name on the board.
        tasks: Columns of trained results, higher is better.
        metrics: Columns of scores; among them may be `PARAMETERS`.
        reference: The metric whose time is 1.
        repeats: Scores of some of the rows with other minibatches and initialisations.
        rng: Source of the resamples.
        num_resamples: Bootstrap resamples behind each interval.
    """
    seconds = {metric: mean_seconds(frame, metric) for metric in metrics}
    found: list[Cell] = []
    for task, source in zip(tasks, rng.spawn(len(tasks)), strict=True):
        rated = frame.loc[np.isfinite(frame[task].to_numpy(dtype=np.float64))]
        results = rated[task].to_numpy(dtype=np.float64)
        scores = np.column_stack([ranks_of(rated, metric) for metric in metrics])
        tests = _tests(scores, results, metrics=metrics)
        for metric, column, of in zip(metrics, scores.T, source.spawn(len(metrics)), strict=True):
            one: dict[str, Any] = describe(column, results, rng=of, num_resamples=num_resamples)
            rho, (low, high) = one["spearman_rho"], one["spearman_rho_interval"]
            spread = _spread_of_repeats(frame, repeats, metric=metric, task=task)
            cell = Cell(
                search_space=search_space, task=task, metric=metric, n=len(rated), rho=rho,
                interval=widened((low, high), about=rho, std=spread),
                kendall_tau_interval=tuple(one["kendall_tau_interval"]),
                coverage=float(np.mean(~np.isnan(ranked_scores(rated, metric)))),
                repeats_std=spread,
                seconds=seconds[metric],
                time_ratio=seconds[metric] / seconds.get(reference, nan),
                **{name: one[name] for name in _AS_DESCRIBED},
                **tests[metric],
            )  # fmt: skip
            found.append(cell)
    return found


def ranks_of(frame: pd.DataFrame, metric: str) -> Float[np.ndarray, " rows"]:
    """Return what a metric ranks: its scores, or their ranks with undefined ones at the end.

    So every metric meets the same architectures.
    """
    return protocol_scores(frame, metric=metric, protocol="worst")


def widened(interval: tuple[float, float], *, about: float, std: float) -> tuple[float, float]:
    """Return an interval that also holds what minibatches and initialisations do.

    Both are independent, so each half of the 95 % interval over architectures about the statistic
    and 1.96 standard deviations over repeats add up as the sides of a right triangle. The ends stay
    within −1 and 1; a deviation of NaN changes nothing.
    """
    if isnan(std):
        return interval
    low, high = (hypot(end - about, _NORMAL_95 * std) for end in interval)
    return max(about - low, -1.0), min(about + high, 1.0)


def _spread_of_repeats(
    frame: pd.DataFrame, repeats: Sequence[pd.DataFrame], *, metric: str, task: str
) -> float:
    """Standard deviation of ρ over scorings of the same architectures; NaN without repeats."""
    if not repeats:
        return nan
    by_id = frame.set_index("architecture_id", drop=False)
    first = by_id.loc[list(repeats[0]["architecture_id"])]
    results = first[task].to_numpy(dtype=np.float64)
    rated = np.isfinite(results)
    rhos = [
        spearman_rho(ranks_of(one.loc[rated], metric), results[rated]) for one in (first, *repeats)
    ]
    return float(np.std(rhos, ddof=1))


def _tests(
    scores: Float[np.ndarray, "rows metrics"],
    results: Float[np.ndarray, " rows"],
    *,
    metrics: Sequence[str],
) -> dict[str, dict[str, float]]:
    """Differences to the number of parameters and to the best metric of the column."""
    rhos = rho_matrix(np.column_stack([results, scores]))
    alone, between = rhos[0, 1:], rhos[1:, 1:]

    def against(other: int | None) -> Float[np.ndarray, " metrics"]:
        if other is None:
            return np.full(len(metrics), np.nan)
        p_values = [
            compare_dependent_rhos(
                float(rho), float(alone[other]), float(joint), num_rows=len(results)
            ).p
            for rho, joint in zip(alone, between[other], strict=True)
        ]
        p_values[other] = nan
        return holm(np.array(p_values))

    size = metrics.index(PARAMETERS) if PARAMETERS in metrics else None
    best = None if np.isnan(alone).all() else int(np.nanargmax(alone))
    found = {
        "minus_parameters": alone - (nan if size is None else alone[size]),
        "p_parameters": against(size),
        "p_best": against(best),
    }
    return pd.DataFrame(found, index=list(metrics)).to_dict("index")  # type: ignore[return-value]


def mean_seconds(frame: pd.DataFrame, metric: str) -> float:
    """Return the mean time of a score, over the rows whose time is known; NaN where none is."""
    seconds = frame.get(f"{metric}_seconds")
    return nan if seconds is None else float(np.mean(seconds.dropna().to_numpy(np.float64)))
