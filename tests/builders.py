"""A user's builder of networks, define-by-run."""

from typing import Any

import torch
from torch import nn


class Shortcut(nn.Sequential):
    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return input + super().forward(input)


def build(trial: Any) -> nn.Module:
    """Residual blocks of one width, pooled by a size that is asked for only if there is any."""
    width = trial.suggest_int("width", 4, 16, step=4)
    layers: list[nn.Module] = [nn.Conv2d(3, width, 3, stride=2, padding=1), nn.BatchNorm2d(width)]
    for number in range(trial.suggest_int("depth", 1, 3)):
        kernel = trial.suggest_categorical(f"kernel{number}", [1, 3, 5])
        convolution = nn.Conv2d(width, width, kernel, padding=kernel // 2)
        layers.append(Shortcut(nn.ReLU(), convolution, nn.BatchNorm2d(width)))
    if trial.suggest_categorical("pooled", [True, False]):
        layers.append(nn.AvgPool2d(trial.suggest_int("pool", 2, 3)))
    head = (nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))
    return nn.Sequential(*layers, *head)
