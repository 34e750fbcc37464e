"""How far rounding moves the outputs of a network that runs itself."""

import math
from collections.abc import Callable

import numpy as np
import torch

from epsilon_research.collapse import has_spread, over_spread

Run = Callable[[torch.Tensor, float], np.ndarray]
"""A network's outputs (batch, units) for images and a weight."""

NOISE = 1e-2
"""Share of the outputs' range that rounding moves, from which they distinguish no images."""


def measured_rounding(
    run: Run, images: torch.Tensor, weight: float, *, dtype: torch.dtype
) -> float:
    """Standard deviation of the rounding errors of outputs, over their spread.

    Measured on a few images by changing each number in its last digits: what that does to the
    outputs is what roundings of that size do in the first layer, and outputs that are rounding
    errors themselves change altogether.
    """
    if not images.is_floating_point():
        return 0.0
    plain = images.to(dtype)
    generator = torch.Generator().manual_seed(0)
    signs = torch.randint(0, 2, images.shape, generator=generator).to(dtype) * 2 - 1
    moved = plain * (1 + 4 * torch.finfo(dtype).eps * signs)
    first, second = run(plain, weight), run(moved, weight)
    if not (has_spread(first) and has_spread(second)):
        return 0.0
    deviation = float(np.sqrt(np.mean(((first - second) / np.ptp(first)) ** 2)))
    # Numbers below the normal ones are rounded to the smallest subnormal one.
    return math.hypot(deviation, over_spread(_smallest(dtype), first))


def _smallest(dtype: torch.dtype) -> float:
    limits = torch.finfo(dtype)
    return limits.smallest_normal * limits.eps
