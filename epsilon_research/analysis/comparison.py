"""Several metrics side by side: what `summary.json` says of them under `comparison`.

Everything here is about the rows of the protocols `common`, on which all metrics and the accuracy
are known, so that no metric is flattered by the rows that it leaves out. What each metric does
under the other protocols is in `protocols.summarise_metrics`.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from epsilon_research.analysis.bootstrap import percentile_interval
from epsilon_research.analysis.correlation import spearman_rho
from epsilon_research.analysis.dependent_correlations import compare_dependent_rhos, holm
from epsilon_research.analysis.ndcg import ndcg
from epsilon_research.analysis.partial_correlation import GroupedCorrelation, rho_within_groups
from epsilon_research.analysis.protocols import common_protocols
from epsilon_research.analysis.rank_aggregation import aggregate_ranks, best_subsets
from epsilon_research.analysis.rank_correlations import resampled_rhos, rho_matrix
from epsilon_research.analysis.ranks_last import finite_scores
from epsilon_research.analysis.top import oriented

COVARIATE = "num_convolutions"
"""Number that metrics are suspected to count."""

LEVEL = 0.05
"""Adjusted p-value below which a difference is called significant."""


def compare_metrics(
    frame: pd.DataFrame,
    *,
    metrics: Sequence[str],
    target: str,
    higher_is_better: bool,
    rng: np.random.Generator,
    num_resamples: int = 1000,
) -> dict[str, Any]:
    """Compare two or more metrics on the rows that all of them have.

    Args:
        frame: One row per architecture: a column for each metric, the target and, if there are
            any, `num_convolutions`, `<metric>_seconds`, `<metric>_float32_defined` and
            `<metric>_ranks_last`.
        metrics: Columns of scores, higher is better; at least two.
        target: Column of accuracies or losses.
        higher_is_better: False for losses.
        rng: Source of the bootstrap's resamples.
        num_resamples: Bootstrap resamples; above 100,000 rows at most 300 are drawn.

    Returns:
        `seconds_per_architecture`: the mean, of the metrics whose time is known; and for the
        protocols `common` and, where it differs, `common_float32`:
        `n` and `coverage`, as in the protocols;
        `spearman_rho`: {metric: ρ with accuracy};
        `correlations`: `metrics` and the matrix `spearman_rho` of their correlations;
        `differences`: for each pair the difference of their ρ, its paired 95 % bootstrap interval,
        Steiger's `z` with `p`, Holm's `p_holm` over all pairs, and whether that is `significant`;
        `aggregates`: mean ranks of `all` metrics, and of the best `pairs` and `triples`;
        `within_equal_num_convolutions` (only with that column): for each metric ρ pooled over
        groups of equal number, and by group.
        Undefined is NaN.

    Raises:
        KeyError: A column is missing.
        ValueError: There are fewer than two metrics, or one of them twice.
    """
    if len(set(metrics)) < max(2, len(metrics)):
        raise ValueError(f"metrics must be two or more different ones, got {', '.join(metrics)}")
    rated = frame.loc[np.isfinite(frame[target].to_numpy(dtype=np.float64))]
    rows = common_protocols(rated, metrics)
    found: dict[str, Any] = {"seconds_per_architecture": _mean_seconds(frame, metrics)}
    for (name, kept), source in zip(rows.items(), rng.spawn(len(rows)), strict=True):
        subset = rated.loc[kept]
        accuracies = subset[target].to_numpy(dtype=np.float64)
        found[name] = _compare(
            subset,
            oriented(accuracies, higher_is_better=higher_is_better),
            metrics=metrics,
            rng=source,
            num_resamples=num_resamples,
        ) | {"coverage": len(subset) / len(rated) if len(rated) else np.nan}
    return found


def _compare(
    rows: pd.DataFrame,
    accuracies: Float[np.ndarray, " rows"],
    *,
    metrics: Sequence[str],
    rng: np.random.Generator,
    num_resamples: int,
) -> dict[str, Any]:
    scores = np.column_stack([finite_scores(rows, metric) for metric in metrics])
    # The first column is the accuracy.
    rhos = rho_matrix(np.column_stack([accuracies, scores]))
    resampled = resampled_rhos(scores, accuracies, rng=rng, num_resamples=num_resamples)
    found: dict[str, Any] = {
        "n": len(rows),
        "spearman_rho": dict(zip(metrics, rhos[0, 1:].tolist(), strict=True)),
        "correlations": {"metrics": list(metrics), "spearman_rho": rhos[1:, 1:].tolist()},
        "differences": _differences(rhos, resampled, metrics=metrics, num_rows=len(rows)),
        "aggregates": _aggregates(scores, accuracies, metrics=metrics),
    }
    if COVARIATE in rows:
        covariate = rows[COVARIATE].to_numpy(dtype=np.float64)
        found[f"within_equal_{COVARIATE}"] = {
            metric: _within_equal(column, accuracies, covariate)
            for metric, column in zip(metrics, scores.T, strict=True)
        }
    return found


def _differences(
    rhos: Float[np.ndarray, "columns columns"],
    resampled: Float[np.ndarray, "resamples metrics"],
    *,
    metrics: Sequence[str],
    num_rows: int,
) -> list[dict[str, Any]]:
    pairs = list(combinations(range(len(metrics)), 2))
    alone = rhos[0, 1:].tolist()
    between = rhos[1:, 1:].tolist()
    tests = [
        compare_dependent_rhos(alone[i], alone[j], between[i][j], num_rows=num_rows)
        for i, j in pairs
    ]
    adjusted = holm(np.array([test.p for test in tests])).tolist()
    return [
        {
            "first": metrics[i],
            "second": metrics[j],
            "difference": alone[i] - alone[j],
            "difference_interval": list(percentile_interval(resampled[:, i] - resampled[:, j])),
            "z": test.z,
            "p": test.p,
            "p_holm": p_holm,
            "significant": p_holm < LEVEL,
        }
        for (i, j), test, p_holm in zip(pairs, tests, adjusted, strict=True)
    ]


def _aggregates(
    scores: Float[np.ndarray, "rows metrics"],
    accuracies: Float[np.ndarray, " rows"],
    *,
    metrics: Sequence[str],
) -> dict[str, Any]:
    def describe(columns: Sequence[int]) -> dict[str, Any]:
        mean, logarithmic = (
            aggregate_ranks(scores[:, columns], aggregate=name)
            for name in ("mean_rank", "log_rank")
        )
        return {
            "metrics": [metrics[column] for column in columns],
            "spearman_rho": spearman_rho(mean, accuracies),
            "ndcg": ndcg(mean, accuracies),
            "log_rank_spearman_rho": spearman_rho(logarithmic, accuracies),
        }

    found: dict[str, Any] = {"all": describe(range(len(metrics)))}
    for name, size in (("pairs", 2), ("triples", 3)):
        subsets = best_subsets(scores, accuracies, size=size)
        found[name] = [describe(subset.columns) for subset in subsets]
    return found


def _within_equal(
    scores: Float[np.ndarray, " rows"],
    accuracies: Float[np.ndarray, " rows"],
    covariate: Float[np.ndarray, " rows"],
) -> dict[str, Any]:
    found: GroupedCorrelation = rho_within_groups(scores, accuracies, covariate=covariate)
    return {
        "n": found.num_rows,
        "num_groups": found.num_groups,
        "spearman_rho": found.rho,
        "spearman_rho_interval": list(found.interval),
        f"spearman_rho_with_{COVARIATE}": spearman_rho(scores, covariate),
        "groups": [
            {COVARIATE: value, "n": size, "spearman_rho": rho}
            for value, (size, rho) in found.groups.items()
        ],
    }


def _mean_seconds(frame: pd.DataFrame, metrics: Sequence[str]) -> dict[str, float]:
    """Of the rows whose time is known: a value that equal architectures share is timed once."""
    found = {}
    for metric in metrics:
        if f"{metric}_seconds" in frame:
            seconds = frame[f"{metric}_seconds"].to_numpy(dtype=np.float64)
            known = seconds[np.isfinite(seconds)]
            found[metric] = float(known.mean()) if known.size else np.nan
    return found
