"""What is known of an architecture without running it."""

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b
from typing import NamedTuple

from epsilon_research.collapse import AnyPlan, canonical_hash, lower
from epsilon_research.executors import Executor, Lost
from epsilon_research.programs import (
    AnyProgram,
    Program,
    count_convolutions,
    count_parameters,
)
from epsilon_research.spaces import SearchSpace

_PER_CHUNK = 512


class Description(NamedTuple):
    """Whether an architecture is connected, which function it is, what it weighs."""

    connected: bool
    canonical_hash: str
    num_parameters: int
    num_convolutions: int | None
    """None where nobody has looked at the network itself."""
    network_hash: str | None = None
    """Of the network's layers, where the space's ids do not fix them."""


def describe(
    space: SearchSpace,
    ids: Sequence[str],
    *,
    input_shape: tuple[int, ...],
    executor: Executor,
    advance: Callable[[int], None],
) -> list[Description]:
    """Return the descriptions of `ids`, in the same order.

    Args:
        space: Gives the programs; one that knows keys and counts without them is asked for these.
        ids: Architecture ids.
        input_shape: Of the minibatch: (batch, channels, height, width) of images.
        executor: Spreads the work.
        advance: Called with how many more are done.

    Raises:
        ChildProcessError: A worker process died twice of the same architectures.
    """
    known = _known(space, ids)
    if known is not None:
        advance(len(ids))
        return known
    function = partial(_describe_chunk, space, input_shape)
    starts = range(0, len(ids), _PER_CHUNK)
    chunks = ((start, ids[start : start + _PER_CHUNK]) for start in starts)
    found: list[Description | None] = [None] * len(ids)
    for result in executor.map(function, chunks):
        if isinstance(result, Lost):
            raise ChildProcessError(
                f"worker processes must survive reading {len(result.task[1])} architectures from "
                f"{result.task[1][0]} on, but one died twice: is there enough memory?"
            )
        start, descriptions = result
        found[start : start + len(descriptions)] = descriptions
        advance(len(descriptions))
    return [description for description in found if description is not None]


def _known(space: SearchSpace, ids: Sequence[str]) -> list[Description] | None:
    keys, counts = space.function_keys(ids), space.count_parameters(ids)
    if keys is None or counts is None:
        return None
    return [
        Description(connected=True, canonical_hash=key, num_parameters=count, num_convolutions=None)
        for key, count in zip(keys, counts.tolist(), strict=True)
    ]


def _describe_chunk(
    space: SearchSpace, input_shape: tuple[int, ...], chunk: tuple[int, Sequence[str]]
) -> tuple[int, list[Description]]:
    start, ids = chunk
    parameters, convolutions = space.count_parameters(ids), space.count_convolutions(ids)
    if parameters is None or convolutions is None or not space.ids_fix_networks:
        return start, [_describe(space, id_, input_shape) for id_ in ids]
    cores = [_lowered_core(space, id_, input_shape) for id_ in ids]
    counts = parameters.tolist(), convolutions.tolist()
    return start, [
        Description(plan.connected, canonical_hash(plan), *numbers)
        for plan, *numbers in zip(cores, *counts, strict=True)
    ]


def _describe(
    space: SearchSpace, architecture_id: str, input_shape: tuple[int, ...]
) -> Description:
    plan = _lowered_core(space, architecture_id, input_shape)
    network = space.program(architecture_id, num_outputs=space.num_classes)
    return Description(
        plan.connected,
        canonical_hash(plan),
        count_parameters(network),
        count_convolutions(network) if isinstance(network, Program) else None,
        None if space.ids_fix_networks else _network_hash(network),
    )


def _lowered_core(
    space: SearchSpace, architecture_id: str, input_shape: tuple[int, ...]
) -> AnyPlan:
    height, width = input_shape[-2:]
    return lower(space.core_program(architecture_id), height=height, width=width)


def _network_hash(network: AnyProgram) -> str:
    return blake2b(repr(network).encode(), digest_size=16).hexdigest()
