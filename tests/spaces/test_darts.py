"""DARTS: genotypes in every spelling, and each the network that is published."""

from functools import partial
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sentences import refused
from spaces.published import assert_reads_as
from torch import nn

from epsilon_research.collapse import canonical_hash, lower
from epsilon_research.programs import count_parameters
from epsilon_research.spaces.darts import Darts
from epsilon_research.spaces.darts_genotype import (
    NUM_GENOTYPES,
    OPERATIONS,
    Genotype,
    draw_genotype,
    parse_genotype,
    to_architecture_id,
)

SPACE = Darts(num_drawn=60)
SMALL = Darts(channels=4, num_cells=6)

DARTS_V2 = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
    "('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), "
    "('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), "
    "('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=range(2, 6))"
)
DARTS_V2_LISTS = (
    "[[(0, 3), (1, 3), (0, 3), (1, 3), (1, 3), (0, 2), (0, 2), (2, 5)], "
    "[(0, 0), (1, 0), (2, 2), (1, 0), (0, 0), (2, 2), (2, 2), (1, 0)]]"
)
DARTS_V2_ID = (
    "normal: sep_conv_3x3~0 sep_conv_3x3~1 sep_conv_3x3~0 sep_conv_3x3~1 skip_connect~0 "
    "sep_conv_3x3~1 skip_connect~0 dil_conv_3x3~2 reduce: max_pool_3x3~0 max_pool_3x3~1 "
    "max_pool_3x3~1 skip_connect~2 max_pool_3x3~0 skip_connect~2 max_pool_3x3~1 skip_connect~2"
)
EVERY_OPERATION = (
    "normal: avg_pool_3x3~0 dil_conv_5x5~1 sep_conv_5x5~0 max_pool_3x3~2 dil_conv_3x3~1 "
    "skip_connect~3 sep_conv_3x3~3 avg_pool_3x3~4 reduce: avg_pool_3x3~0 skip_connect~1 "
    "sep_conv_5x5~1 dil_conv_5x5~2 sep_conv_3x3~0 skip_connect~3 max_pool_3x3~1 dil_conv_3x3~4"
)


def norm(channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels, track_running_stats=False)


def depthwise(channels: int, kernel_size: int, stride: int, dilation: int = 1) -> list[nn.Module]:
    padding = dilation * (kernel_size - 1) // 2
    return [
        nn.ReLU(),
        nn.Conv2d(
            channels, channels, kernel_size, stride, padding, dilation, groups=channels, bias=False
        ),
        nn.Conv2d(channels, channels, 1, bias=False),
        norm(channels),
    ]


class FactorisedReduce(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.even = nn.Conv2d(before, after // 2, 1, stride=2, bias=False)
        self.odd = nn.Conv2d(before, after // 2, 1, stride=2, bias=False)
        self.norm = norm(after)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.relu()
        return self.norm(torch.cat([self.even(x), self.odd(x[:, :, 1:, 1:])], dim=1))


def edge(operation: str, channels: int, stride: int) -> nn.Module:
    if operation == "skip_connect":
        return nn.Identity() if stride == 1 else FactorisedReduce(channels, channels)
    if operation == "max_pool_3x3":
        return nn.MaxPool2d(3, stride, 1)
    if operation == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride, 1, count_include_pad=False)
    kind, size = operation.split("_conv_")
    kernel_size = int(size[0])
    if kind == "dil":
        return nn.Sequential(*depthwise(channels, kernel_size, stride, dilation=2))
    return nn.Sequential(
        *depthwise(channels, kernel_size, stride), *depthwise(channels, kernel_size, 1)
    )


def projection(before: int, after: int) -> nn.Module:
    return nn.Sequential(nn.ReLU(), nn.Conv2d(before, after, 1, bias=False), norm(after))


class Cell(nn.Module):
    def __init__(
        self,
        edges: list[list[str]],
        widths: list[int],
        channels: int,
        *,
        reduces: bool,
        after: bool,
    ) -> None:
        super().__init__()
        first = FactorisedReduce if after else projection
        self.inputs = nn.ModuleList([first(widths[-2], channels), projection(widths[-1], channels)])
        self.sources = [int(source) for _, source in edges]
        self.edges = nn.ModuleList(
            edge(operation, channels, 2 if reduces and int(source) < 2 else 1)
            for operation, source in edges
        )

    def forward(self, *before: torch.Tensor) -> torch.Tensor:
        values = [layer(x) for layer, x in zip(self.inputs, before, strict=True)]
        for node in range(4):
            first, second = 2 * node, 2 * node + 1
            values.append(
                self.edges[first](values[self.sources[first]])
                + self.edges[second](values[self.sources[second]])
            )
        return torch.cat(values[2:], dim=1)


class Network(nn.Module):
    """The network of an id, from its text."""

    def __init__(self, text: str, num_outputs: int, *, channels: int, num_cells: int) -> None:
        super().__init__()
        words = [word.split("~") for word in text.split()]
        normal, reduce = words[1:9], words[10:]
        widths = [3 * channels, 3 * channels]
        self.stem = nn.Sequential(nn.Conv2d(3, 3 * channels, 3, 1, 1, bias=False), norm(widths[0]))
        reductions = [num_cells // 3, 2 * num_cells // 3]
        self.cells = nn.ModuleList()
        for place in range(num_cells):
            reduces = place in reductions
            channels *= 1 + reduces
            self.cells.append(
                Cell(
                    reduce if reduces else normal,
                    widths,
                    channels,
                    reduces=reduces,
                    after=place - 1 in reductions,
                )
            )
            widths.append(4 * channels)
        self.head = nn.Linear(widths[-1], num_outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        values = [self.stem(images)] * 2
        for cell in self.cells:
            values.append(cell(*values[-2:]))
        return self.head(values[-1].mean(dim=(2, 3)))


def assert_published(space: Darts, text: str, *, side: int) -> None:
    id_ = space.parse(text)
    published = partial(Network, id_, channels=space.channels, num_cells=space.num_cells)
    assert_reads_as(space, id_, published, side=side)


@pytest.mark.parametrize("text", [DARTS_V2, EVERY_OPERATION])
def test_a_genotype_is_the_published_network(text: str) -> None:
    assert_published(SMALL, text, side=16)


@pytest.mark.parametrize(("channels", "num_cells"), [(2, 1), (3, 2), (2, 20)])
def test_a_network_of_another_size_is_the_published_one(channels: int, num_cells: int) -> None:
    assert_published(Darts(channels=channels, num_cells=num_cells), EVERY_OPERATION, side=8)


@pytest.mark.parametrize("id_", SPACE.architecture_ids[:4])
def test_a_drawn_genotype_is_the_published_network(id_: str) -> None:
    assert_published(Darts(channels=2, num_cells=3), id_, side=8)


def test_parameters_are_those_published_but_for_batch_norms_on_edges(shared: Path) -> None:
    # The published counts are of networks whose edges have batch norms without scale and shift.
    table = pd.read_parquet(shared / "data" / "nb301_725.parquet")
    ids = [SPACE.parse(net) for net in table["net"]]
    ours = np.array([count_parameters(SPACE.program(id_, num_outputs=10)) for id_ in ids])
    published = np.rint(table["parameters_millions"] * 1e6).to_numpy().astype(int)
    assert np.corrcoef(ours, published)[0, 1] > 0.999998
    assert table["parameters_millions"].corr(pd.Series(ours), method="spearman") > 0.9999
    np.testing.assert_array_equal(ours - [_scales_and_shifts(id_) for id_ in ids], published)


def _scales_and_shifts(id_: str) -> int:
    """Parameters of the batch norms on edges, of 32 channels and eight cells."""
    genotype = parse_genotype(id_)
    norms = {"sep_conv_3x3": 2, "sep_conv_5x5": 2, "dil_conv_3x3": 1, "dil_conv_5x5": 1}
    normal = sum(norms.get(operation, 0) for operation, _ in genotype.normal)
    reduce = sum(
        norms.get(operation, int(operation == "skip_connect" and source < 2))
        for operation, source in genotype.reduce
    )
    return 2 * (normal * 2 * (32 + 64 + 128) + reduce * (64 + 128))


@pytest.mark.parametrize(
    "text",
    [
        DARTS_V2,
        DARTS_V2.replace(" ", "").replace("'", '"'),
        DARTS_V2.replace("(normal=", "(\n    normal=").replace("[2, 3, 4, 5]", "(2, 3, 4, 5)"),
        DARTS_V2_LISTS,
        DARTS_V2_LISTS.replace("(", "[").replace(")", "]"),
        f"\n{DARTS_V2_ID.replace(' ', '  ')} ",
        DARTS_V2_ID.replace("sep_conv_3x3~0 sep_conv_3x3~1", "sep_conv_3x3~1 sep_conv_3x3~0"),
    ],
)
def test_every_spelling_has_one_id(text: str) -> None:
    assert SPACE.parse(text) == DARTS_V2_ID


@given(seed=st.integers(0, 2**32))
def test_an_id_is_the_genotype(seed: int) -> None:
    genotype = draw_genotype(np.random.default_rng(seed))
    assert parse_genotype(to_architecture_id(genotype)) == genotype
    lists = [
        [(source, OPERATIONS.index(operation)) for operation, source in cell] for cell in genotype
    ]
    assert parse_genotype(str(lists)) == genotype
    printed = Genotype(*[[tuple(one) for one in cell] for cell in genotype])  # type: ignore
    text = str(printed).replace(", reduce=", ", normal_concat=range(2, 6), reduce=")
    assert parse_genotype(text.replace("])", "], reduce_concat=range(2, 6))")) == genotype


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "a DARTS genotype must be"),
        (DARTS_V2_ID.replace("max_pool_3x3~0 ", "", 1), "with eight operations each"),
        (f"{DARTS_V2_ID} skip_connect~0", "with eight operations each"),
        (DARTS_V2.replace("range(2, 6)", "range(3, 6)"), "range(2, 6)"),
        (DARTS_V2.replace("dil_conv_3x3", "sep_conv_7x7"), "got 'sep_conv_7x7': choose"),
        (DARTS_V2.replace("'dil_conv_3x3'", "'none'"), "got 'none': choose"),
        (DARTS_V2_LISTS.replace("(2, 5)", "(2, 7)"), "(as numbers 0 to 6), got '7'"),
        (DARTS_V2_ID.replace("dil_conv_3x3~2", "dil_conv_3x3~0"), "node 5 of the normal cell"),
        (
            DARTS_V2_ID.replace("skip_connect~2", "skip_connect~3", 1),
            "must read two of 0 to 2",
        ),
        (
            DARTS_V2_ID.replace("max_pool_3x3~0", "max_pool_3x3~9", 1),
            "must read two of 0 to 1",
        ),
        ("Genotype(" + "[" * 100_000, "got 'Genotype([[["),
    ],
)
def test_what_is_no_genotype_is_refused(text: str, part: str) -> None:
    with refused(ValueError, part):
        SPACE.parse(text)


def test_there_are_as_many_genotypes_as_choices() -> None:
    # Two of the inputs and two operations for each of four nodes, in each of two cells.
    a_cell = [comb(before, 2) * 7 * 7 for before in (2, 3, 4, 5)]
    assert np.prod(a_cell) ** 2 == NUM_GENOTYPES == 1_076_746_950_455_072_400


def test_a_draw_is_uniform_over_inputs_and_operations() -> None:
    rng = np.random.default_rng(0)
    edges = [cell[6:] for _ in range(1500) for cell in draw_genotype(rng)]
    pairs = pd.Series([tuple(edge.source for edge in pair) for pair in edges]).value_counts()
    operations = pd.Series([one.operation for pair in edges for one in pair]).value_counts()
    # A share lies five standard deviations off with a probability below 1e-5.
    for counts, kinds in ((pairs, comb(5, 2)), (operations, 7)):
        assert len(counts) == kinds
        expected = counts.sum() / kinds
        assert (abs(counts - expected) < 5 * np.sqrt(expected)).all()


def test_the_draw_is_its_seed_s() -> None:
    ids = SPACE.architecture_ids
    assert len(set(ids)) == 60
    assert Darts(num_drawn=30).architecture_ids == ids[:30]
    assert Darts(num_drawn=30, generator_seed=22).architecture_ids != ids[:30]


def test_a_mutation_changes_one_gene_and_reaches_all_of_them() -> None:
    rng = np.random.default_rng(1)
    changed: set[tuple[int, int, str]] = set()
    for _ in range(600):
        parent, child = (parse_genotype(id_) for id_ in _parent_and_child(rng))
        nodes = [
            (which, node)
            for which in range(2)
            for node in range(4)
            if parent[which][2 * node : 2 * node + 2] != child[which][2 * node : 2 * node + 2]
        ]
        ((which, node),) = nodes
        before, after = (
            {*genotype[which][2 * node : 2 * node + 2]} for genotype in (parent, child)
        )
        ((old,), (new,)) = before - after, after - before
        assert (old.operation == new.operation) != (old.source == new.source)
        changed.add((which, node, "input" if old.source != new.source else "operation"))
    # Node 0 has no other inputs than both.
    assert len(changed) == 2 * (4 + 3)


def _parent_and_child(rng: np.random.Generator) -> tuple[str, str]:
    parent = to_architecture_id(draw_genotype(rng))
    return parent, SPACE.mutate(parent, rng)


def test_genotypes_are_different_functions() -> None:
    plans = [lower(SMALL.core_program(id_), height=8, width=8) for id_ in SPACE.architecture_ids]
    assert len({canonical_hash(plan) for plan in plans}) == 60


@pytest.mark.parametrize(
    "settings", [{"channels": 0}, {"num_cells": 0}, {"num_drawn": 10**7}, {"generator_seed": -1},
                 {"num_classes": True}, {"num_cells": 10**9}]
)  # fmt: skip
def test_settings_out_of_range_are_refused(settings: dict) -> None:
    (name,) = settings
    with refused(ValueError, f"search_space.space.{name} must be an integer"):
        Darts(**settings)


def test_odd_maps_cannot_be_halved_by_shifted_convolutions() -> None:
    with refused(ValueError, "inputs of Concatenate must have one spatial size"):
        lower(SMALL.program(DARTS_V2_ID, num_outputs=1), height=15, width=15)
