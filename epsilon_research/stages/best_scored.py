"""The architectures with the highest scores: what somebody who searches wants to see first."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from epsilon_research.checks import check_integer
from epsilon_research.reporting import Table
from epsilon_research.reporting.numbers import value
from epsilon_research.stages.base import Context, Outcome, Stage, best_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class BestScored(Stage):
    """List the `count` best-scored architectures of each metric, with accuracies if known."""

    count: int

    def __post_init__(self) -> None:
        check_integer("stages.best_scored.count", self.count, at_least=1, example=5)

    def run(self, context: Context) -> Outcome:
        """Return the part `best_scored`: {metric: architectures, the best first}."""
        table = context.prepared.table
        found: dict[str, list[dict[str, Any]]] = {}
        rows = []
        for name in context.columns:
            best = best_rows(context.frame, self.count, by=name)
            columns = {"architecture_id": best["architecture_id"], "score": best[name]}
            if table is not None:
                columns["accuracy"] = best[table.target]
            found[name] = pd.DataFrame(columns).to_dict("records")
            for place, entry in enumerate(found[name]):
                metric, score = name if place == 0 else "", f"{entry['score']:.6g}"
                known = "accuracy" in entry
                accuracy = [value(entry["accuracy"], "test_accuracy_mean")] if known else []
                rows.append([metric, entry["architecture_id"], score, *accuracy])
        if not rows:
            return Outcome()
        head = ["metric", "architecture", "score", *([table.label] if table is not None else [])]
        align = "llrr"[: len(head)]
        shown = Table(title="best-scored architectures", head=head, rows=rows, align=align)
        return Outcome(summary={"best_scored": found}, tables=[shown])
