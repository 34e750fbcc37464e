"""Correlations of scores with trained accuracy, and of metrics with each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from epsilon_research.analysis import compare_metrics, diagnose, summarise_metrics
from epsilon_research.analysis.rank_correlations import rho_matrix
from epsilon_research.checks import check_integer
from epsilon_research.reporting import Table
from epsilon_research.reporting.numbers import value
from epsilon_research.stages.base import Context, Outcome, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlate(Stage):
    """Statistics of every metric, remarks on them, and the metrics beside each other.

    Without accuracies only the correlations between metrics are left. Behind each interval are
    `num_resamples` bootstrap resamples, at least 1.
    """

    num_resamples: int

    def __post_init__(self) -> None:
        check_integer("bootstrap_resamples", self.num_resamples, at_least=1, example=1000)

    def run(self, context: Context) -> Outcome:
        """Return the parts `metrics`, `diagnosis` and, with several metrics, `comparison`."""
        table, columns = context.prepared.table, context.columns
        if table is None:
            return _without_accuracies(context.frame, columns)
        rng = context.rng("bootstrap")
        statistics = summarise_metrics(
            context.frame,
            metrics=columns,
            target=table.target,
            higher_is_better=table.higher_is_better,
            rng=rng,
            num_resamples=self.num_resamples,
            paper_filter=context.prepared.selection.paper_filter,
        )
        remarks = {
            name: diagnose(context.frame, statistics[name], metric=name, target=table.target)
            for name in columns
        }
        found = {"metrics": statistics, "diagnosis": remarks}
        if len(columns) > 1:
            found["comparison"] = compare_metrics(
                context.frame,
                metrics=columns,
                target=table.target,
                higher_is_better=table.higher_is_better,
                rng=rng.spawn(1)[0],
                num_resamples=self.num_resamples,
            )
        return Outcome(summary=found)


def _without_accuracies(frame: pd.DataFrame, columns: Sequence[str]) -> Outcome:
    if len(columns) < 2:
        return Outcome()
    scores = frame[list(columns)].to_numpy(dtype=np.float64)
    scores = scores[np.isfinite(scores).all(axis=1)]
    rhos = rho_matrix(scores).tolist()
    part = {"metrics": list(columns), "n": len(scores), "spearman_rho": rhos}
    table = Table(
        title="Spearman's ρ between metrics",
        head=["metric", *columns],
        rows=[[name, *map(value, line)] for name, line in zip(columns, rhos, strict=True)],
        note=f"over the {len(scores):,} architectures that all of them score",
    )
    return Outcome(summary={"between_metrics": part}, tables=[table])
