"""TransNAS-Bench-101's skeletons: how many, and each the network that is published."""

from functools import partial

import pytest
import torch
from sentences import refused
from spaces.published import assert_reads_as
from spaces.tnb101_networks import encoder, relu_conv_bn
from torch import nn

from epsilon_research.benchmarks.tnb101_tasks import TransNasTasks
from epsilon_research.programs import count_parameters
from epsilon_research.spaces.tnb101_macro import TransNasMacro

SPACE = TransNasMacro()
PUBLISHED_PARAMETERS = {
    "1242": 11_237_764,
    "141443": 21_533_060,
    "23343": 6_312_836,
    "31411": 2_039_812,
    "131112": 1_302_020,
}
"""With 100 classes (class_object), of NAS-Bench-Suite-Zero."""


class Block(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *relu_conv_bn(before, after, 3, stride), *relu_conv_bn(after, after, 3, 1)
        )
        self.shortcut = nn.Sequential()
        if (before, stride) != (after, 1):
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x) + self.shortcut(x)


def test_there_are_3256_skeletons_and_the_table_is_of_them() -> None:
    assert len(SPACE.architecture_ids) == 3256
    table = TransNasTasks(level="macro").load()
    assert set(table.rows["architecture_id"]) < set(SPACE.architecture_ids)


@pytest.mark.parametrize("kinds", ["1234", "231313", "214133"])
def test_a_skeleton_is_the_published_network(kinds: str) -> None:
    text = f"64-{kinds}-basic"
    assert_reads_as(SPACE, text, partial(encoder, kinds, Block), side=32)


def test_skeletons_have_the_published_parameters() -> None:
    found = {
        kinds: count_parameters(SPACE.program(f"64-{kinds}-basic", num_outputs=SPACE.num_classes))
        for kinds in PUBLISHED_PARAMETERS
    }
    assert found == PUBLISHED_PARAMETERS


@pytest.mark.parametrize("text", ["64-1111-basic", "64-124-basic", "64-2222-basic", "1234"])
def test_other_skeletons_are_refused(text: str) -> None:
    with refused(ValueError, match="must be 64-KKKK-basic"):
        SPACE.parse(text)
