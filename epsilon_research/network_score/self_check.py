"""Compares the collapse of a network with the network itself, on two images and one weight."""

import math
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn

from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.network_score.plain_network import plain_outputs
from epsilon_research.network_score.rounding import NOISE, Run, measured_rounding
from epsilon_research.programs import Program
from epsilon_research.programs.operations import (
    BatchNorm,
    ChannelNorm,
    Convolution,
    GroupNorm,
    Linear,
    pair,
)

_CLOSE = 1e-6
"""Difference of outputs over their range (or over a millionth of the largest, if that is more) that
two float64 computations in other orders may have."""

_CONSTANT = 1e-12
"""Range over the largest output below which outputs are one number."""

_NORMS = (BatchNorm, ChannelNorm, GroupNorm)

_agreed: "WeakKeyDictionary[nn.Module, list[tuple]]" = WeakKeyDictionary()
"""What each network was compared with: programs that agree, with all that a comparison depends on.
A network that has changed becomes another program, and is compared again."""


def disagreement(
    network: nn.Module,
    program: Program,
    images: torch.Tensor,
    *,
    parameters: str,
    output: int | str | None,
) -> str | None:
    """Return how the collapse of `program` differs from `network`, None if it does not.

    Args:
        network: What was traced.
        program: What it became.
        images: (batch, channels, height, width), of which two are used.
        parameters: Which parameters become the constant.
        output: Which output was traced.
    """
    key = (program, tuple(images.shape[1:]), parameters, output)
    try:
        known = _agreed.setdefault(network, [])
    except TypeError:  # a module that defines equality has no hash
        known = []
    if key in known:
        return None
    two = _unlike_pair(images).float()
    weight = _telling_weight(program)
    ours = CollapsedEngine(dtype="float64").open(two.numpy()).outputs(program, [weight])[0].values

    def run(some: torch.Tensor, constant: float) -> np.ndarray:
        return plain_outputs(network, some, constant, parameters=parameters, output=output)

    try:
        reason = _difference(ours, run, two, weight)
    except Exception as error:
        # Whatever a user's network raises on two images, say one with a fixed batch size.
        reason = f"the network does not run on two images in float64 ({error})"
    if reason is None:
        known.append(key)
    return reason


def _unlike_pair(images: torch.Tensor) -> torch.Tensor:
    """The first image and the one that differs most from it."""
    distances = (images - images[:1]).flatten(1).norm(dim=1)
    return images[[0, int(distances.argmax())]]


def _telling_weight(program: Program) -> float:
    """A weight at which signals neither vanish nor saturate.

    A layer that sums n equal inputs keeps their size with 1/n. Where norms set the size, 1/√n, so
    that the scale of a norm does not make everything behind it small.
    """
    layers = program.layers
    fans = [
        _fan_in(layer.operation, layers[layer.inputs[0]].channels)
        for layer in layers
        if isinstance(layer.operation, Convolution | Linear)
    ]
    if not fans:
        return 1.0
    mean = math.exp(sum(math.log(fan) for fan in fans) / len(fans))
    normed = any(isinstance(layer.operation, _NORMS) for layer in layers)
    return mean**-0.5 if normed else 1 / mean


def _fan_in(operation: Convolution | Linear, channels: int) -> int:
    if isinstance(operation, Linear):
        return channels * operation.pixels
    height, width = pair(operation.kernel_size)
    return channels // operation.groups * height * width


def _difference(ours: np.ndarray, run: Run, images: torch.Tensor, weight: float) -> str | None:
    """What is wrong with outputs that should be those of `run` up to a power of two."""
    truth = run(images, weight)
    largest = float(np.abs(truth).max())
    if not math.isfinite(largest):
        return None  # float64 cannot say
    if not ours.any():
        # The collapse knows that the outputs are constant; rounding may hide that in the network.
        constant = float(np.ptp(truth)) <= _CONSTANT * largest or (
            measured_rounding(run, images, weight, dtype=torch.float64) > NOISE
        )
        return None if constant else "its outputs are constant, those of the network are not"
    if truth.size % ours.size:
        return f"it gives {ours.size} outputs, the network {truth.size}"
    # Each distinct output stands for several equal ones, in whatever order.
    ours = np.repeat(ours.reshape(len(truth), -1), truth.size // ours.size, axis=1)
    ours, truth = np.sort(ours, axis=1), np.sort(truth.reshape(len(truth), -1), axis=1)
    # The score does not depend on a constant that all outputs share.
    ours, truth = ours - ours.min(), truth - truth.min()
    factor = _power_of_two(ours, truth)
    room = max(float(truth.max()), 1e-6 * largest)
    worst = float(np.abs(factor * ours - truth).max())
    if worst <= _CLOSE * room or room == 0:
        return None
    return f"outputs differ by {worst / room:.1e} of their range"


def _power_of_two(ours: np.ndarray, truth: np.ndarray) -> float:
    """The power of two by which `ours` is closest to the truth."""
    largest = [float(np.abs(values).max()) for values in (ours, truth)]
    if 0 in largest:
        return 1.0
    return 2.0 ** round(math.log2(largest[1]) - math.log2(largest[0]))
