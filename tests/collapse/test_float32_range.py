"""What the published float32 code would have had a score for: counts that are known exactly."""

import numpy as np
import pytest

from epsilon_research.collapse import Plan, Workspace, canonical_hash, lower
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.metrics import epsilon_score
from epsilon_research.spaces.nb201 import NasBench201, official_order, to_architecture_id

SPACE = NasBench201()
# Magnitudes decide, not the images: a small minibatch is enough.
IMAGES = np.random.default_rng(0).normal(size=(16, 3, 32, 32)).astype(np.float32)


# The fixtures take most of the time: one worker should make them once.
pytestmark = pytest.mark.xdist_group("float32_range")


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    """One plan per function of the space."""
    found = {}
    for architecture_id in official_order():
        key = canonical_hash(lower(SPACE.core_program(architecture_id), height=32, width=32))
        if key not in found:
            program = SPACE.program(architecture_id, num_outputs=1)
            found[key] = lower(program, height=32, width=32)
    return found


@pytest.fixture(scope="module")
def keys() -> list[str]:
    """The function of each architecture, in official order."""
    return [
        canonical_hash(lower(SPACE.core_program(architecture_id), height=32, width=32))
        for architecture_id in official_order()
    ]


WEIGHTS = (1e-7, 1e-5, 1e-4, 1e-3, 1e-2, 1.0)


@pytest.fixture(scope="module")
def defined(plans: dict[str, Plan]) -> dict[str, list[bool]]:
    """For each function and weight, whether float32 keeps an output."""
    workspace = Workspace(IMAGES)
    return {
        key: [out.float32_defined for out in workspace.run(plan, weights=WEIGHTS)]
        if plan.connected
        else [False] * len(WEIGHTS)
        for key, plan in plans.items()
    }


def test_the_counts_are_the_published_ones(keys: list[str], defined: dict[str, list[bool]]) -> None:
    table = np.array([defined[key] for key in keys])
    first = table[:5000]
    expected = {1e-7: 2957, 1e-5: 2957, 1e-4: 2957, 1e-3: 4802, 1e-2: 4907, 1.0: 4907}
    assert {w: int(first[:, i].sum()) for i, w in enumerate(WEIGHTS)} == expected
    # A pair has a score where both of its weights have an output.
    for low in range(len(WEIGHTS)):
        for high in range(low + 1, len(WEIGHTS)):
            both = int((first[:, low] & first[:, high]).sum())
            assert both == expected[WEIGHTS[low]], (WEIGHTS[low], WEIGHTS[high])
    assert int((table[:, 0] & table[:, -1]).sum()) == 9226


def test_every_connected_architecture_has_a_score(plans: dict[str, Plan]) -> None:
    workspace = Workspace(IMAGES)
    connected = [plan for plan in plans.values() if plan.connected]
    assert len(connected) == 4929
    rng = np.random.default_rng(1)
    pairs = ([1e-30, 1e30], [1e-30, 1e-29], [1e29, 1e30], [1e-7, 1.0])
    for index in rng.choice(len(connected), size=400, replace=False):
        for pair in pairs:
            low, high = workspace.run(connected[index], weights=pair)
            assert np.isfinite(epsilon_score(low.values, high.values)), (index, pair)


def test_float32_is_defined_where_a_path_has_no_convolution(
    keys: list[str], defined: dict[str, list[bool]]
) -> None:
    def has_free_path(architecture_id: str) -> bool:
        free = {"skip_connect", "avg_pool_3x3"}
        reached = {0}
        for target, node in enumerate(architecture_id.split("+"), start=1):
            for edge in node.strip("|").split("|"):
                operation, source = edge.split("~")
                if operation in free and int(source) in reached:
                    reached.add(target)
        return 3 in reached

    for architecture_id, key in zip(official_order(), keys, strict=True):
        assert defined[key][0] == has_free_path(architecture_id), architecture_id


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
