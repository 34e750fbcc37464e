"""An example of a space of one's own: a builder of small residual networks, define-by-run.

python run.py study=search_digits
"""

from typing import Any

import torch
from torch import nn


class Shortcut(nn.Sequential):
    """Layers whose output is added to their input."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return the sum of both."""
        return input + super().forward(input)


def build(trial: Any) -> nn.Module:
    """Return a network of one width for images of 8 × 8 pixels, with ten outputs.

    Args:
        trial: Asked for the width, the number of blocks, the width inside them, their kernel,
            whether they have a shortcut, and behind which one maps are halved (0: none).
    """
    width = trial.suggest_categorical("width", [4, 8, 12, 16, 24, 32])
    inner = width * trial.suggest_int("expansion", 1, 3)
    depth = trial.suggest_int("depth", 1, 5)
    halved = trial.suggest_int("halved", 0, depth)
    kernel = trial.suggest_categorical("kernel", [1, 3, 5])
    shortcut = trial.suggest_categorical("shortcut", [True, False])
    layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width)]
    for number in range(1, depth + 1):
        block = (
            nn.ReLU(),
            nn.Conv2d(width, inner, kernel, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.Conv2d(inner, width, 1, bias=False),
            nn.BatchNorm2d(width),
        )
        layers.append(Shortcut(*block) if shortcut else nn.Sequential(*block))
        if number == halved:
            layers.append(nn.AvgPool2d(2))
    head = (nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))
    return nn.Sequential(*layers, *head)
