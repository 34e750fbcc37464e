"""What weight rules look at: a few architectures, and their normalised outputs at many weights."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np

from epsilon_research.metrics import Epsilon
from epsilon_research.scoring import Description, Evaluated, Scoring
from epsilon_research.store import Evaluation

_LOOKED_AT = 4
"""Architectures described at a time for each one wanted: most are connected and distinct."""


def draw_functions(
    scoring: Scoring, *, count: int, rng: np.random.Generator
) -> tuple[list[str], list[Description]]:
    """Return ids and descriptions of `count` connected architectures of distinct function.

    They are drawn from the whole space of `scoring`, and in that order; all that there are if they
    are fewer.
    """
    pool = scoring.space.architecture_ids
    order = rng.permutation(len(pool))
    found: dict[str, tuple[str, Description]] = {}
    for start in range(0, len(pool), _LOOKED_AT * count):
        places = order[start : start + _LOOKED_AT * count]
        ids = [pool[int(place)] for place in places]
        for id_, facts in zip(ids, scoring.describe(ids), strict=True):
            if facts.connected and len(found) < count:
                found.setdefault(facts.canonical_hash, (id_, facts))
        if len(found) == count:
            break
    return [id_ for id_, _ in found.values()], [facts for _, facts in found.values()]


def sample_record(ids: Sequence[str], *, pool_size: int) -> dict[str, Any]:
    """Return how many architectures were looked at, of how many, and which, as a hash of ids."""
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
    """Return the evaluation of each architecture at each weight, [architectures][weights].

    Each weight is one forward pass, read from the store if it is there and kept in it if not: the
    very passes that a run at these weights needs. `metric` gives engine and normalisation; an
    architecture may be among `ids` more than once; weights are distinct, at least two.

    Raises:
        ChildProcessError: A worker process died twice of an architecture, or had no memory for it.
        OSError: The store cannot be written.
    """
    part = replace(scoring, metrics=_pairwise(metric, weights))
    rows: list[dict[float, Evaluation]] = [{} for _ in ids]

    def take(found: Evaluated) -> None:
        if found.failure is not None:
            raise ChildProcessError(
                f"worker processes must survive a forward pass of {found.job.architecture_id}, got "
                f"{found.failure}: pass executor.processes=1 or a smaller batch_size"
            )
        pair = part.metrics[found.job.metric].settings["weights"]
        for row in found.job.rows:
            rows[row].update({weight: found.evaluations[i] for i, weight in enumerate(pair)})

    part.evaluate(part.plan(ids, descriptions), take)
    return [[by_weight[weight] for weight in weights] for by_weight in rows]


def _pairwise(metric: Epsilon, weights: Sequence[float]) -> dict[str, Epsilon]:
    """Epsilons that have all these weights among them; of an odd number, one weight twice.

    In the engine's first precision: which constants suit is not a question of the last digits.
    """
    metric = replace(metric, engine=metric.engine.precisions[0])
    starts = [min(start, len(weights) - 2) for start in range(0, len(weights), 2)]
    return {str(start): replace(metric, weights=weights[start : start + 2]) for start in starts}
