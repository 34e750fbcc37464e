"""The rows of a table of scores, filled in as results come, in any order."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from epsilon_research.metrics import Metric, Score
from epsilon_research.scoring.description import Description
from epsilon_research.scoring.jobs import Job


class ScoreTable:
    """One row per architecture, in the order asked for.

    Columns: `architecture_id`, `connected`, `canonical_hash`, `num_parameters`, per metric
    `<metric>` (float64), `<metric>_failure` (null or a reason) and the metric's further columns as
    `<metric>_<column>`, and `seconds` (of the evaluations made for this row, now or earlier; NaN
    where another row of the same function stands for it). With several metrics also
    `num_convolutions`, where it is known, and each metric's own `<metric>_seconds`.
    """

    def __init__(
        self,
        ids: Sequence[str],
        descriptions: Sequence[Description],
        *,
        metrics: Mapping[str, Metric],
        failure: str,
    ) -> None:
        """`failure` is the reason in rows that nothing is written to."""
        count = len(ids)
        columns: dict[str, np.ndarray] = {
            "architecture_id": np.array(ids, dtype=object),
            "connected": np.array([d.connected for d in descriptions], dtype=bool),
            "canonical_hash": np.array([d.canonical_hash for d in descriptions], dtype=object),
            "num_parameters": np.array([d.num_parameters for d in descriptions], dtype=np.int64),
        }
        for name, metric in metrics.items():
            columns[name] = np.full(count, np.nan)
            columns[f"{name}_failure"] = np.full(count, failure, dtype=object)
            for column, kind in metric.columns.items():
                empty = np.nan if kind is float else kind()
                columns[f"{name}_{column}"] = np.full(count, empty, dtype=kind)
        columns["seconds"] = np.full(count, np.nan)
        self._several = len(metrics) > 1
        if self._several:
            columns |= {f"{name}_seconds": np.full(count, np.nan) for name in metrics}
            convolutions = [d.num_convolutions for d in descriptions]
            if None not in convolutions:
                columns["num_convolutions"] = np.array(convolutions, dtype=np.int64)
        self._columns = columns

    def write(self, job: Job, score: Score, *, seconds: float) -> None:
        """Puts a score into all rows of a job, its time into the first."""
        rows: Any = list(job.rows)
        columns = self._columns
        columns[job.metric][rows] = score.value
        columns[f"{job.metric}_failure"][rows] = score.failure
        for column, value in score.columns.items():
            columns[f"{job.metric}_{column}"][rows] = value
        if self._several:
            columns[f"{job.metric}_seconds"][rows[0]] = seconds
        earlier = float(columns["seconds"][rows[0]])
        columns["seconds"][rows[0]] = seconds if math.isnan(earlier) else earlier + seconds

    def frame(self) -> pd.DataFrame:
        """Return the table as it is now."""
        return pd.DataFrame(self._columns)
