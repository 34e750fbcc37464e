"""A user's own networks: traced, collapsed, and equal to the network itself."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from epsilon_research import score_network
from epsilon_research.programs.counters import count_parameters
from epsilon_research.programs.torch_reader import to_torch
from epsilon_research.programs.torch_tracer import UnsupportedLayerError, from_torch


class Block(nn.Module):
    """ResNet's basic block."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(after)
        self.second = nn.Conv2d(after, after, 3, padding="same", bias=False)
        self.second_norm = nn.BatchNorm2d(after)
        self.shortcut = nn.Sequential()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = functional.relu(self.first_norm(self.first(x)))
        out = self.second_norm(self.second(out))
        out += self.shortcut(x)
        return torch.relu(out)


class SmallResNet(nn.Module):
    """A ResNet with a max pool, a concatenation, dropout and ten classes."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 7, 2, 3), nn.BatchNorm2d(16), nn.ReLU())
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.stages = nn.Sequential(Block(16, 16, 1), Block(16, 32, 2))
        self.branch = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(16, 8, 1))
        self.mean = nn.AdaptiveAvgPool2d((1, 1))
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(40, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(self.stem(x))
        x = torch.cat([self.stages(x), self.branch(x)], dim=1)
        x = self.mean(x)
        return self.head(self.drop(x.view(x.size(0), -1)))


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(20, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def test_a_small_resnet_collapses_to_its_own_score(images: torch.Tensor) -> None:
    network = SmallResNet().double()
    ours = score_network(network, images, weights=(1e-2, 1))
    reference = score_network(network, images.double(), weights=(1e-2, 1), engine="reference")
    assert (ours.engine, ours.note) == ("collapsed", None)
    assert reference.engine == "reference"
    assert ours.value == pytest.approx(reference.value, rel=1e-5)
    assert ours.value > 0.01


class Shortcut(nn.Module):
    """A convolution beside a skip connection."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


def test_the_number_of_logits_does_not_change_the_reference_s_score(images: torch.Tensor) -> None:
    def network(logits: int) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), Shortcut(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, logits),
        ).double()  # fmt: skip

    one, ten = (
        score_network(network(logits), images.double(), engine="reference").value
        for logits in (1, 10)
    )
    assert ten == pytest.approx(one, rel=1e-9)
    assert score_network(network(10), images).value == pytest.approx(one, rel=1e-5)


@pytest.mark.parametrize("engine", ["collapsed", "reference"])
def test_a_minibatch_of_two_is_refused(engine: str, images: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"batch_size must be at least 3, .* got 2"):
        score_network(nn.Conv2d(3, 1, 3), images[:2], engine=engine)


def test_scoring_leaves_the_network_as_it_was(images: torch.Tensor) -> None:
    network = SmallResNet()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    for engine in ("collapsed", "reference"):
        score_network(network, images, engine=engine)
    assert network.training
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_the_traced_program_has_the_network_s_parameters() -> None:
    network = SmallResNet()
    program = from_torch(network, channels=3, height=32, width=32)
    expected = sum(parameter.numel() for parameter in network.parameters())
    assert count_parameters(program) == expected
    assert sum(p.numel() for p in to_torch(program).parameters()) == expected


def test_flattened_maps_collapse_like_the_network(images: torch.Tensor) -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 16 * 16, 5), nn.ReLU(),
        nn.Linear(5, 2),
    ).double()  # fmt: skip
    ours = score_network(network, images, weights=(0.1, 1), engine="collapsed")
    reference = score_network(network, images.double(), weights=(0.1, 1), engine="reference")
    # Without normalisation both weights give one distribution, so the score is all but zero.
    assert ours.value == pytest.approx(reference.value, abs=1e-6)


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        (nn.Conv2d(4, 4, 3, groups=2), "groups must be 1, got 2"),
        (nn.GELU(), r"layer 1 \(GELU\).*not among the layers"),
        (nn.Conv2d(4, 4, 3, dilation=2), "dilation"),
        (nn.BatchNorm2d(4, affine=False), "affine"),
        (nn.AdaptiveAvgPool2d(2), "one pixel"),
        (nn.Conv2d(4, 4, (1, 3)), "kernel_size must be one number"),
        (nn.MaxPool2d(2, ceil_mode=True), "ceil_mode"),
    ],
)
def test_an_unsupported_layer_is_named_and_the_network_serves(
    layer: nn.Module, named: str, images: torch.Tensor
) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), layer, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(UnsupportedLayerError, match=named):
        from_torch(network, channels=3, height=32, width=32)
    with pytest.raises(UnsupportedLayerError, match="layer 1"):
        score_network(network, images, engine="collapsed")
    found = score_network(network, images, weights=(0.1, 1))
    assert found.engine == "reference"
    assert found.note is not None
    assert "layer 1" in found.note
    assert np.isfinite(found.value)


def test_a_network_that_cannot_be_traced_is_served_by_itself(images: torch.Tensor) -> None:
    class Branching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(3, 1, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x).mean((1, 2, 3)) if x.sum() > -1e9 else x

    found = score_network(Branching(), images, weights=(0.1, 1))
    assert found.engine == "reference"
    assert found.note is not None
    assert "traceable" in found.note
