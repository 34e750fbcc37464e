"""What the score store has of a run's jobs, and where new evaluations go."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from epsilon_research.data import Minibatch
from epsilon_research.metrics import Metric, Pass
from epsilon_research.scoring.jobs import Job
from epsilon_research.source_digest import code_versions
from epsilon_research.spaces import SearchSpace
from epsilon_research.store import Evaluation, Shelf, Store
from epsilon_research.store.base import ABSENT

_SECONDS_BETWEEN_PARTS = 5.0
"""What a killed run loses at most; writing a part takes some ten milliseconds."""


class Shelves:
    """The store's shelves for each metric and pass of a run.

    Args:
        store: Where values are kept.
        metrics: By name.
        space: What the architectures are of.
        minibatch: What they see.
        jobs: All jobs of the run; their position is their number.
    """

    def __init__(
        self,
        store: Store,
        *,
        metrics: Mapping[str, Metric],
        space: SearchSpace,
        minibatch: Minibatch,
        jobs: Sequence[Job],
    ) -> None:
        self._jobs = jobs
        self._store = store
        self._shelves = {
            name: [_shelf(store, pass_, space, minibatch) for pass_ in metric.passes]
            for name, metric in metrics.items()
        }
        numbers: dict[str, dict[bytes, int]] = {name: {} for name in metrics}
        for number, job in enumerate(jobs):
            numbers[job.metric][job.key] = number
        self._numbers = numbers
        most = max((len(shelves) for shelves in self._shelves.values()), default=0)
        self._places = np.full((most, len(jobs)), ABSENT)
        self._last_flush = time.monotonic()

    def refresh(self) -> None:
        """Looks for what has come into the store since, e.g. from another run."""
        for name, shelves in self._shelves.items():
            for number, shelf in enumerate(shelves):
                shelf.locate(self._numbers[name], self._places[number])

    def stored(self, number: int, passes: Sequence[int]) -> dict[int, Evaluation]:
        """The evaluations of a job that the store has, of those passes."""
        shelves = self._shelves[self._jobs[number].metric]
        places = {i: int(self._places[i, number]) for i in passes}
        return {i: shelves[i].read(place) for i, place in places.items() if place != ABSENT}

    def add(self, number: int, fresh: Mapping[int, Evaluation]) -> None:
        """Keeps evaluations of a job, and writes what has gathered from time to time."""
        job = self._jobs[number]
        for i, evaluation in fresh.items():
            self._shelves[job.metric][i].add(job.key, evaluation)
        if time.monotonic() - self._last_flush > _SECONDS_BETWEEN_PARTS:
            self.flush()

    def flush(self) -> None:
        """Writes what has gathered."""
        for shelves in self._shelves.values():
            for shelf in shelves:
                shelf.flush()
        self._last_flush = time.monotonic()


def _shelf(store: Store, pass_: Pass, space: SearchSpace, minibatch: Minibatch) -> Shelf:
    if not store.keeps:
        return store.shelf({})
    identity: dict[str, Any] = {
        "metric": pass_.metric,
        "pass": dict(pass_.settings),
        "engine": dict(pass_.engine),
        "minibatch": {"dataset": minibatch.dataset, "hash": minibatch.content_hash},
        "space": {"name": space.name, "num_classes": space.num_classes},
        "code": code_versions(type(space).__module__, *pass_.code),
    }
    if pass_.uses_labels and minibatch.labels_hash is not None:
        identity["minibatch"]["labels"] = minibatch.labels_hash
    return store.shelf(identity)
