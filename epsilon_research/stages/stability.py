"""How much of a ranking is chance: metrics repeated with other minibatches and other seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from epsilon_research.analysis.stability import measure_stability
from epsilon_research.data import Dataset
from epsilon_research.metrics import Metric
from epsilon_research.scoring import Description, Scoring
from epsilon_research.stages.engine_comparison import say_nothing

_LEAST_ROWS = 3
"""Fewer have no ranking to speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Scores a sample of the run again.

    Args:
        sample_size: Architectures that are scored again, drawn from those of the run.
        minibatches: Further minibatches, drawn as the run's with the next seeds.
        seeds: Further seeds of the metrics that have one; they see the run's minibatch.
    """

    sample_size: int
    minibatches: int
    seeds: int

    def __post_init__(self) -> None:
        for name, least in (("sample_size", _LEAST_ROWS), ("minibatches", 0), ("seeds", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ValueError(
                    f"stability.{name} must be a whole number of {least} or more, got {value!r}: "
                    f"pass e.g. stability.{name}={max(least, 4)}"
                )

    def measure(
        self,
        frame: pd.DataFrame,
        *,
        scoring: Scoring,
        dataset: Dataset,
        batch_size: int,
        minibatch_seed: int,
        rng: np.random.Generator,
    ) -> dict[str, Any]:
        """{metric: {"minibatch" or "seed": mean and least ρ of two repeats, overlap, coverage}}.

        Args:
            frame: The run's scores, which are the first repeat of each.
            scoring: What the run scored with.
            dataset: Gives further minibatches.
            batch_size: Of the run's minibatch.
            minibatch_seed: That of the run; further ones count on from it.
            rng: Draws the sample.
        """
        size = min(self.sample_size, len(frame))
        rows = np.sort(rng.choice(len(frame), size=size, replace=False))
        sample = frame.iloc[rows]
        ids = list(sample["architecture_id"])
        descriptions = scoring.describe(ids, advance=say_nothing)
        by_minibatch: dict[str, list[np.ndarray]] = {}
        for step in range(1, self.minibatches + 1):
            draw = dataset.draw(
                batch_size=batch_size, rng=np.random.default_rng(minibatch_seed + step)
            )
            _collect(by_minibatch, replace(scoring, minibatch=draw), ids, descriptions)
        by_seed: dict[str, list[np.ndarray]] = {}
        for step in range(1, self.seeds + 1):
            seeded = _with_other_seeds(scoring.metrics, step)
            if seeded:
                _collect(by_seed, replace(scoring, metrics=seeded), ids, descriptions)
        found: dict[str, Any] = {}
        for what, repeats in (("minibatch", by_minibatch), ("seed", by_seed)):
            for name, scores in repeats.items():
                columns = np.column_stack([sample[name].to_numpy(dtype=np.float64), *scores])
                found.setdefault(name, {})[what] = _summary(columns)
        return found


def _with_other_seeds(metrics: Mapping[str, Metric], step: int) -> dict[str, Any]:
    """Those metrics that draw something, with a seed further on."""
    return {
        name: replace(metric, seed=metric.seed + step)  # pyright: ignore
        for name, metric in metrics.items()
        if is_dataclass(metric) and "seed" in {field.name for field in fields(metric)}
    }


def _collect(
    columns: dict[str, list[np.ndarray]],
    scoring: Scoring,
    ids: Sequence[str],
    descriptions: Sequence[Description],
) -> None:
    result = scoring.score(ids, descriptions, advance=say_nothing)
    if result.interrupted:
        raise KeyboardInterrupt
    for name in scoring.metrics:
        columns.setdefault(name, []).append(result.frame[name].to_numpy(dtype=np.float64))


def _summary(scores: np.ndarray) -> dict[str, float]:
    stability = measure_stability(scores)
    return {
        "repeats": stability.num_repeats,
        "n": stability.num_rows,
        "coverage": stability.coverage,
        "mean_rho": stability.mean_rho,
        "least_rho": stability.least_rho,
        "mean_top10_overlap": stability.mean_top10_overlap,
    }
