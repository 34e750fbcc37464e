"""The best-scored architectures within limits, trained, against random ones within the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from epsilon_research.checks import check_integer
from epsilon_research.progress import progress
from epsilon_research.reporting import Table
from epsilon_research.reporting.numbers import value
from epsilon_research.stages.base import Context, Outcome, Prepared, Stage, best_rows, drawn_rows

RANDOM = "random"
"""Name of the group that no metric has chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainBest(Stage):
    """Train the best-scored architectures of each metric, and as many random ones.

    `objective` gives the fitness of an architecture id after training, higher is better. A metric
    in `limits` chooses none itself: what exceeds its limit, or has no such score, is left out of
    all groups.
    """

    objective: Callable[[str], float]
    limits: Mapping[str, float] = field(default_factory=dict)
    count: int = 5

    def __post_init__(self) -> None:
        check_integer("stages.train_best.count", self.count, at_least=1, example=5)

    def check(self, prepared: Prepared) -> None:
        """Refuse limits of what the run does not score."""
        metrics = prepared.scoring.metrics
        for name in self.limits:
            if name not in metrics:
                raise ValueError(
                    f"stages.train_best.limits must name metrics of the run ({', '.join(metrics)})"
                    f", got {name}: pass metric=[...] with it"
                )

    def run(self, context: Context) -> Outcome:
        """Return the part `train_best`: {group: architectures with score, costs and fitness}."""
        frame = context.frame
        for name, limit in self.limits.items():
            frame = frame.loc[frame[name].to_numpy() <= limit]
        if len(frame) < self.count:
            raise ValueError(
                f"{self.count} architectures must lie within stages.train_best.limits, got "
                f"{len(frame)} of {len(context.frame)}: raise the limits, or score more"
            )
        choosing = [name for name in context.columns if name not in self.limits]
        groups = {name: best_rows(frame, self.count, by=name) for name in choosing}
        groups[RANDOM] = drawn_rows(frame, self.count, rng=context.rng("train_best"))
        wanted = pd.concat(groups.values())["architecture_id"].unique()
        fitness: dict[str, float] = {}
        with progress(context.console, "training", len(wanted)) as advance:
            for id_ in wanted:
                fitness[id_] = float(self.objective(id_))
                advance(1)
        found = {}
        for group, chosen in groups.items():
            numbers = [*([] if group == RANDOM else [group]), *self.limits]
            entries = pd.DataFrame({"architecture_id": chosen["architecture_id"]})
            for name in numbers:
                entries["score" if name == group else name] = chosen[name].astype(float)
            entries["fitness"] = [fitness[id_] for id_ in entries["architecture_id"]]
            found[group] = entries.to_dict("records")
        return Outcome(summary={"train_best": found}, tables=[self._table(found, len(frame))])

    def _table(self, found: Mapping[str, Sequence[Mapping[str, Any]]], inside: int) -> Table:
        rows = []
        for group, entries in found.items():
            for place, entry in enumerate(entries):
                score = f"{entry['score']:.6g}" if "score" in entry else ""
                costs = [f"{entry[name]:,.0f}" for name in self.limits]
                first = group if place == 0 else ""
                trained = value(entry["fitness"], "test_accuracy_mean")
                rows.append([first, entry["architecture_id"], score, *costs, trained])
            blank = [""] * (1 + len(self.limits))
            mean = float(np.mean([entry["fitness"] for entry in entries]))
            rows.append(["", "mean", *blank, value(mean, "test_accuracy_mean")])
        return Table(
            title="best-scored architectures, trained",
            head=["chosen by", "architecture", "score", *self.limits, "after training"],
            rows=rows,
            align="ll" + "r" * (2 + len(self.limits)),
            note=f"{inside:,} of the scored architectures are within the limits",
        )
