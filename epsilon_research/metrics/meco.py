"""How far a network's maps of one image are from depending on each other."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from epsilon_research.metrics.network_metric import (
    NetworkMetric,
    Subject,
    UndefinedScoreError,
    check_settings,
)
from epsilon_research.metrics.untrained_network import watching

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Meco(NetworkMetric):
    """Σ over layers of the least eigenvalue of the correlation matrix of their channels.

    The channels are a layer's output for the minibatch's first image, as vectors over pixels; every
    layer counts, batch norms, ReLUs, pools and sums too. A correlation with a constant channel is
    0, its own too. At least 0 but for rounding, higher is better.

    Args:
        seed: Of the network's parameters.

    References:
        Jiang, Wang and Bie, "MeCo: Zero-Shot NAS with One Data and Single Forward Pass via Minimum
        Eigenvalue of Correlation", NeurIPS 2023, equation 8, and their code.

    Differs from the published code: the image is the minibatch's first one instead of 64 × 64
    noise, and modules that only contain others are not counted again.
    """

    name: str = "meco"
    seed: int = 0
    shared_by_function: bool = False
    candidates_per_chunk: int = 8

    def __post_init__(self) -> None:
        check_settings(self.name, seed=self.seed)

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        import torch

        network = subject.build()
        found: list[float] = []
        places = range(1, len(network.layers))
        with (
            torch.no_grad(),
            watching(network, places, outputs=lambda _, output: found.append(_least(output[0]))),
        ):
            network(subject.images[:1])
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
"""A deviation of so much of its mean is the rounding of a constant float32 channel."""

_SMALLEST = 1e-300
