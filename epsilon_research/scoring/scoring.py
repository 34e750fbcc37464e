"""Scores of many architectures: from the store what is there, by an executor what is not.

Neither the chunks nor the order in which they come back changes a number.
"""

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol, runtime_checkable
from uuid import uuid4

import pandas as pd

from epsilon_research.data import Minibatch
from epsilon_research.executors import Executor, Lost
from epsilon_research.metrics import Metric, Score
from epsilon_research.scoring.description import Description, describe
from epsilon_research.scoring.evaluate import Delivery, Evaluate, NoRoom, Order
from epsilon_research.scoring.jobs import Job, jobs_of
from epsilon_research.scoring.shelves import Shelves
from epsilon_research.scoring.table import ScoreTable
from epsilon_research.spaces import SearchSpace
from epsilon_research.store import Evaluation, NoStore, Store

WORKER_DIED = "worker_died"
"""Failure: the process that computed it died, twice."""
OUT_OF_MEMORY = "out_of_memory"
"""Failure: it needs more memory than there was."""
NOT_REACHED = "not_reached"
"""Failure: the run was interrupted before."""

logger = logging.getLogger(__name__)


@runtime_checkable
class Advance(Protocol):
    """Told what more is done: scores, how many of them were read, how many are undefined."""

    def __call__(self, done: int, *, from_store: int = 0, failed: int = 0) -> None:
        """Takes note."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringResult:
    """The table of scores (see `ScoreTable`) and what it took to make it."""

    frame: pd.DataFrame
    num_computed: int
    """Evaluations computed: forward passes for epsilon, values of other metrics."""
    num_from_store: int
    """Evaluations that the store had."""
    num_distinct: int
    """Distinct functions."""
    lost: tuple[str, ...]
    """Architectures whose worker process died twice, or ran out of memory."""
    interrupted: bool
    """Whether it was stopped from the keyboard; the table is then incomplete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """Scores architectures with several metrics on one minibatch.

    Args:
        space: Gives the networks.
        metrics: By the name of their column.
        minibatch: What the networks see.
        executor: Spreads the work.
        store: Has what was computed before, and keeps what is computed now.
    """

    space: SearchSpace
    metrics: Mapping[str, Metric]
    minibatch: Minibatch
    executor: Executor
    store: Store = field(default_factory=NoStore)

    def describe(self, ids: Sequence[str], *, advance: Advance) -> list[Description]:
        """Descriptions of `ids`, in the same order."""
        return describe(
            self.space,
            ids,
            input_shape=self.minibatch.inputs.shape,
            executor=self.executor,
            advance=advance,
        )

    def plan(self, ids: Sequence[str], descriptions: Sequence[Description]) -> list[Job]:
        """The scores that the table needs."""
        return jobs_of(self.metrics, ids, descriptions)

    def score(
        self,
        ids: Sequence[str],
        descriptions: Sequence[Description],
        *,
        advance: Advance,
    ) -> ScoringResult:
        """The table of scores of `ids`.

        Raises:
            OSError: The store cannot be written; what was written before is kept.
        """
        jobs = self.plan(ids, descriptions)
        table = ScoreTable(ids, descriptions, metrics=self.metrics, failure=NOT_REACHED)
        course = _Course(self, jobs, table, advance)
        interrupted = False
        try:
            course.run()
        except KeyboardInterrupt:
            interrupted = True
        finally:
            course.shelves.flush()
        return ScoringResult(
            frame=table.frame(),
            num_computed=course.num_computed,
            num_from_store=course.num_from_store,
            num_distinct=len({d.canonical_hash for d in descriptions}),
            lost=tuple(course.lost),
            interrupted=interrupted,
        )


class _Course:
    """One pass of a scoring through its jobs; counts as it goes."""

    def __init__(
        self, scoring: Scoring, jobs: Sequence[Job], table: ScoreTable, advance: Advance
    ) -> None:
        self._scoring = scoring
        self._jobs = jobs
        self._table = table
        self._advance = advance
        self.shelves = Shelves(
            scoring.store,
            metrics=scoring.metrics,
            space=scoring.space,
            minibatch=scoring.minibatch,
            jobs=jobs,
        )
        self.num_computed = 0
        self.num_from_store = 0
        self.lost: list[str] = []

    def run(self) -> None:
        """Does all jobs."""
        scoring = self._scoring
        evaluate = Evaluate(
            space=scoring.space, metrics=scoring.metrics, minibatch=scoring.minibatch
        )
        for result in scoring.executor.map(evaluate, self._orders()):
            if isinstance(result, Lost):
                self._give_up(result.task, failure=WORKER_DIED)
                names = ", ".join(order.job.architecture_id for order in result.task)
                logger.error("a worker process died twice while it scored one of these: %s", names)
            else:
                for delivery in result:
                    self._take(delivery)

    def _take(self, delivery: Delivery | NoRoom) -> None:
        if not isinstance(delivery, NoRoom):
            self._accept(delivery)
            return
        job = delivery.order.job
        self._give_up([delivery.order], failure=OUT_OF_MEMORY)
        logger.error(
            "%s of %s needs more memory than there is: %s",
            job.metric, job.architecture_id, delivery.reason,
        )  # fmt: skip

    def _orders(self) -> Iterator[list[Order]]:
        """Chunks of what is missing; jobs that the store has are done on the way."""
        for chunk in self._chunks():
            # Before each chunk: another run may have done it meanwhile.
            self.shelves.refresh()
            orders = []
            for number in chunk:
                missing = self.shelves.missing(number)
                if missing:
                    orders.append(Order(number, self._jobs[number], missing))
                else:
                    self._finish(number, {})
            if orders:
                yield orders

    def _chunks(self) -> list[Sequence[int]]:
        chunks: list[Sequence[int]] = []
        numbers = range(len(self._jobs))
        for name, group in groupby(numbers, key=lambda number: self._jobs[number].metric):
            own = list(group)
            size = self._scoring.metrics[name].candidates_per_chunk
            chunks += [own[start : start + size] for start in range(0, len(own), size)]
        if self._scoring.store.keeps and chunks:
            # Somewhere else each time, so that two runs of one command share the work instead of
            # doing the same thing side by side.
            start = uuid4().int % len(chunks)
            chunks = chunks[start:] + chunks[:start]
        return chunks

    def _accept(self, delivery: Delivery) -> None:
        fresh = dict(zip(delivery.passes, delivery.evaluations, strict=True))
        self.num_computed += len(fresh)
        self.shelves.add(delivery.number, fresh)
        self._finish(delivery.number, fresh)

    def _finish(self, number: int, fresh: Mapping[int, Evaluation]) -> None:
        job = self._jobs[number]
        evaluations = self.shelves.complete(number, fresh)
        self.num_from_store += len(evaluations) - len(fresh)
        score = self._scoring.metrics[job.metric].score(evaluations)
        self._table.write(job, score, seconds=sum(e.seconds for e in evaluations))
        self._advance(1, from_store=int(not fresh), failed=int(score.failure is not None))

    def _give_up(self, orders: Sequence[Order], *, failure: str) -> None:
        for order in orders:
            job = order.job
            self.lost.append(job.architecture_id)
            score = Score(value=math.nan, failure=failure)
            self._table.write(job, score, seconds=math.nan)
            self._advance(1, failed=1)
