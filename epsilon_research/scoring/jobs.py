"""The distinct scores that a table needs."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from epsilon_research.metrics import Metric
from epsilon_research.scoring.description import Description
from epsilon_research.store.part import KEY_BYTES


class Job(NamedTuple):
    """One score: of which metric and architecture, and which rows of the table get it."""

    metric: str
    architecture_id: str
    key: bytes
    """What the store knows it by: the function, or the architecture where that matters."""
    rows: tuple[int, ...]
    num_parameters: int
    connected: bool


def jobs_of(
    metrics: Mapping[str, Metric], ids: Sequence[str], descriptions: Sequence[Description]
) -> list[Job]:
    """Return a job per distinct function or, for a metric that sees more, per architecture."""
    rows_of: dict[str, list[int]] = {}
    for row, description in enumerate(descriptions):
        rows_of.setdefault(description.canonical_hash, []).append(row)
    jobs = []
    for name, metric in metrics.items():
        if metric.shared_by_function:
            for function, rows in rows_of.items():
                # The first in alphabetical order stands for its class, so that the last digits do
                # not depend on the order in which architectures are asked for.
                first = min(rows, key=lambda row: ids[row])
                jobs.append(_job(name, ids[first], function, tuple(rows), descriptions[first]))
        else:
            for row, (id_, description) in enumerate(zip(ids, descriptions, strict=True)):
                key = id_ if description.network_hash is None else description.network_hash
                jobs.append(_job(name, id_, key, (row,), description))
    return jobs


def _job(
    metric: str, architecture_id: str, key: str, rows: tuple[int, ...], facts: Description
) -> Job:
    digest = blake2b(key.encode(), digest_size=KEY_BYTES).digest()
    return Job(metric, architecture_id, digest, rows, facts.num_parameters, facts.connected)
