"""Scores on demand for a search: what a run has scored, and beyond that what a move asks for."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import Float

from epsilon_research.analysis import float32_defined
from epsilon_research.executors import SerialExecutor
from epsilon_research.scoring import Scoring
from epsilon_research.stages.search.inputs import Scores, stored_scores

NUM_PARAMETERS = "num_parameters"


def scores_of_run(
    frame: pd.DataFrame, *, scoring: Scoring, float32_only: bool = False
) -> dict[str, Scores]:
    """{metric: scores on demand} of a run's metrics and `num_parameters`.

    Architectures outside `frame` are described and scored when a search first asks for them, with
    all metrics at once, and through the run's store. That happens to the few children of a move by
    score only, since pools are drawn from `frame`; so it is done in this process.

    Args:
        frame: The run's scores.
        scoring: How they were made.
        float32_only: Whether scores that float32 leaves undefined are taken for undefined.
    """
    on_demand = _OnDemandScores(
        replace(scoring, executor=SerialExecutor()), float32_only=float32_only
    )
    ids = list(frame["architecture_id"])
    return {
        name: stored_scores(
            ids, _column(frame, name, float32_only=float32_only), compute=on_demand.column(name)
        )
        for name in dict.fromkeys([*scoring.metrics, NUM_PARAMETERS])
    }


def _column(
    frame: pd.DataFrame, name: str, *, float32_only: bool
) -> Float[np.ndarray, " architectures"]:
    scores = frame[name].to_numpy(dtype=np.float64)
    return np.where(float32_defined(frame, name), scores, np.nan) if float32_only else scores


class _OnDemandScores:
    """Scores of architectures that the run did not score; each of them is scored once."""

    def __init__(self, scoring: Scoring, *, float32_only: bool) -> None:
        self._scoring = scoring
        self._float32_only = float32_only
        self._known: dict[str, dict[str, float]] = {}

    def column(self, name: str) -> Callable[[Sequence[str]], np.ndarray]:
        """Scores with one metric, or parameter counts."""

        def compute(ids: Sequence[str]) -> np.ndarray:
            self._score([id_ for id_ in dict.fromkeys(ids) if id_ not in self._known])
            return np.array([self._known[id_][name] for id_ in ids], dtype=np.float64)

        return compute

    def _score(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        frame = self._scoring.score_table(ids)
        names = [*self._scoring.metrics, NUM_PARAMETERS]
        columns = {name: _column(frame, name, float32_only=self._float32_only) for name in names}
        for row, id_ in enumerate(ids):
            self._known[id_] = {name: float(values[row]) for name, values in columns.items()}
