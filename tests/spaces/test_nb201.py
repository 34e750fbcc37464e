"""NAS-Bench-201 against what its authors published."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from epsilon_research.collapse import canonical_hash, lower
from epsilon_research.programs import count_parameters
from epsilon_research.programs.torch_reader import to_torch
from epsilon_research.spaces.nb201 import (
    EDGES,
    OPERATIONS,
    NasBench201,
    official_order,
    to_architecture_id,
    to_genotype,
)

SPACE = NasBench201()
genotypes = st.tuples(*[st.sampled_from(OPERATIONS)] * len(EDGES))


def test_there_are_5_to_the_6_distinct_architectures() -> None:
    assert len(set(official_order())) == len(official_order()) == 5**6


def test_the_official_order_is_the_benchmarks() -> None:
    # From the assertions in the benchmark's released code.
    order = official_order()
    assert order[0] == (
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|"
        "skip_connect~2|"
    )
    assert order.index(
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|"
        "skip_connect~2|"
    ) == 1  # fmt: skip


def test_the_official_order_is_that_of_the_released_table(shared: Path) -> None:
    table = pd.read_parquet(shared / "data" / "nb201_cifar10_validation.parquet")
    assert list(table["architecture_id"]) == list(official_order())


@given(genotypes)
def test_an_id_and_its_genotype_are_the_same_thing(genotype: tuple) -> None:
    assert to_genotype(to_architecture_id(genotype)) == genotype


def test_index_0_has_the_published_number_of_parameters() -> None:
    assert count_parameters(SPACE.program(official_order()[0], num_outputs=10)) == 129_306


def test_parameter_counts_are_those_of_the_benchmark(shared: Path) -> None:
    published = pd.read_parquet(shared / "data" / "nb201_cifar10_published_proxies.parquet")
    for row in published[::5].itertuples():
        program = SPACE.program(row.architecture_id, num_outputs=10)
        assert count_parameters(program) == round(row.params * 1e6), row.architecture_id


def test_the_networks_have_the_parameters_that_are_counted() -> None:
    for architecture_id in SPACE.sample(20, np.random.default_rng(0)):
        program = SPACE.program(architecture_id, num_outputs=10)
        network = to_torch(program)
        assert count_parameters(program) == sum(p.numel() for p in network.parameters())


@given(genotypes, st.integers(0, 2**32 - 1))
def test_mutation_changes_exactly_one_operation(genotype: tuple, seed: int) -> None:
    parent = to_architecture_id(genotype)
    child = to_genotype(SPACE.mutate(parent, np.random.default_rng(seed)))
    assert sum(a != b for a, b in zip(genotype, child, strict=True)) == 1


# The published code draws one of three nodes, then one of the node's incoming edges.
PUBLISHED_SHARES = [1 / 3, 1 / 6, 1 / 6, 1 / 9, 1 / 9, 1 / 9]


@pytest.mark.parametrize(
    ("mutate", "edge_shares"),
    [(SPACE.mutate, [1 / 6] * 6), (SPACE.mutate_as_published, PUBLISHED_SHARES)],
    ids=["sound", "published"],
)
def test_mutations_draw_edges_and_operations_with_their_probabilities(mutate, edge_shares) -> None:
    parent = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3", "none")
    expected = {
        (edge, operation): share / 4
        for edge, share in enumerate(edge_shares)
        for operation in OPERATIONS
        if operation != parent[edge]
    }
    rng, num_draws = np.random.default_rng(0), 12_000
    found = Counter(
        next((e, new) for e, (old, new) in enumerate(zip(parent, child, strict=True)) if old != new)
        for child in (
            to_genotype(mutate(to_architecture_id(parent), rng)) for _ in range(num_draws)
        )
    )
    assert set(found) == set(expected)
    observed = [found[key] for key in expected]
    wanted = [num_draws * share for share in expected.values()]
    # χ² over 24 outcomes: a false alarm in a million seeds; a test for the other rules has p = 0.
    assert chisquare(observed, wanted).pvalue > 1e-6


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("|skip_connect~0|", "must be written"),
        ("|none~0|+|none~0|none~1|+|none~0|none~1|none~3|", "must be written"),
        (
            "|nor_conv_9x9~0|+|none~0|none~1|+|none~0|none~1|none~2|",
            r"unknown operation 'nor_conv_9x9' in .*choose from none, skip_connect",
        ),
        ("", "must be written"),
    ],
)
def test_what_is_no_architecture_is_refused_with_the_reason(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        SPACE.parse(text)


@given(st.text(max_size=80))
def test_any_other_text_gives_the_one_sentence(text: str) -> None:
    if text.strip() in set(official_order()):
        return
    with pytest.raises(ValueError, match=r"must be written|unknown operation"):
        SPACE.parse(text)


def test_a_sample_is_distinct_seeded_and_in_official_order() -> None:
    sample = SPACE.sample(100, np.random.default_rng(3))
    places = [official_order().index(architecture_id) for architecture_id in sample]
    assert places == sorted(set(places))
    assert sample == SPACE.sample(100, np.random.default_rng(3))
    assert sample != SPACE.sample(100, np.random.default_rng(4))


@pytest.mark.parametrize("count", [0, 15_626])
def test_a_sample_of_impossible_size_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"between 1 and 15625 on nb201, got {count}"):
        SPACE.sample(count, np.random.default_rng(0))


def _functions(architecture_ids: tuple[str, ...], *, core: bool) -> list[str]:
    programs = (
        SPACE.core_program(id_) if core else SPACE.program(id_, num_outputs=1)
        for id_ in architecture_ids
    )
    return [canonical_hash(lower(program, height=32, width=32)) for program in programs]


def test_one_cell_tells_functions_apart_as_the_whole_network_does() -> None:
    ids = tuple(official_order()[:600])
    cells, networks = _functions(ids, core=True), _functions(ids, core=False)
    assert len(set(cells)) == len(set(networks)) == len(set(zip(cells, networks, strict=True)))
    assert len(set(cells)) < len(ids)


def test_the_space_has_4930_functions_and_341_disconnected_cells() -> None:
    plans = [
        lower(SPACE.core_program(architecture_id), height=32, width=32)
        for architecture_id in official_order()
    ]
    assert sum(not plan.connected for plan in plans) == 341
    # 6,466 cells up to isomorphism in the NAS-Bench-201 paper, which keeps dead ends.
    assert len({canonical_hash(plan) for plan in plans}) == 4_930


@pytest.mark.parametrize("text", ["|" * 100_000, "|{0}~0|+|{0}~0|{0}~1|+|{0}~0|{0}~1|{0}~2|"])
def test_of_a_long_text_the_beginning_is_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r"a NAS-Bench-201 arch|unknown operation") as caught:
        NasBench201().parse(text.format("a" * 100_000))
    assert len(str(caught.value)) < 400
