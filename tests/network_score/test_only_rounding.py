"""Networks whose outputs are one number in exact arithmetic have no score, rather than noise."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from epsilon_research import score_network


class Network(nn.Module):
    """A convolution beside the images, and what a test does with both."""

    def __init__(self, rest: Callable[[torch.Tensor], torch.Tensor], *layers: nn.Module) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 5, 3, padding=1)
        self.layers = nn.ModuleList(layers)
        self.rest = rest

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.rest(torch.cat([images, self.convolution(images)], dim=1))


def summed(layer: nn.Module) -> Network:
    linear = nn.Linear(8, 2)
    return Network(lambda x: linear(layer(x).mean((2, 3))), layer, linear)


def direction(x: torch.Tensor) -> torch.Tensor:
    return functional.normalize(x.mean((2, 3)), dim=1)


def centred(x: torch.Tensor) -> torch.Tensor:
    return (x - x.mean((2, 3), keepdim=True)).mean((2, 3))


CASES = {
    "group norm": summed(nn.GroupNorm(2, 8)),
    "instance norm": summed(nn.InstanceNorm2d(8)),
    "group norm and pool": summed(nn.Sequential(nn.GroupNorm(1, 8), nn.AvgPool2d(2))),
    "centred": Network(centred),
    "softmax": summed(nn.Softmax(dim=1)),
    "length of directions": Network(lambda x: (direction(x) ** 2).sum(1)),
    "what is taken away": Network(lambda x: (x - x).mean((2, 3))),
    "an even part": Network(lambda x: (x.sigmoid() + (-x).sigmoid()).mean((2, 3))),
}


@pytest.mark.parametrize("network", CASES.values(), ids=list(CASES))
@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_noise_is_no_score(network: Network, engine: str) -> None:
    images = torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(2))
    score = score_network(network, images, weights=(0.01, 1), engine=engine)
    assert math.isnan(score.value)
    assert score.reason in ("constant_output", "disconnected")
