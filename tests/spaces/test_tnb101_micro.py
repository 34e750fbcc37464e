"""TransNAS-Bench-101's cells: how many, and each the network that is published."""

from functools import partial

import numpy as np
import pytest
import torch
from sentences import refused
from spaces.published import assert_reads_as
from spaces.tnb101_networks import encoder, relu_conv_bn
from torch import nn

from epsilon_research.benchmarks.tnb101_tasks import TransNasTasks
from epsilon_research.collapse import canonical_hash, lower
from epsilon_research.programs import count_parameters
from epsilon_research.spaces.tnb101_micro import TransNasMicro

SPACE = TransNasMicro()
PUBLISHED_PARAMETERS = {
    "1_00_210": 929_668,
    "0_13_111": 8_091_268,
    "0_22_202": 3_155_076,
    "1_32_212": 8_768_388,
    "3_31_012": 13_176_964,
    "1_30_001": 6_369_156,
}
"""With 100 classes (class_object), of NAS-Bench-Suite-Zero."""


class FactorizedReduce(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.even = nn.Conv2d(before, after // 2, 1, 2, bias=False)
        self.odd = nn.Conv2d(before, after // 2, 1, 2, bias=False)
        self.norm = nn.BatchNorm2d(after)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.relu()
        moved = nn.functional.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        return self.norm(torch.cat([self.even(x), self.odd(moved)], dim=1))


class Nothing(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.after, self.ratio, self.stride = after, after // before, stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = x[:, :, :: self.stride, :: self.stride]
        return torch.zeros_like(kept).repeat(1, self.ratio, 1, 1)


def edge(digit: str, before: int, after: int, stride: int) -> nn.Module:
    if digit == "0":
        return Nothing(before, after, stride)
    if digit == "1":
        is_same = (before, stride) == (after, 1)
        return nn.Identity() if is_same else FactorizedReduce(before, after)
    return nn.Sequential(*relu_conv_bn(before, after, {"2": 1, "3": 3}[digit], stride))


class Cell(nn.Module):
    def __init__(self, before: int, after: int, stride: int, *, text: str) -> None:
        super().__init__()
        self.nodes = nn.ModuleList()
        for digits in text.split("_"):
            first = edge(digits[0], before, after, stride)
            others = [edge(digit, after, after, 1) for digit in digits[1:]]
            self.nodes.append(nn.ModuleList([first, *others]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values = [x]
        for edges in self.nodes:
            assert isinstance(edges, nn.ModuleList)
            terms = [layer(value) for layer, value in zip(edges, values, strict=True)]
            values.append(torch.stack(terms).sum(dim=0))
        return values[-1]


def published(text: str, num_outputs: int) -> nn.Module:
    return encoder("41414", partial(Cell, text=text), num_outputs)


def test_there_are_4096_cells_and_the_table_is_of_them() -> None:
    assert len(SPACE.architecture_ids) == 4096
    table = TransNasTasks(level="micro").load()
    assert set(table.rows["architecture_id"]) < set(SPACE.architecture_ids)


@pytest.mark.parametrize("text", ["1_02_312", "1_11_111", "0_20_103"])
def test_a_cell_is_the_published_network(text: str) -> None:
    assert_reads_as(SPACE, f"64-41414-{text}", partial(published, text), side=64, num_images=16)


def test_small_images_leave_maps_of_one_pixel() -> None:
    assert_reads_as(SPACE, "64-41414-1_11_111", partial(published, "1_11_111"), side=16)


def test_cells_have_the_published_parameters() -> None:
    found = {
        text: count_parameters(SPACE.program(f"64-41414-{text}", num_outputs=SPACE.num_classes))
        for text in PUBLISHED_PARAMETERS
    }
    assert found == PUBLISHED_PARAMETERS


def test_cells_have_the_parameters_of_the_written_out_networks() -> None:
    with torch.device("meta"):
        for id_ in SPACE.sample(30, np.random.default_rng(0)):
            expected = sum(p.numel() for p in published(id_.split("-")[2], 100).parameters())
            assert count_parameters(SPACE.program(id_, num_outputs=100)) == expected


def test_two_cells_tell_functions_apart_like_the_whole_network() -> None:
    keys = [
        [canonical_hash(lower(program, height=32, width=32)) for program in programs]
        for id_ in SPACE.sample(150, np.random.default_rng(0))
        for programs in [(SPACE.core_program(id_), SPACE.program(id_, num_outputs=1))]
    ]
    cores, networks = zip(*keys, strict=True)
    assert len(set(cores)) == len(set(networks)) == len(set(zip(cores, networks, strict=True)))
    assert len(set(cores)) < 120


@pytest.mark.parametrize(
    "text", ["64-41414-1_02_33", "64-41414-102333", "64-4141-1_02_333", "64-41414-1_02_334", "1_02"]
)
def test_other_cells_are_refused(text: str) -> None:
    with refused(ValueError, match="must be 64-41414-a_bc_def"):
        SPACE.parse(text)


def test_a_mutation_changes_one_edge() -> None:
    rng = np.random.default_rng(0)
    for parent in SPACE.sample(50, rng):
        child = SPACE.mutate(parent, rng)
        assert sum(a != b for a, b in zip(parent, child, strict=True)) == 1
