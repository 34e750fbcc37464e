"""Epsilon in several precisions beside an exact one: how much of a correlation is rounding."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from epsilon_research.analysis import spearman_rho
from epsilon_research.analysis.resolution import unresolved
from epsilon_research.metrics import Epsilon
from epsilon_research.reporting import Table
from epsilon_research.reporting.numbers import value
from epsilon_research.stages.base import Context, Outcome, Prepared, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounding(Stage):
    """Errors of epsilon scores against those of the metric `exact`, such as `engine=extended`."""

    exact: str

    def check(self, prepared: Prepared) -> None:
        """Refuse a run whose metrics are not several epsilons, one of them the exact one."""
        epsilons = _epsilons(prepared)
        if self.exact not in epsilons or len(epsilons) < 2:
            raise ValueError(
                f"stages.rounding.exact must name one of two or more epsilon metrics, got "
                f"{self.exact!r} of {', '.join(epsilons) or 'none'}: see conf/study/rounding.yaml"
            )

    def run(self, context: Context) -> Outcome:
        """Return the part `rounding`: {metric: errors, unresolved scores, ρ with exact scores}."""
        others = [name for name in _epsilons(context.prepared) if name != self.exact]
        found = {name: compare_with_exact(context.frame, name, exact=self.exact) for name in others}
        outcome = Outcome(summary={"rounding": found}, tables=[_table(found)])
        if context.figures is None:
            return outcome
        figures = context.figures.save_precisions(context.frame, metrics=others, exact=self.exact)
        return replace(outcome, figures=figures)


def _epsilons(prepared: Prepared) -> list[str]:
    metrics = prepared.scoring.metrics
    return [name for name, metric in metrics.items() if isinstance(metric, Epsilon)]


def compare_with_exact(frame: pd.DataFrame, name: str, *, exact: str) -> dict[str, float]:
    """Return how far the scores in one column of a table are from the exact ones in another.

    Returns:
        Over the rows where both are defined: `n`; the `median_error` and `largest_error`; the
        `median_score` of the exact scores; the share `within_resolution` of errors that are not
        larger than the resolution; `unresolved` scores; `spearman_rho` with the exact scores.
    """
    columns = [name, exact, f"{name}_resolution", f"{exact}_resolution"]
    values = frame[columns].to_numpy(dtype=np.float64)
    both = np.isfinite(values[:, :2]).all(axis=1)
    scores, true, *resolutions = values[both].T
    errors = np.abs(scores - true)
    if not both.any():
        return {"n": 0}
    return {
        "n": int(both.sum()),
        "median_score": float(np.median(true)),
        "median_error": float(np.median(errors)),
        "largest_error": float(errors.max()),
        "within_resolution": float((errors <= sum(resolutions)).mean()),
        "unresolved": int(unresolved(frame, name)[both].sum()),
        "spearman_rho": spearman_rho(scores, true),
    }


def _table(found: dict[str, dict[str, float]]) -> Table:
    head = ["epsilon of", "n", "exact,\nmedian", "error,\nmedian", "error,\nlargest",
            "within\nresolution %", "not\nresolved", "ρ with\nexact"]  # fmt: skip
    shown = ("median_score", "median_error", "largest_error")
    rows = [
        [
            name.replace("_", " "),
            value(one["n"], "n"),
            *(f"{one.get(key, np.nan):.1e}" for key in shown),
            value(one.get("within_resolution"), "coverage"),
            value(one.get("unresolved"), "n"),
            value(one.get("spearman_rho")),
        ]
        for name, one in found.items()
    ]
    return Table(title="rounding", head=head, rows=rows)
