"""What the score store has of a run's jobs, and where new evaluations go."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from threading import RLock, Timer
from typing import Any

import numpy as np

from epsilon_research.data import Minibatch
from epsilon_research.metrics import Metric, Pass
from epsilon_research.scoring.jobs import Job
from epsilon_research.source_digest import code_versions
from epsilon_research.spaces import SearchSpace
from epsilon_research.store import Evaluation, Shelf, Store
from epsilon_research.store.base import ABSENT
from epsilon_research.store.files import PASSING, patiently

_SECONDS_BETWEEN_PARTS = 3.0
"""After which a value is written at the latest; writing a part takes some ten milliseconds."""

_PATIENCE_SECONDS = 60.0
"""How long values may wait in memory for a store that cannot be written."""

logger = logging.getLogger(__name__)


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
        self._lock = RLock()
        self._timer: Timer | None = None
        self._failing_since: float | None = None
        self._failure: OSError | None = None

    def refresh(self) -> None:
        """Looks for what has come into the store since, e.g. from another run."""
        with self._lock:
            for name, shelves in self._shelves.items():
                for number, shelf in enumerate(shelves):
                    shelf.locate(self._numbers[name], self._places[number])

    def stored(self, number: int, passes: Sequence[int]) -> dict[int, Evaluation]:
        """Return the evaluations of a job that the store has, of those passes."""
        with self._lock:
            found = {i: self._stored(number, i) for i in passes}
        return {i: evaluation for i, evaluation in found.items() if evaluation is not None}

    def _stored(self, number: int, i: int) -> Evaluation | None:
        metric, places = self._jobs[number].metric, self._places[i]
        shelf = self._shelves[metric][i]
        for _ in range(2):
            if places[number] == ABSENT:
                break
            evaluation = shelf.read(int(places[number]))
            if evaluation is not None:
                return evaluation
            # Its part has been merged with others, or dropped.
            shelf.locate(self._numbers[metric], places)
        return None

    def add(self, number: int, fresh: Mapping[int, Evaluation]) -> None:
        """Keeps evaluations of a job; what has gathered is written soon after.

        Raises:
            OSError: What was added earlier could not be written for too long.
        """
        job = self._jobs[number]
        with self._lock:
            for i, evaluation in fresh.items():
                self._shelves[job.metric][i].add(job.key, evaluation)
            if self._failure is not None:
                raise self._failure
            self._flush_later()

    def _flush_later(self) -> None:
        """Not at the next result, which may be minutes away."""
        if self._timer is None:
            self._timer = Timer(_SECONDS_BETWEEN_PARTS, self._flush_in_time)
            self._timer.daemon = True
            self._timer.start()

    def _flush_in_time(self) -> None:
        """Runs in a thread of its own."""
        with self._lock:
            self._timer = None
            try:
                for shelf in self._all():
                    shelf.flush()
                self._failing_since = None
            except OSError as error:
                # What a network file system refuses now it may take in a moment.
                now = time.monotonic()
                if self._failing_since is None:
                    self._failing_since = now
                    logger.warning("%s; it is tried again", error.strerror)
                if error.errno in PASSING and now - self._failing_since < _PATIENCE_SECONDS:
                    self._flush_later()
                else:
                    self._failure = error

    def flush(self) -> None:
        """Writes what has gathered.

        Raises:
            OSError: It cannot be written, also when it was tried again.
        """
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            # Each by itself: what is written need not be tried again with the next.
            for shelf in self._all():
                patiently(shelf.flush)

    def _all(self) -> Iterator[Shelf]:
        return chain.from_iterable(self._shelves.values())


def _shelf(store: Store, pass_: Pass, space: SearchSpace, minibatch: Minibatch) -> Shelf:
    if not store.keeps:
        return store.shelf({})
    form = pass_.form
    if pass_.per_output:
        form = replace(form, length=minibatch.num_outputs)
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
    return store.shelf(identity, form=form)
