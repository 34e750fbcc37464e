"""MD5 against hashlib, and the published keys against the plain iteration."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epsilon_research.spaces.nb101 import NasBench101
from epsilon_research.spaces.nb101_md5 import LANES, md5
from epsilon_research.spaces.nb101_text import to_cell

SPACE = NasBench101()


@pytest.fixture(scope="module")
def whole_space_keys() -> list[str]:
    return SPACE.published_keys(SPACE.architecture_ids)


# Whoever runs first compiles the kernels, which takes seconds.
@settings(deadline=None)
@given(st.integers(0, 311).flatmap(lambda length: st.lists(
    st.binary(min_size=length, max_size=length), min_size=LANES, max_size=LANES)))  # fmt: skip
def test_the_compiled_md5_is_the_standard_one(messages: list[bytes]) -> None:
    length = len(messages[0])
    padded = [message + b"\x80" + bytes(319 - length) for message in messages]
    words = np.frombuffer(b"".join(padded), "<u4").astype(np.uint32).reshape(LANES, 80).T.copy()
    state = np.zeros((4, LANES), np.uint32)
    md5(words, length, state, np.zeros_like(state))
    for lane, message in enumerate(messages):
        assert state[:, lane].astype("<u4").tobytes() == hashlib.md5(message).digest()


def plain_key(architecture_id: str) -> str:
    """The published iteration, line by line."""
    cell = to_cell(architecture_id)
    span = range(cell.num_vertices)
    fed_by = [cell.sources(v) for v in span]
    feeds = [[w for w in span if v in fed_by[w]] for v in span]
    labels = [-1, *cell.labels, -2]

    def digest(value: object) -> str:
        return hashlib.md5(str(value).encode()).hexdigest()

    hashes = [digest((len(feeds[v]), len(fed_by[v]), labels[v])) for v in span]
    for _ in span:
        sides = [
            ["".join(sorted(hashes[w] for w in side)) for side in (fed_by[v], feeds[v])]
            for v in span
        ]
        hashes = [digest("|".join([*sides[v], hashes[v]])) for v in span]
    return digest(sorted(hashes))


def test_keys_are_those_of_the_plain_iteration() -> None:
    small = SPACE.architecture_ids[:120]
    ids = [*small, *SPACE.sample(120, np.random.default_rng(0))]
    assert SPACE.published_keys(ids) == [plain_key(architecture_id) for architecture_id in ids]


def test_the_key_of_two_vertices_is_the_published_one() -> None:
    assert SPACE.published_keys(["1"]) == ["043721b9c7fe8c5fad811d47d83132ec"]


def test_the_keys_of_the_whole_space_are_the_published_ones(whole_space_keys: list[str]) -> None:
    joined = "\n".join(sorted(whole_space_keys))
    assert hashlib.sha256(joined.encode()).hexdigest() == (
        "a7f10bf770c1b5b8a221e37824e42b3b1a237a5d21ccf545bbe8e23abd933403"
    )


def test_keys_come_in_the_order_of_what_is_asked_for(whole_space_keys: list[str]) -> None:
    places = np.random.default_rng(1).permutation(len(whole_space_keys))[:500]
    ids = [SPACE.architecture_ids[int(place)] for place in places]
    assert SPACE.published_keys(ids) == [whole_space_keys[place] for place in places]


def test_keys_and_ids_are_those_of_the_released_table(
    shared: Path, whole_space_keys: list[str]
) -> None:
    table = pd.read_parquet(shared / "data" / "nb101_cifar10_validation_15000.parquet")
    # The table's graphs are already in the form that the generator meets first.
    ids = [
        "-".join([adjacency, *operations.split(",")])
        for adjacency, operations in zip(table["adjacency"], table["ops"], strict=True)
    ]
    assert SPACE.canonical_ids(ids) == ids
    assert SPACE.published_keys(ids) == list(table["key"])
    assert SPACE.canonical_ids(list(table["key"])) == ids


def test_a_key_is_parsed_whatever_its_case(whole_space_keys: list[str]) -> None:
    assert SPACE.parse(f" {whole_space_keys[7].upper()}\n") == SPACE.architecture_ids[7]


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one of the 423,624 published ones, got f{32}: check"):
        SPACE.parse("f" * 32)


def test_what_is_no_id_has_no_key() -> None:
    for wrong in ("", "1-c3", "101-c3-c3", "101-c9", "110-c3", "0"):
        with pytest.raises(ValueError, match="must be a canonical one of NAS-Bench-101, got"):
            SPACE.published_keys(["1", wrong])
