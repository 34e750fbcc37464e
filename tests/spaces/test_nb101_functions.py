"""Which cells of NAS-Bench-101 are one function: the keys against hashes of whole networks."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from epsilon_research.collapse import canonical_hash, lower
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.spaces.nb101 import NasBench101

SPACE = NasBench101()


def classes(keys: Sequence[Hashable]) -> set[tuple[int, ...]]:
    """The places in `keys` of each distinct key."""
    found: dict[Hashable, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        found[key].append(place)
    return set(map(tuple, found.values()))


def network_hash(architecture_id: str) -> str:
    return canonical_hash(lower(SPACE.program(architecture_id, num_outputs=1), height=32, width=32))


def with_equals(count: int, rng: np.random.Generator) -> list[str]:
    """Random cells, and all others that the keys say are the same function as one of some."""
    ids = SPACE.architecture_ids
    shared = [group for group in classes(SPACE.function_keys(ids)) if len(group) > 1]
    chosen = [sorted(shared)[int(place)] for place in rng.choice(len(shared), count, replace=False)]
    return sorted({ids[place] for group in chosen for place in group} | set(SPACE.sample(200, rng)))


def test_the_space_has_387080_functions() -> None:
    assert len(set(SPACE.function_keys(SPACE.architecture_ids))) == 387_080


def test_keys_tell_functions_apart_as_hashes_of_the_networks_do() -> None:
    small = SPACE.architecture_ids[:400]
    for ids in (small, with_equals(60, np.random.default_rng(0))):
        hashes = [network_hash(architecture_id) for architecture_id in ids]
        assert classes(SPACE.function_keys(ids)) == classes(hashes)
        assert len(set(hashes)) < len(ids)


def test_a_vertex_computed_twice_is_a_vertex_used_twice() -> None:
    ids = ["101101100100101-c3-mp-c3-c1", "110110001001000100101-c3-c3-mp-c3-c1"]
    assert len(set(SPACE.function_keys(ids))) == 1
    images = np.random.default_rng(1).normal(size=(2, 3, 8, 8)).astype(np.float32)
    session = ReferenceEngine(dtype="float64").open(images)
    one, other = [
        session.outputs(SPACE.program(architecture_id, num_outputs=1), [0.1])[0].values
        for architecture_id in ids
    ]
    np.testing.assert_allclose(one, other, rtol=1e-9)
