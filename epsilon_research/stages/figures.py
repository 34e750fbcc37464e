"""The figures of a run's scores: each metric's own, and those of several beside each other."""

from dataclasses import dataclass
from pathlib import Path

from epsilon_research.stages.base import Context, Outcome, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures(Stage):
    """Draw the scores; with several metrics, each into a folder of its own."""

    def run(self, context: Context) -> Outcome:
        """Return the paths of the figures."""
        if not context.draws_figures:
            return Outcome()
        # Matplotlib takes half a second to import: only when there is something to draw.
        from epsilon_research.plotting import save_comparison_figures, save_figures

        table, summary = context.prepared.table, context.summary
        folder = context.run_dir / "figures"
        folder.mkdir(exist_ok=True)
        paths: list[Path] = []
        for name in context.columns:
            paths += save_figures(
                context.frame,
                metric=name,
                statistics=summary.get("metrics", {}).get(name),
                target=None if table is None else table.target,
                target_label="" if table is None else table.label,
                higher_is_better=True if table is None else table.higher_is_better,
                folder=folder if len(context.columns) == 1 else folder / name,
                title=context.prepared.title,
            )
        if table is not None and "comparison" in summary:
            paths += save_comparison_figures(
                context.frame,
                metrics=list(context.columns),
                statistics=summary["metrics"],
                comparison=summary["comparison"],
                target=table.target,
                target_label=table.label,
                higher_is_better=table.higher_is_better,
                folder=folder / "comparison",
                title=context.prepared.title,
            )
        return Outcome(figures=paths)
