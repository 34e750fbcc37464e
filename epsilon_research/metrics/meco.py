"""MeCo: how far the feature maps of one image are from being linearly dependent."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from epsilon_research.metrics.network_metric import (
    NOISE,
    NetworkMetric,
    Subject,
    UndefinedScoreError,
    check_settings,
)
from epsilon_research.metrics.untrained_network import watching

if TYPE_CHECKING:
    import torch


_NOISE_SIZE = 64
"""Height and width of the noise image; the published value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meco(NetworkMetric):
    """Sum over layers of the least eigenvalue of the correlation matrix of their channels.

    The channels are a layer's output for one image, as vectors over pixels. Every layer counts:
    batch norms, ReLUs, pools and sums as well. All correlations of a constant channel are 0, with
    itself too. The score is at least 0 but for rounding; higher is better.

    Args:
        seed: Seed of the network's parameters and the noise.
        inputs: "noise", one 64 × 64 image of standard normal noise, as published; "minibatch", the
            first image of the minibatch. A layer with no more pixels than channels adds 0, which
            is the whole last stage of NAS-Bench-201 with images of 32 × 32 pixels.

    References:
        Jiang, Wang and Bie, "MeCo: Zero-Shot NAS with One Data and Single Forward Pass via Minimum
        Eigenvalue of Correlation", NeurIPS 2023, equation 8; HamsterMimi/MeCo,
        correlation/foresight/pruners/measures/meco.py.

    Differs from: the published code, which also counts modules that only contain others, such as a
    whole cell, so that its values depend on how a network is nested. Layer by layer they are equal.
    """

    name: str = "meco"
    seed: int = 0
    inputs: str = NOISE
    shared_by_function: bool = False
    candidates_per_chunk: int = 8

    def __post_init__(self) -> None:
        check_settings(self.name, seed=self.seed, inputs=self.inputs)

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        import torch

        image = subject.images[:1]
        if self.inputs == NOISE:
            image = subject.noise(1, image.shape[1], _NOISE_SIZE, _NOISE_SIZE)
        network = subject.build()
        found: list[float] = []
        places = range(1, len(network.layers))
        with (
            torch.no_grad(),
            watching(network, places, outputs=lambda _, output: found.append(_least(output[0]))),
        ):
            network(image)
        return sum(found)


def _least(channels: "torch.Tensor") -> float:
    """The least eigenvalue for the maps of one image, (channels, height, width)."""
    import torch

    values = channels.flatten(1).double()
    if not torch.isfinite(values).all():
        raise UndefinedScoreError("overflow")
    if values.shape[1] <= values.shape[0]:
        return 0.0  # centred vectors that are as many as their pixels depend on each other
    centred = values - values.mean(dim=1, keepdim=True)
    norms = centred.norm(dim=1, keepdim=True)
    constant = norms <= _ROUNDING * values.norm(dim=1, keepdim=True)
    unit = torch.where(constant, 0.0, centred / norms.clamp_min(_SMALLEST))
    return float(torch.linalg.eigvalsh(unit @ unit.T)[0])


_ROUNDING = 1e-7
"""A standard deviation of so much of its mean is the rounding of a constant float32 channel."""

_SMALLEST = 1e-300
