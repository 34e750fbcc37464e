"""NAS-Bench-Macro against its published numbers, and networks written out in PyTorch."""

from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sentences import refused
from spaces.published import assert_reads_as
from torch import nn

from epsilon_research.collapse import canonical_hash, lower
from epsilon_research.programs import count_multiply_adds, count_parameters
from epsilon_research.spaces.nbmacro import NasBenchMacro

SPACE = NasBenchMacro()
IDS = ["00000000", "11111111", "22222222", "02012100", "20120012"]


def conv_bn(
    before: int, after: int, kernel_size: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    convolution = nn.Conv2d(
        before, after, kernel_size, stride, kernel_size // 2, groups=groups, bias=False
    )
    return [convolution, nn.BatchNorm2d(after)]


class InvertedResidual(nn.Module):
    def __init__(
        self, before: int, after: int, stride: int, *, kernel_size: int, expansion: int
    ) -> None:
        super().__init__()
        hidden = before * expansion
        self.body = nn.Sequential(
            *conv_bn(before, hidden, 1),
            nn.ReLU(),
            *conv_bn(hidden, hidden, kernel_size, stride, groups=hidden),
            nn.ReLU(),
            *conv_bn(hidden, after, 1),
        )
        self.has_shortcut = (before, stride) == (after, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x) + x if self.has_shortcut else self.body(x)


def layer(digit: str, before: int, after: int, stride: int) -> nn.Module:
    if digit == "1":
        return InvertedResidual(before, after, stride, kernel_size=3, expansion=3)
    if digit == "2":
        return InvertedResidual(before, after, stride, kernel_size=5, expansion=6)
    if (before, stride) == (after, 1):
        return nn.Identity()
    return nn.Sequential(*conv_bn(before, after, 1, stride))


def published(digits: str, num_outputs: int) -> nn.Module:
    pairs = pairwise([32, 64, 64, 128, 128, 128, 256, 256, 256])
    layers = [*conv_bn(3, 32, 3), nn.ReLU()]
    for digit, (before, after) in zip(digits, pairs, strict=True):
        layers.append(layer(digit, before, after, after // before))
    head = [*conv_bn(256, 1280, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, *head, nn.Linear(1280, num_outputs))


def test_all_networks_cost_what_is_published(shared: Path) -> None:
    table = pd.read_parquet(shared / "data" / "nbmacro_cifar10.parquet")
    assert sorted(table["architecture_id"]) == list(SPACE.architecture_ids)
    programs = [SPACE.program(id_, num_outputs=10) for id_ in table["architecture_id"]]
    assert [count_parameters(program) for program in programs] == list(table["num_parameters"])
    # The published flops are multiply-adds of images of 32 pixels.
    flops = [count_multiply_adds(program, height=32, width=32) for program in programs]
    assert flops == list(table["flops"])


@pytest.mark.parametrize("text", IDS)
def test_a_network_is_the_published_one(text: str) -> None:
    assert_reads_as(SPACE, text, partial(published, text), side=16)


def test_other_digits_are_another_function() -> None:
    hashes = {canonical_hash(lower(SPACE.core_program(id_), height=32, width=32)) for id_ in IDS}
    assert len(hashes) == len(IDS)


@pytest.mark.parametrize("text", ["0201210", "020121001", "02012103", "02012-00", "٠٢٠١٢١٠٠", ""])
def test_other_texts_are_refused(text: str) -> None:
    with refused(ValueError, "must be 8 digits, each 0, 1 or 2"):
        SPACE.parse(text)


def test_a_mutation_changes_one_layer() -> None:
    rng = np.random.default_rng(0)
    for parent in SPACE.sample(50, rng):
        child = SPACE.mutate(parent, rng)
        assert sum(a != b for a, b in zip(parent, child, strict=True)) == 1
