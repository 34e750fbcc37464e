"""The architectures with the highest scores: what somebody who searches wants to see first."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from epsilon_research.checks import check_integer
from epsilon_research.reporting import Table
from epsilon_research.reporting.numbers import value
from epsilon_research.stages.base import Context, Outcome, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class BestScored(Stage):
    """List the best-scored architectures of each metric, with their accuracy where it is known.

    Args:
        count: Architectures per metric, at least 1.
    """

    count: int

    def __post_init__(self) -> None:
        check_integer("stages.best_scored.count", self.count, at_least=1, example=5)

    def run(self, context: Context) -> Outcome:
        """Return the part `best_scored`: {metric: architectures, the best first}."""
        best = {name: self._best(context, name) for name in context.columns}
        table = context.prepared.table
        head = ["metric", "architecture", "score"] + ([] if table is None else [table.label])
        rows = [
            [name if place == 0 else "", entry["architecture_id"], *_numbers(entry)]
            for name, entries in best.items()
            for place, entry in enumerate(entries)
        ]
        if not rows:
            return Outcome()
        shown = Table(
            title="best-scored architectures", head=head, rows=rows, align="llrr"[: len(head)]
        )
        return Outcome(summary={"best_scored": best}, tables=[shown])

    def _best(self, context: Context, name: str) -> list[dict[str, Any]]:
        # Stable, so that of equal scores the first in the run's order comes first.
        frame = context.frame.dropna(subset=name).sort_values(name, ascending=False, kind="stable")
        frame = frame.head(self.count)
        found = {"architecture_id": frame["architecture_id"], "score": frame[name]}
        if context.prepared.table is not None:
            found["accuracy"] = frame[context.prepared.table.target]
        return pd.DataFrame(found).to_dict("records")


def _numbers(entry: dict[str, Any]) -> list[str]:
    accuracies = [value(entry["accuracy"], "test_accuracy_mean")] if "accuracy" in entry else []
    return [f"{entry['score']:.6g}", *accuracies]
