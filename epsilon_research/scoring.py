"""Scores of many architectures: describe them, score each distinct one, put them in one table.

Work is cut into chunks that an executor spreads. Neither the chunks nor the order in which they
come back changes a number.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from epsilon_research.collapse import canonical_hash, lower
from epsilon_research.executors import Executor
from epsilon_research.metrics import Candidate, Metric
from epsilon_research.programs import count_parameters
from epsilon_research.spaces import SearchSpace

_DESCRIPTIONS_PER_CHUNK = 512
_SCORES_PER_CHUNK = 32

Advance = Callable[[int], None]
"""Told how many more architectures are done."""


class Description(NamedTuple):
    """What is known of an architecture without running it."""

    connected: bool
    canonical_hash: str
    num_parameters: int


class _Job(NamedTuple):
    """One score to compute: an architecture, a metric, and where the results go."""

    architecture_id: str
    metric: str
    rows: tuple[int, ...]


class _Scored(NamedTuple):
    job: _Job
    value: float
    failure: str | None
    columns: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringResult:
    """The table of scores and what it took to make it.

    `frame` has one row per architecture, in the order asked for: `architecture_id`, `connected`,
    `canonical_hash`, `num_parameters`, per metric `<metric>` (float64), `<metric>_failure` (null or
    a reason) and the metric's further columns as `<metric>_<column>`, and `seconds` (of the
    scores computed for this row; NaN where another row of the same function was computed).
    """

    frame: pd.DataFrame
    num_computed: int
    """Values computed: forward passes for epsilon, scores for other metrics."""
    num_distinct: int


Item = TypeVar("Item")


def _chunks(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def describe(
    space: SearchSpace, architecture_ids: Sequence[str], *, height: int, width: int
) -> list[Description]:
    """Descriptions of architectures for images of `height` × `width` pixels, in the same order."""
    return [_describe(space, id_, height=height, width=width) for id_ in architecture_ids]


def _describe(space: SearchSpace, architecture_id: str, *, height: int, width: int) -> Description:
    plan = lower(space.core_program(architecture_id), height=height, width=width)
    network = space.program(architecture_id, num_outputs=space.num_classes)
    return Description(plan.connected, canonical_hash(plan), count_parameters(network))


def _describe_chunk(
    space: SearchSpace, size: tuple[int, int], chunk: tuple[int, Sequence[str]]
) -> tuple[int, list[Description]]:
    start, ids = chunk
    return start, describe(space, ids, height=size[0], width=size[1])


def _score_chunk(
    space: SearchSpace,
    metrics: Mapping[str, Metric],
    images: np.ndarray,
    chunk: Sequence[tuple[_Job, Description]],
) -> list[_Scored]:
    scorers = {name: metrics[name].scorer(images) for name in {job.metric for job, _ in chunk}}
    results = []
    for job, description in chunk:
        start = time.perf_counter()
        candidate = Candidate(
            program=space.program(job.architecture_id, num_outputs=1),
            num_parameters=description.num_parameters,
            connected=description.connected,
        )
        score = scorers[job.metric](candidate)
        seconds = time.perf_counter() - start
        results.append(_Scored(job, score.value, score.failure, score.columns, seconds))
    return results


def _jobs(metrics: Mapping[str, Metric], ids: Sequence[str], hashes: Sequence[str]) -> list[_Job]:
    """One job per distinct function or, for a metric that sees more than that, per architecture."""
    rows_of: dict[str, list[int]] = {}
    for row, key in enumerate(hashes):
        rows_of.setdefault(key, []).append(row)
    jobs = []
    for name, metric in metrics.items():
        if metric.shared_by_function:
            # The first in alphabetical order stands for its class, so that the last digits do
            # not depend on the order in which architectures are asked for.
            jobs += [
                _Job(min(ids[row] for row in rows), name, tuple(rows)) for rows in rows_of.values()
            ]
        else:
            jobs += [_Job(id_, name, (row,)) for row, id_ in enumerate(ids)]
    return jobs


class Scoring:
    """Scores architectures with several metrics on one minibatch.

    Args:
        space: Gives the networks.
        metrics: By the name of their column.
        images: float32 (batch, channels, height, width).
        executor: Spreads the work.
    """

    def __init__(
        self,
        *,
        space: SearchSpace,
        metrics: Mapping[str, Metric],
        images: np.ndarray,
        executor: Executor,
    ) -> None:
        self._space = space
        self._metrics = metrics
        self._images = images
        self._executor = executor

    def describe(self, ids: Sequence[str], *, advance: Advance) -> list[Description]:
        """Descriptions of `ids`, in the same order."""
        chunks = [
            (start, ids[start : start + _DESCRIPTIONS_PER_CHUNK])
            for start in range(0, len(ids), _DESCRIPTIONS_PER_CHUNK)
        ]
        function = partial(_describe_chunk, self._space, self._images.shape[2:])
        found: list[Description | None] = [None] * len(ids)
        for start, descriptions in self._executor.map(function, chunks):
            found[start : start + len(descriptions)] = descriptions
            advance(len(descriptions))
        return [description for description in found if description is not None]

    def plan(self, ids: Sequence[str], descriptions: Sequence[Description]) -> list[_Job]:
        """The scores that have to be computed."""
        return _jobs(self._metrics, ids, [d.canonical_hash for d in descriptions])

    def score(
        self,
        ids: Sequence[str],
        descriptions: Sequence[Description],
        *,
        advance: Advance,
    ) -> ScoringResult:
        """The table of scores of `ids`."""
        frame = self._empty_frame(ids, descriptions)
        columns = {name: frame[name].to_numpy(copy=True) for name in frame.columns}
        jobs = self.plan(ids, descriptions)
        work = [(job, descriptions[job.rows[0]]) for job in jobs]
        function = partial(_score_chunk, self._space, self._metrics, self._images)
        for chunk in self._executor.map(function, _chunks(work, _SCORES_PER_CHUNK)):
            for scored in chunk:
                _write(columns, scored)
            advance(len(chunk))
        return ScoringResult(
            frame=pd.DataFrame(columns),
            num_computed=sum(self._metrics[job.metric].values_per_score for job in jobs),
            num_distinct=len({d.canonical_hash for d in descriptions}),
        )

    def _empty_frame(self, ids: Sequence[str], descriptions: Sequence[Description]) -> pd.DataFrame:
        count = len(ids)
        columns: dict[str, Any] = {
            "architecture_id": np.array(ids, dtype=object),
            "connected": [d.connected for d in descriptions],
            "canonical_hash": np.array([d.canonical_hash for d in descriptions], dtype=object),
            "num_parameters": [d.num_parameters for d in descriptions],
        }
        for name, metric in self._metrics.items():
            columns[name] = np.full(count, np.nan)
            columns[f"{name}_failure"] = np.full(count, None, dtype=object)
            for column, kind in metric.columns.items():
                columns[f"{name}_{column}"] = np.zeros(count, dtype=kind)
        columns["seconds"] = np.full(count, np.nan)
        return pd.DataFrame(columns)


def _write(columns: Mapping[str, np.ndarray], scored: _Scored) -> None:
    rows = list(scored.job.rows)
    name = scored.job.metric
    columns[name][rows] = scored.value
    columns[f"{name}_failure"][rows] = scored.failure
    for column, value in scored.columns.items():
        columns[f"{name}_{column}"][rows] = value
    seconds = columns["seconds"]
    seconds[rows[0]] = np.nansum([seconds[rows[0]], scored.seconds])
