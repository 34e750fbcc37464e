"""What weight rules look at: a few architectures, and their normalised outputs at many weights."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np

from epsilon_research.executors import Lost
from epsilon_research.metrics import Epsilon
from epsilon_research.scoring import Description, Scoring
from epsilon_research.scoring.evaluate import Delivery, Evaluate, NoRoom, Order
from epsilon_research.scoring.jobs import Job
from epsilon_research.scoring.shelves import Shelves
from epsilon_research.stages.engine_comparison import say_nothing
from epsilon_research.store import Evaluation

_LOOKED_AT = 4
"""Architectures described at a time for each one wanted: most are connected and distinct."""


def draw_functions(
    scoring: Scoring, *, count: int, rng: np.random.Generator
) -> tuple[list[str], list[Description]]:
    """`count` connected architectures of distinct function, or all there are, in drawn order.

    Args:
        scoring: Knows the space.
        count: At least 1.
        rng: Draws them from the whole space.

    Returns:
        Ids and their descriptions.
    """
    pool = scoring.space.architecture_ids
    order = rng.permutation(len(pool))
    found: dict[str, tuple[str, Description]] = {}
    for start in range(0, len(pool), _LOOKED_AT * count):
        places = order[start : start + _LOOKED_AT * count]
        ids = [pool[int(place)] for place in places]
        for id_, facts in zip(ids, scoring.describe(ids, advance=say_nothing), strict=True):
            if facts.connected and len(found) < count:
                found.setdefault(facts.canonical_hash, (id_, facts))
        if len(found) == count:
            break
    return [id_ for id_, _ in found.values()], [facts for _, facts in found.values()]


def sample_record(ids: Sequence[str], *, pool_size: int) -> dict[str, Any]:
    """How many architectures were looked at, of how many, and which, as a hash of their ids."""
    digest = blake2b("\n".join(ids).encode(), digest_size=8).hexdigest()
    return {"architectures": len(ids), "of": pool_size, "hash": digest}


def evaluate_weights(
    metric: Epsilon,
    ids: Sequence[str],
    descriptions: Sequence[Description],
    *,
    weights: Sequence[float],
    scoring: Scoring,
) -> list[list[Evaluation]]:
    """What epsilon's pass at each weight gives for each architecture, [architectures][weights].

    Each weight is one forward pass, read from the store if it is there and kept in it if not: the
    very passes that a run at these weights needs.

    Args:
        metric: Gives engine and normalisation.
        ids: Architectures, any of them more than once.
        descriptions: Of `ids`, in the same order.
        weights: Two or more, distinct.
        scoring: Space, minibatch, executor and store.

    Raises:
        ChildProcessError: A worker process died twice of the same architectures.
        OSError: The store cannot be written.
    """
    part = replace(scoring, metrics=_pairwise(metric, weights))
    jobs = part.plan(ids, descriptions)
    found: list[dict[float, Evaluation]] = [{} for _ in ids]
    for job, evaluations in zip(jobs, _computed(part, jobs), strict=True):
        pair = part.metrics[job.metric].settings["weights"]
        for row in job.rows:
            found[row].update(zip(pair, evaluations, strict=True))
    return [[by_weight[weight] for weight in weights] for by_weight in found]


def _pairwise(metric: Epsilon, weights: Sequence[float]) -> dict[str, Epsilon]:
    """Epsilons that have all these weights among them; of an odd number, one weight twice."""
    starts = [min(start, len(weights) - 2) for start in range(0, len(weights), 2)]
    return {str(start): replace(metric, weights=weights[start : start + 2]) for start in starts}


def _computed(scoring: Scoring, jobs: Sequence[Job]) -> list[list[Evaluation]]:
    """The evaluations of all passes of each job."""
    shelves = Shelves(
        scoring.store,
        metrics=scoring.metrics,
        space=scoring.space,
        minibatch=scoring.minibatch,
        jobs=jobs,
    )
    shelves.refresh()
    orders = [Order(number, job, shelves.missing(number)) for number, job in enumerate(jobs)]
    fresh: dict[int, dict[int, Evaluation]] = {number: {} for number in range(len(jobs))}
    try:
        for delivery in _deliveries(scoring, [order for order in orders if order.passes]):
            made = dict(zip(delivery.passes, delivery.evaluations, strict=True))
            fresh[delivery.number] = made
            shelves.add(delivery.number, made)
    finally:
        shelves.flush()
    return [shelves.complete(number, made) for number, made in fresh.items()]


def _deliveries(scoring: Scoring, orders: Sequence[Order]) -> Iterator[Delivery]:
    size = min([metric.candidates_per_chunk for metric in scoring.metrics.values()])
    chunks = (orders[start : start + size] for start in range(0, len(orders), size))
    evaluate = Evaluate(space=scoring.space, metrics=scoring.metrics, minibatch=scoring.minibatch)
    for result in scoring.executor.map(evaluate, chunks):
        if isinstance(result, Lost):
            raise ChildProcessError(
                f"worker processes must survive {len(result.task)} forward passes from "
                f"{result.task[0].job.architecture_id} on, but one died twice: is there enough "
                "memory?"
            )
        for delivery in result:
            if isinstance(delivery, NoRoom):
                raise MemoryError(
                    f"{delivery.order.job.architecture_id} must fit into memory, got "
                    f"{delivery.reason!r}: pass executor.processes=1 or a smaller batch_size"
                )
            yield delivery
