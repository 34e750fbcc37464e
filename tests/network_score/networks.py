"""Networks as users write them, and their score by the published recipe."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from epsilon_research.metrics import epsilon_score

WEIGHTS = (1e-2, 1.0)


def truth(
    network: nn.Module,
    images: torch.Tensor,
    weights: tuple[float, float],
    *,
    every_parameter: bool = False,
) -> float:
    """The score by the published recipe, written anew: float64, one number for equal logits.

    Biases are 0 and gains left alone, unless `every_parameter` becomes the weight.
    """
    vectors = []
    for weight in weights:
        plain = copy.deepcopy(network).double().eval()
        for module in plain.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.track_running_stats = False
                module.running_mean = module.running_var = None
        with torch.no_grad():
            for name, parameter in plain.named_parameters():
                if every_parameter or name.endswith("weight"):
                    parameter.fill_(weight)
                elif name.endswith("bias"):
                    parameter.zero_()
            vectors.append(plain(images.double())[:, 0].numpy())
    return epsilon_score(*vectors)


class Written(nn.Module):
    """A network whose middle is any function of its parts."""

    def __init__(self, middle: Callable[["Written", torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8))
        self.a = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8))
        self.b = nn.Conv2d(8, 8, 1)
        self.wide = nn.Conv2d(32, 8, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.features = nn.BatchNorm1d(8)
        self.gamma = nn.Parameter(torch.tensor(0.3))
        self.head = nn.Linear(8, 5)
        self.middle = middle

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.middle(self, self.stem(x))
        return self.head(x.mean((2, 3)) if x.ndim == 4 else x)


def add_in_place(net: Written, x: torch.Tensor) -> torch.Tensor:
    y = x
    y += net.a(x)
    return x + net.b(x)


def write_through_a_slice(net: Written, x: torch.Tensor) -> torch.Tensor:
    y = net.a(x)
    y[:, :4] = x[:, 4:]
    return functional.relu(y) + x


MIDDLES: dict[str, Callable[[Written, torch.Tensor], torch.Tensor]] = {
    "view of space into channels": lambda net, x: net.wide(
        net.a(x).relu().view(x.size(0), 32, 8, 8)
    ),
    "reshape before a shortcut": lambda net, x: (
        x + net.a(x).reshape(x.size(0), 8, 8, 32).mean((2, 3), keepdim=True)
    ),
    "an in-place relu before a shortcut": lambda net, x: x + net.a(net.relu(x)),
    "functional.relu in place": lambda net, x: x + net.a(functional.relu(x, inplace=True)),
    "a sum in place": add_in_place,
    "a write through a slice": write_through_a_slice,
    "a branch on training": lambda net, x: net.a(x) if net.training else net.a(x).relu() + x,
    "a norm of flattened features": lambda net, x: net.features(x.relu().mean((2, 3)).flatten(1)),
    "a constant and a gain": lambda net, x: net.gamma * net.a(x).relu() - 0.5 * x,
    "sum of a list": lambda net, x: sum([net.a(x).relu(), x], net.b(x)),
    "a gate": lambda net, x: x * torch.sigmoid(net.b(x.mean((2, 3), keepdim=True))),
    "chunks": lambda net, x: torch.cat(list(reversed(net.a(x).relu().chunk(2, 1))), 1) + x,
    "control flow on numbers": lambda net, x: net.a(x) if x.sum() > -1e9 else x,
}


def small(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)
    )


class Shortcut(nn.Module):
    """A convolution beside a skip connection."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


class Heads(nn.Module):
    """Features, logits and maps."""

    def __init__(self, arrange: Callable[..., Any]) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), Shortcut())
        self.first, self.second = nn.Linear(8, 4), nn.Linear(8, 4)
        self.arrange = arrange

    def forward(self, x: torch.Tensor) -> Any:
        maps = self.body(x)
        features = maps.mean((2, 3))
        return self.arrange(features.pow(2), self.first(features), maps)
