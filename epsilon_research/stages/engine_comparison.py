"""Compares scores with those of another engine on a sample: are the fast numbers right?"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from epsilon_research.analysis import spearman_rho
from epsilon_research.data import Minibatch
from epsilon_research.engines import Engine
from epsilon_research.executors import Executor
from epsilon_research.metrics import Epsilon
from epsilon_research.scoring import Scoring
from epsilon_research.spaces import SearchSpace
from epsilon_research.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far a run's epsilon scores are from another engine's.

    Args:
        sample_size: Architectures compared, drawn from those with a score.
        engine: The other engine, e.g. the reference in float64.
        metric: The metric that was run.
    """

    sample_size: int
    engine: Engine
    metric: Epsilon

    def __post_init__(self) -> None:
        if not isinstance(self.sample_size, int) or self.sample_size < 1:
            raise ValueError(
                "agreement.sample_size must be a whole number of 1 or more, got "
                f"{self.sample_size!r}: pass e.g. agreement.sample_size=20"
            )

    def measure(
        self,
        frame: pd.DataFrame,
        *,
        space: SearchSpace,
        minibatch: Minibatch,
        executor: Executor,
        store: Store,
        rng: np.random.Generator,
    ) -> dict[str, Any]:
        """Largest absolute and relative difference on the sample, and where it was.

        `undefined` counts sampled architectures that the other engine gives no score, which
        happens where its arithmetic underflows. Relative differences are over scores above 0.
        """
        scored = frame[frame["epsilon"].notna()]
        rows = rng.choice(len(scored), size=min(self.sample_size, len(scored)), replace=False)
        sample = scored.iloc[np.sort(rows)]
        ids = list(sample["architecture_id"])
        scoring = Scoring(
            space=space,
            metrics={"epsilon": replace(self.metric, engine=self.engine)},
            minibatch=minibatch,
            executor=executor,
            store=store,
        )
        descriptions = scoring.describe(ids, advance=say_nothing)
        result = scoring.score(ids, descriptions, advance=say_nothing)
        if result.interrupted:
            raise KeyboardInterrupt
        other = result.frame
        ours, theirs = sample["epsilon"].to_numpy(), other["epsilon"].to_numpy()
        difference = np.abs(ours - theirs)
        defined = np.isfinite(difference)
        if not defined.any():
            return {"engine": self.engine.name, "compared": 0, "undefined": len(ids)}
        worst = int(np.nanargmax(difference))
        # A chain of convolutions scores 0 exactly, where no relative difference exists.
        positive = defined & (theirs > 0)
        relative = difference[positive] / theirs[positive]
        return {
            "engine": self.engine.name,
            "compared": int(defined.sum()),
            "undefined": int((~defined).sum()),
            "largest_difference": float(difference[worst]),
            "largest_relative_difference": float(relative.max(initial=0.0)),
            "spearman_rho": spearman_rho(ours[defined], theirs[defined]),
            "architecture_id": ids[worst],
        }


def say_nothing(done: int, *, from_store: int = 0, failed: int = 0) -> None:
    """A sample is done before anybody would ask how far it is."""
