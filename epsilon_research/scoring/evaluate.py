"""What worker processes do: evaluate chunks of jobs."""

import re
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from epsilon_research.data import Minibatch
from epsilon_research.metrics import Candidate, Evaluator, Metric
from epsilon_research.programs import AnyProgram
from epsilon_research.scoring.jobs import Job
from epsilon_research.spaces import SearchSpace
from epsilon_research.store import Evaluation

_NO_ROOM = re.compile(r"can't allocate memory|out of memory", re.IGNORECASE)
"""What PyTorch's `RuntimeError` says on the processor and on a graphics card."""

_SECONDS_PER_CHUNK = 1.0
"""After which a chunk comes back, done or not: what it holds is lost if the run is killed."""


class Order(NamedTuple):
    """A job, its number, and the passes that are to be computed."""

    number: int
    job: Job
    passes: tuple[int, ...]


class Delivery(NamedTuple):
    """The evaluations of an order, one for each pass."""

    number: int
    passes: tuple[int, ...]
    evaluations: list[Evaluation]


class NoRoom(NamedTuple):
    """Stands for the delivery of an order that asked for more memory than there was."""

    order: Order
    reason: str


class Evaluate:
    """The function that an executor spreads; pickled without what it makes for itself."""

    def __init__(
        self, *, space: SearchSpace, metrics: Mapping[str, Metric], minibatch: Minibatch
    ) -> None:
        self._space = space
        self._metrics = metrics
        self._minibatch = minibatch
        self._evaluators: dict[str, Evaluator] = {}

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_evaluators": {}}

    def __call__(self, orders: Sequence[Order]) -> list[Delivery | NoRoom | Order]:
        """The evaluations of a chunk of orders, and the orders that there was no time for."""
        limit = time.monotonic() + _SECONDS_PER_CHUNK
        done: list[Delivery | NoRoom | Order] = []
        while len(done) < len(orders) and (not done or time.monotonic() < limit):
            done.append(self._try(orders[len(done)]))
        return [*done, *orders[len(done) :]]

    def _try(self, order: Order) -> Delivery | NoRoom:
        try:
            return self._deliver(*order)
        except (MemoryError, RuntimeError) as error:
            reason = str(error) or type(error).__name__
            if isinstance(error, RuntimeError) and not _NO_ROOM.search(reason):
                raise
        # What it had made for itself may be what takes the room.
        self._evaluators.clear()
        return NoRoom(order, " ".join(reason.split())[:160])

    def _deliver(self, number: int, job: Job, passes: tuple[int, ...]) -> Delivery:
        if job.metric not in self._evaluators:
            # Kept for the next chunk: to open a session takes as long as some architectures.
            self._evaluators[job.metric] = self._metrics[job.metric].evaluator(self._minibatch)
        candidate = Candidate(
            build=partial(_program, self._space, job.architecture_id),
            num_classes=self._space.num_classes,
            num_parameters=job.num_parameters,
            connected=job.connected,
            architecture_id=job.architecture_id,
        )
        return Delivery(number, passes, self._evaluators[job.metric](candidate, passes))


def _program(space: SearchSpace, architecture_id: str, num_outputs: int) -> AnyProgram:
    return space.program(architecture_id, num_outputs=num_outputs)
