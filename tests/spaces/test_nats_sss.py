"""NATS-Bench's size space against networks written out in PyTorch, from the benchmark's cell."""

from functools import partial
from itertools import islice, product

import numpy as np
import pytest
import torch
from sentences import refused
from spaces.published import assert_reads_as
from torch import nn

from epsilon_research.benchmarks.nats_official import SIZE_CELL
from epsilon_research.collapse import canonical_hash, lower
from epsilon_research.spaces.nats_sss import NatsSize

SPACE = NatsSize()
IDS = ["8:8:8:8:8", "64:64:64:64:64", "8:64:16:32:8", "24:8:24:24:56"]


def relu_conv_bn(before: int, after: int, kernel_size: int, stride: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(before, after, kernel_size, stride, kernel_size // 2, bias=False),
        nn.BatchNorm2d(after, track_running_stats=False),
    )


def edge(name: str, before: int, after: int) -> nn.Module:
    if name == "nor_conv_3x3":
        return relu_conv_bn(before, after, 3)
    assert name == "skip_connect"
    if before == after:
        return nn.Identity()
    # The stride-1 half of NAS-Bench-201's FactorizedReduce.
    return nn.Sequential(
        nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after, track_running_stats=False)
    )


class Cell(nn.Module):
    """Any cell of NAS-Bench-201 whose edges from its input set the channels."""

    def __init__(self, text: str, before: int, after: int) -> None:
        super().__init__()
        self.nodes = nn.ModuleList()
        self.sources: list[list[int]] = []
        for node in text.split("+"):
            edges = [name.split("~") for name in node.strip("|").split("|")]
            self.sources.append([int(source) for _, source in edges])
            widths = [before if source == "0" else after for _, source in edges]
            layers = [
                edge(name, width, after) for (name, _), width in zip(edges, widths, strict=True)
            ]
            self.nodes.append(nn.ModuleList(layers))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values = [x]
        for layers, sources in zip(self.nodes, self.sources, strict=True):
            assert isinstance(layers, nn.ModuleList)
            terms = [layer(values[source]) for layer, source in zip(layers, sources, strict=True)]
            values.append(torch.stack(terms).sum(dim=0))
        return values[-1]


class Reduction(nn.Module):
    """A residual block of stride 2."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.body = nn.Sequential(relu_conv_bn(before, after, 3, 2), relu_conv_bn(after, after, 3))
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(before, after, 1, bias=False))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shortcut(x) + self.body(x)


def published(text: str, num_outputs: int) -> nn.Module:
    widths = [int(width) for width in text.split(":")]
    norm = nn.BatchNorm2d(widths[0], track_running_stats=False)
    layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 3, padding=1, bias=False), norm]
    before = widths[0]
    for after, reduces in zip(widths, [False, True, False, True, False], strict=True):
        layers.append(Reduction(before, after) if reduces else Cell(SIZE_CELL, before, after))
        before = after
    norm = nn.BatchNorm2d(before, track_running_stats=False)
    head = [norm, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, num_outputs)]
    return nn.Sequential(*layers, *head)


def test_there_are_32768_sizes() -> None:
    ids = SPACE.architecture_ids
    assert len(ids) == 8**5
    widths = [str(width) for width in range(8, 65, 8)]
    expected = [":".join(one) for one in islice(product(widths, repeat=5), 100)]
    assert list(ids[:100]) == expected


@pytest.mark.parametrize("text", IDS)
def test_a_size_is_the_published_network(text: str) -> None:
    assert_reads_as(SPACE, text, partial(published, text), side=16)


def test_other_widths_are_another_function() -> None:
    hashes = {canonical_hash(lower(SPACE.core_program(id_), height=32, width=32)) for id_ in IDS}
    assert len(hashes) == len(IDS)


@pytest.mark.parametrize("text", ["8:8:8:8", "8:8:8:8:8:8", "8:8:8:8:12", "8:8:8:8:08", "a", ""])
def test_other_sizes_are_refused(text: str) -> None:
    with refused(ValueError, "must be 5 widths joined by colons"):
        SPACE.parse(text)


def test_a_mutation_changes_one_layer() -> None:
    rng = np.random.default_rng(0)
    for parent in SPACE.sample(50, rng):
        child = SPACE.mutate(parent, rng)
        differences = [a != b for a, b in zip(parent.split(":"), child.split(":"), strict=True)]
        assert sum(differences) == 1
