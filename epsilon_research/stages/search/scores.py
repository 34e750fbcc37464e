"""Scores on demand for a search: what a run has scored, and beyond that what a move asks for."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from jaxtyping import Float

from epsilon_research.analysis import float32_defined
from epsilon_research.executors import SerialExecutor
from epsilon_research.scoring import Scoring
from epsilon_research.search_methods import ScoreCache

NUM_PARAMETERS = "num_parameters"


def scores_of_run(
    frame: pd.DataFrame, *, scoring: Scoring, float32_only: bool = False
) -> dict[str, ScoreCache]:
    """Return the scores on demand of a run's metrics and `num_parameters`, by name.

    Architectures outside the run's `frame` are scored when a search first asks for them, with all
    metrics at once, and through the run's store. That happens to the few children of a move by
    score only, since pools are drawn from `frame`; so it is done in this process. With
    `float32_only`, scores that float32 leaves undefined are taken for undefined.
    """
    serial = replace(scoring, executor=SerialExecutor())
    caches: dict[str, ScoreCache] = {}

    def compute(wanted: str, ids: Sequence[str]) -> Float[np.ndarray, " architectures"]:
        found = serial.score_table(ids)
        for name, cache in caches.items():
            cache.add(ids, _column(found, name, float32_only=float32_only))
        return _column(found, wanted, float32_only=float32_only)

    ids = list(frame["architecture_id"])
    for name in dict.fromkeys([*scoring.metrics, NUM_PARAMETERS]):
        cache = ScoreCache(partial(compute, name))
        cache.add(ids, _column(frame, name, float32_only=float32_only))
        caches[name] = cache
    return caches


def _column(
    frame: pd.DataFrame, name: str, *, float32_only: bool
) -> Float[np.ndarray, " architectures"]:
    scores = frame[name].to_numpy(dtype=np.float64)
    return np.where(float32_defined(frame, name), scores, np.nan) if float32_only else scores
