"""The figures of a run's scores: each metric's own, and those of several beside each other."""

from dataclasses import dataclass

from epsilon_research.plotting import Target
from epsilon_research.stages.base import Context, Outcome, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures(Stage):
    """Draw the scores; with several metrics, each into a folder of its own."""

    def run(self, context: Context) -> Outcome:
        """Return the paths of the figures."""
        if context.figures is None:
            return Outcome()
        table, metrics = context.prepared.table, context.prepared.scoring.metrics
        target = table and Target(
            column=table.target, label=table.label, higher_is_better=table.higher_is_better
        )
        paths = context.figures.save_scores(
            context.frame,
            metrics=context.columns,
            labels={name: metric.label for name, metric in metrics.items()},
            target=target,
            statistics=context.summary.get("metrics", {}),
        )
        return Outcome(figures=paths)
