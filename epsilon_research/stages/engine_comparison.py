"""Scores compared with those of another engine on a sample: are the fast numbers right?"""

import logging
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from epsilon_research.analysis import spearman_rho
from epsilon_research.checks import check_integer
from epsilon_research.engines import Engine
from epsilon_research.metrics import Epsilon
from epsilon_research.stages.base import Context, Outcome, Prepared, Stage, drawn_rows

logger = logging.getLogger(__name__)

_METRIC = "epsilon"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineComparison(Stage):
    """Differences between a run's epsilon scores and those of another engine, on a sample.

    The other engine is e.g. the reference in float64.
    """

    sample_size: int
    engine: Engine

    def __post_init__(self) -> None:
        check_integer("agreement.sample_size", self.sample_size, at_least=1, example=20)

    def check(self, prepared: Prepared) -> None:
        """Refuse a run without a metric epsilon."""
        metrics = prepared.scoring.metrics
        if not isinstance(metrics.get(_METRIC), Epsilon):
            raise ValueError(
                "agreement must have a metric epsilon, whose engine is compared, got "
                f"{', '.join(metrics)}: add epsilon to metric=[...] or pass agreement=none"
            )

    def run(self, context: Context) -> Outcome:
        """Return the part `agreement`: the largest differences on the sample, and where.

        `undefined` counts architectures that the other engine gives no score, which happens where
        its arithmetic underflows. Relative differences are over scores above 0.
        """
        scored = context.frame.dropna(subset=_METRIC)
        sample = drawn_rows(scored, self.sample_size, rng=context.rng("agreement"))
        ids = list(sample["architecture_id"])
        scoring = context.prepared.scoring
        metric = scoring.metrics[_METRIC]
        assert isinstance(metric, Epsilon)  # `check` has refused the rest
        other = replace(scoring, metrics={_METRIC: replace(metric, engine=self.engine)})
        found = {"engine": self.engine.name} | _compare(
            sample[_METRIC].to_numpy(), other.score_table(ids)[_METRIC].to_numpy(), ids=ids
        )
        logger.info(
            "engine %s and engine %s: largest difference of epsilon %.2g over %s architectures",
            metric.engine.name, found["engine"], found.get("largest_difference", np.nan),
            found["compared"],
        )  # fmt: skip
        return Outcome(summary={"agreement": found})


def _compare(
    ours: Float[np.ndarray, " architectures"],
    theirs: Float[np.ndarray, " architectures"],
    *,
    ids: list[str],
) -> dict[str, Any]:
    difference = np.abs(ours - theirs)
    defined = np.isfinite(difference)
    if not defined.any():
        return {"compared": 0, "undefined": len(ids)}
    worst = int(np.nanargmax(difference))
    # A chain of convolutions scores 0 exactly, where no relative difference exists.
    positive = defined & (theirs > 0)
    relative = difference[positive] / theirs[positive]
    return {
        "compared": int(defined.sum()),
        "undefined": int((~defined).sum()),
        "largest_difference": float(difference[worst]),
        "largest_relative_difference": float(relative.max(initial=0.0)),
        "spearman_rho": spearman_rho(ours[defined], theirs[defined]),
        "architecture_id": ids[worst],
    }
