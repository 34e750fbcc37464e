"""Squeeze and excitation in every block: a score whose estimated rounding error explodes."""

import pytest
import torch
from torch import nn

from epsilon_research import score_network


class Gated(nn.Module):
    """A residual block whose branch is multiplied by a gate that sums over all channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU()
        )
        self.excite = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.branch(x)
        return x + y * torch.sigmoid(self.excite(y.mean((2, 3), keepdim=True)))


def test_gates_in_every_block_leave_the_score_known() -> None:
    channels = 96
    network = nn.Sequential(
        nn.Conv2d(3, channels, 3, padding=1),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        *[Gated(channels) for _ in range(20)],
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(channels, 2),
    )
    images = torch.rand(32, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    images = images * torch.linspace(-0.5, 1, 32)[:, None, None, None]
    found = score_network(network, images, weights=(1e-7, 1), engine="collapsed")
    itself = score_network(network, images, weights=(1e-7, 1), engine="reference")
    assert found.value == pytest.approx(itself.value, rel=1e-9)
    assert 0 < found.resolution < 1e-9
