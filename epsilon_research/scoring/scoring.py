"""Scores of many architectures: from the store what is there, by an executor what is not.

Neither the chunks nor the order in which they come back changes a number.
"""

import logging
import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple, Protocol, runtime_checkable
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
"""Failure: the process that computed it died, also when it was tried alone."""
OUT_OF_MEMORY = "out_of_memory"
"""Failure: it needs more memory than there was."""
NOT_REACHED = "not_reached"
"""Failure: the run was interrupted before."""

logger = logging.getLogger(__name__)


@runtime_checkable
class Advance(Protocol):
    """Callback for progress: scores done, how many of them were read, how many are undefined."""

    def __call__(self, done: int, *, from_store: int = 0, failed: int = 0) -> None:
        """Count `done` more."""
        ...


def no_progress(done: int, *, from_store: int = 0, failed: int = 0) -> None:
    """An `Advance` that ignores what is done."""


class Evaluated(NamedTuple):
    """The evaluations that make the score of one job, or the reason why there are none."""

    job: Job
    evaluations: Mapping[int, Evaluation]
    """By the number of their pass."""
    num_computed: int = 0
    """Evaluations that were computed, not read from the store."""
    failure: str | None = None
    """`WORKER_DIED` or `OUT_OF_MEMORY`; `evaluations` is then empty."""


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
    """Architectures whose worker process died, also alone, or ran out of memory."""
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

    Raises:
        ValueError: The space's networks are written for images of another size.
    """

    space: SearchSpace
    metrics: Mapping[str, Metric]
    minibatch: Minibatch
    executor: Executor
    store: Store = field(default_factory=NoStore)

    def __post_init__(self) -> None:
        side = self.space.only_image_size
        if side is None:
            return
        height, width = self.minibatch.inputs.shape[-2:]
        if (height, width) != (side, side):
            raise ValueError(
                f"the images must be {side} × {side} pixels for search_space={self.space.name}, "
                f"got {height} × {width} ({self.minibatch.dataset}): choose another dataset=..., "
                "or change the image_size of the space"
            )

    def describe(self, ids: Sequence[str], *, advance: Advance = no_progress) -> list[Description]:
        """Return the descriptions of `ids`, in the same order."""
        return describe(
            self.space,
            ids,
            input_shape=self.minibatch.inputs.shape,
            executor=self.executor,
            advance=advance,
        )

    def plan(self, ids: Sequence[str], descriptions: Sequence[Description]) -> list[Job]:
        """Return the distinct scores that a table of `ids` needs."""
        return jobs_of(self.metrics, ids, descriptions)

    def evaluate(self, jobs: Sequence[Job], take: Callable[[Evaluated], None]) -> None:
        """Call `take` with the evaluations of each job, in any order: read from the store or new.

        What was computed is in the store afterwards, also after an interruption.

        Raises:
            OSError: The store cannot be written; what was written before is kept.
        """
        loop = _ScoringLoop(self, jobs, take)
        try:
            loop.run()
        finally:
            loop.shelves.flush()

    def score(
        self,
        ids: Sequence[str],
        descriptions: Sequence[Description],
        *,
        jobs: Sequence[Job] | None = None,
        advance: Advance = no_progress,
    ) -> ScoringResult:
        """Return the table of scores of `ids`.

        Args:
            ids: Architecture ids.
            descriptions: Those of `ids`, in the same order.
            jobs: The result of `plan`, where the caller has it already.
            advance: Called after each job.

        Raises:
            OSError: The store cannot be written; what was written before is kept.
        """
        jobs = self.plan(ids, descriptions) if jobs is None else jobs
        table = ScoreTable(ids, descriptions, metrics=self.metrics, failure=NOT_REACHED)
        evaluations: Counter[str] = Counter()
        lost: list[str] = []

        def take(found: Evaluated) -> None:
            evaluations["computed"] += found.num_computed
            evaluations["all"] += len(found.evaluations)
            if found.failure is not None:
                lost.append(found.job.architecture_id)
            self._write(found, table, advance)

        interrupted = False
        try:
            self.evaluate(jobs, take)
        except KeyboardInterrupt:
            interrupted = True
        return ScoringResult(
            frame=table.frame(),
            num_computed=evaluations["computed"],
            num_from_store=evaluations["all"] - evaluations["computed"],
            num_distinct=len({d.canonical_hash for d in descriptions}),
            lost=tuple(lost),
            interrupted=interrupted,
        )

    def score_table(self, ids: Sequence[str]) -> pd.DataFrame:
        """Return the table of scores of `ids`, without progress.

        Raises:
            KeyboardInterrupt: It was interrupted, so that scores are missing.
            OSError: The store cannot be written.
        """
        result = self.score(ids, self.describe(ids))
        if result.interrupted:
            raise KeyboardInterrupt
        return result.frame

    def _write(self, found: Evaluated, table: ScoreTable, advance: Advance) -> None:
        if found.failure is None:
            score = self.metrics[found.job.metric].score(found.evaluations)
            seconds = sum(evaluation.seconds for evaluation in found.evaluations.values())
            was_read = found.num_computed == 0
        else:
            score, seconds = Score(value=math.nan, failure=found.failure), math.nan
            was_read = False
        table.write(found.job, score, seconds=seconds)
        advance(1, from_store=int(was_read), failed=int(score.failure is not None))


class _ScoringLoop:
    """One pass through jobs: hands out what the store does not have, and takes what comes back."""

    def __init__(
        self, scoring: Scoring, jobs: Sequence[Job], take: Callable[[Evaluated], None]
    ) -> None:
        self._scoring = scoring
        self._jobs = jobs
        self._take = take
        self.shelves = Shelves(
            scoring.store,
            metrics=scoring.metrics,
            space=scoring.space,
            minibatch=scoring.minibatch,
            jobs=jobs,
        )
        self._held: dict[int, tuple[dict[int, Evaluation], int]] = {}
        """Of jobs that wait for evaluations: those at hand, and how many were computed."""
        self._unfinished: deque[Order] = deque()
        """What evaluations that came back made their metric want, e.g. a finer precision."""
        self._late: deque[Order] = deque()
        """What a chunk had no time for, or did not survive."""

    def run(self) -> None:
        """Call `take` once for each job."""
        scoring = self._scoring
        evaluate = Evaluate(
            space=scoring.space, metrics=scoring.metrics, minibatch=scoring.minibatch
        )
        chunks = self._orders()
        while True:
            for result in scoring.executor.map(evaluate, chunks):
                if isinstance(result, Lost):
                    self._lose(result.task)
                else:
                    for delivery in result:
                        self._accept(delivery)
            # What came back last found no later chunk to be handed out with.
            if not (self._late or self._unfinished):
                return
            chunks = self._follow_ups()

    def _lose(self, orders: Sequence[Order]) -> None:
        """Try each order of a chunk that killed its process by itself; report one that was."""
        if len(orders) > 1:
            self._late.extend(orders)
            return
        (order,) = orders
        name = order.job.architecture_id
        logger.error("a worker process died again and again while it scored %s", name)
        self._take(Evaluated(order.job, {}, failure=WORKER_DIED))

    def _accept(self, delivery: Delivery | NoRoom | Order) -> None:
        if isinstance(delivery, Order):
            self._late.append(delivery)
        elif isinstance(delivery, NoRoom):
            job = delivery.order.job
            logger.error(
                "%s of %s needs more memory than there is: %s",
                job.metric, job.architecture_id, delivery.reason,
            )  # fmt: skip
            self._take(Evaluated(job, {}, failure=OUT_OF_MEMORY))
        else:
            fresh = dict(zip(delivery.passes, delivery.evaluations, strict=True))
            self.shelves.add(delivery.number, fresh)
            more = self._proceed(delivery.number, fresh)
            if more is not None:
                self._unfinished.append(more)

    def _proceed(self, number: int, fresh: Mapping[int, Evaluation]) -> Order | None:
        """Finish a job if its evaluations and those of the store suffice, else order what lacks.

        Args:
            number: Of the job.
            fresh: Evaluations that were computed just now.
        """
        job = self._jobs[number]
        metric = self._scoring.metrics[job.metric]
        evaluations, num_computed = self._held.pop(number, ({}, 0))
        evaluations.update(fresh)
        num_computed += len(fresh)
        while wanted := metric.wanted(evaluations):
            stored = self.shelves.stored(number, wanted)
            evaluations.update(stored)
            missing = tuple([i for i in wanted if i not in stored])
            if missing:
                self._held[number] = evaluations, num_computed
                return Order(number, job, missing)
        self._take(Evaluated(job, evaluations, num_computed))
        return None

    def _orders(self) -> Iterator[list[Order]]:
        """Chunks of what is missing; jobs that the store has are done on the way."""
        for chunk in self._chunks():
            yield from self._follow_ups()
            # Before each chunk: another run may have done it meanwhile.
            self.shelves.refresh()
            orders = [order for number in chunk if (order := self._proceed(number, {})) is not None]
            if orders:
                yield orders

    def _follow_ups(self) -> Iterator[list[Order]]:
        """Chunks of what is late, one by one, since it is slow; others as their metric has them."""
        while self._late:
            yield [self._late.popleft()]
        while self._unfinished:
            size = self._scoring.metrics[self._unfinished[0].job.metric].candidates_per_chunk
            yield [self._unfinished.popleft() for _ in range(min(size, len(self._unfinished)))]

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
