"""What the published float32 code would have had a score for: counts that are known exactly."""

from itertools import islice
from typing import NamedTuple

import numpy as np
import pytest

from epsilon_research.collapse import Plan, Workspace, canonical_hash, lower
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.metrics import epsilon_score
from epsilon_research.spaces.nb201 import NasBench201, official_order, to_architecture_id

SPACE = NasBench201()
# Magnitudes decide, not the images: a small minibatch is enough.
IMAGES = np.random.default_rng(0).normal(size=(16, 3, 32, 32)).astype(np.float32)


NUM_PUBLISHED = 5000
"""Architectures behind the published counts: the first ones in official order."""

WEIGHTS = (1e-7, 1e-5, 1e-4, 1e-3, 1e-2, 1.0)


class Function(NamedTuple):
    """What an architecture computes; equal ones are one function."""

    key: str
    connected: bool


@pytest.fixture(scope="module")
def functions() -> dict[str, Function]:
    """The function of each architecture of the whole space, in official order."""
    found = {}
    for id_ in official_order():
        core = lower(SPACE.core_program(id_), height=32, width=32)
        found[id_] = Function(canonical_hash(core), core.connected)
    return found


def published(functions: dict[str, Function]) -> dict[str, Function]:
    return dict(islice(functions.items(), NUM_PUBLISHED))


def plan_of(architecture_id: str) -> Plan:
    return lower(SPACE.program(architecture_id, num_outputs=1), height=32, width=32)


@pytest.fixture(scope="module")
def defined(functions: dict[str, Function]) -> dict[Function, list[bool]]:
    """Of the published architectures: at which weights float32 keeps an output."""
    workspace = Workspace(IMAGES)
    found = {}
    for architecture_id, function in published(functions).items():
        if not function.connected:
            found[function] = [False] * len(WEIGHTS)
        elif function not in found:
            outputs = workspace.run(plan_of(architecture_id), weights=WEIGHTS)
            found[function] = [out.float32_defined for out in outputs]
    return found


def has_path_without_convolution(architecture_id: str) -> bool:
    reached = {0}
    for target, node in enumerate(architecture_id.split("+"), start=1):
        for edge in node.strip("|").split("|"):
            operation, source = edge.split("~")
            if operation in {"skip_connect", "avg_pool_3x3"} and int(source) in reached:
                reached.add(target)
    return 3 in reached


def test_the_counts_are_the_published_ones(
    functions: dict[str, Function], defined: dict[Function, list[bool]]
) -> None:
    table = np.array([defined[function] for function in published(functions).values()])
    expected = {1e-7: 2957, 1e-5: 2957, 1e-4: 2957, 1e-3: 4802, 1e-2: 4907, 1.0: 4907}
    assert dict(zip(WEIGHTS, table.sum(axis=0), strict=True)) == expected
    # A pair has a score where both of its weights have an output.
    for low in range(len(WEIGHTS)):
        for high in range(low + 1, len(WEIGHTS)):
            both = int((table[:, low] & table[:, high]).sum())
            assert both == expected[WEIGHTS[low]], (WEIGHTS[low], WEIGHTS[high])


def test_at_1e_7_float32_needs_a_path_without_a_convolution(
    functions: dict[str, Function], defined: dict[Function, list[bool]]
) -> None:
    for architecture_id, function in published(functions).items():
        free = has_path_without_convolution(architecture_id)
        assert defined[function][0] == free, architecture_id
    # So many have a score in float32 of all 15,625.
    assert sum(map(has_path_without_convolution, functions)) == 9226


def test_every_connected_architecture_has_a_score(functions: dict[str, Function]) -> None:
    connected = {one: id_ for id_, one in functions.items() if one.connected}
    assert len(connected) == 4929
    workspace, rng = Workspace(IMAGES), np.random.default_rng(1)
    pairs = ([1e-30, 1e30], [1e-30, 1e-29], [1e29, 1e30], [1e-7, 1.0])
    for architecture_id in rng.choice(list(connected.values()), size=150, replace=False):
        plan = plan_of(architecture_id)
        for pair in pairs:
            low, high = workspace.run(plan, weights=pair)
            assert np.isfinite(epsilon_score(low.values, high.values)), (architecture_id, pair)


@pytest.mark.parametrize("operation", ["skip_connect", "avg_pool_3x3"])
def test_overflow_is_seen_where_the_network_has_it(operation: str) -> None:
    """A sum of squares beyond float32 makes PyTorch's batch norm return zeros."""
    cell = to_architecture_id([operation] * 6)
    program = SPACE.program(cell, num_outputs=1)
    weights = [10.0, 30.0, 100.0, 300.0, 1e3, 1e4, 1e6]
    network = ReferenceEngine().open(IMAGES).outputs(program, weights)
    ours = Workspace(IMAGES).run(lower(program, height=32, width=32), weights=weights)
    assert [o.float32_defined for o in ours] == [n.float32_defined for n in network]
    assert {n.float32_defined for n in network} == {True, False}
    # The exact score exists all the same.
    assert epsilon_score(ours[0].values, ours[-1].values) > 0
