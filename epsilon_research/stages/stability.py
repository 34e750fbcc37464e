"""How much of a ranking is chance: metrics repeated with other minibatches and other seeds."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from epsilon_research.analysis.stability import measure_stability
from epsilon_research.checks import check_integer
from epsilon_research.metrics import Metric
from epsilon_research.scoring import Scoring
from epsilon_research.stages.base import Context, Outcome, Prepared, Stage, drawn_rows

logger = logging.getLogger(__name__)

_MIN_ROWS = 3
"""Fewer have no ranking to speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability(Stage):
    """Score a sample of the run again, with further minibatches and with further seeds.

    Minibatches are drawn as the run's with the next seeds; metrics that have a seed see the run's
    minibatch with each of the next ones.
    """

    sample_size: int
    minibatches: int
    seeds: int

    def __post_init__(self) -> None:
        for name, least in (("sample_size", _MIN_ROWS), ("minibatches", 0), ("seeds", 0)):
            example = max(least, 4)
            check_integer(f"stability.{name}", getattr(self, name), at_least=least, example=example)

    def run(self, context: Context) -> Outcome:
        """Return the part `stability`: {metric: {"minibatch" or "seed": statistics}}.

        The statistics are the mean and least ρ of two repeats, the overlap of their best, and how
        many architectures have a score in all of them; the run's own scores are the first repeat.
        """
        sample = drawn_rows(context.frame, self.sample_size, rng=context.rng("repeats"))
        ids = list(sample["architecture_id"])
        columns: dict[tuple[str, str], list[np.ndarray]] = {}
        for what, scoring in self._repeats(context.prepared):
            repeat = scoring.score_table(ids)
            for name in scoring.metrics:
                first, scores = (part[name].to_numpy(np.float64) for part in (sample, repeat))
                columns.setdefault((name, what), [first]).append(scores)
        found: dict[str, Any] = {}
        for (name, what), scores in columns.items():
            numbers = measure_stability(np.column_stack(scores))
            found.setdefault(name, {})[what] = numbers
            logger.info(
                "%s with another %s: ρ %.3f on average, at least %.3f, over %s architectures",
                name, what, numbers["mean_rho"], numbers["min_rho"], numbers["n"],
            )  # fmt: skip
        return Outcome(summary={"stability": found})

    def _repeats(self, prepared: Prepared) -> Iterator[tuple[str, Scoring]]:
        """Yield what changes in each repeat, and how it is scored."""
        scoring = prepared.scoring
        for step in range(1, self.minibatches + 1):
            yield "minibatch", replace(scoring, minibatch=prepared.draw_minibatch(step))
        for step in range(1, self.seeds + 1):
            seeded = _with_other_seeds(scoring.metrics, step)
            if seeded:
                yield "seed", replace(scoring, metrics=seeded)


def _with_other_seeds(metrics: Mapping[str, Metric], step: int) -> dict[str, Any]:
    return {
        name: replace(metric, seed=metric.seed + step)  # pyright: ignore
        for name, metric in metrics.items()
        if is_dataclass(metric) and "seed" in {field.name for field in fields(metric)}
    }
