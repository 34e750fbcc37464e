"""SNIP: the sensitivity of the loss to each weight of an untrained network."""

from dataclasses import dataclass
from typing import ClassVar

from epsilon_research.metrics.network_gradients import loss_gradients
from epsilon_research.metrics.network_metric import NetworkMetric, Subject, check_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Snip(NetworkMetric):
    """Sum over weights of |weight · ∂L/∂weight|; at least 0, higher is better.

    Weights are those of convolutions and linear layers; L is the mean cross-entropy.

    Args:
        seed: Seed of the network's parameters.
        num_samples: Number of images to use, the first of the minibatch; None uses all.

    References:
        Lee et al., "SNIP: Single-Shot Network Pruning Based on Connection Sensitivity", ICLR 2019,
        equation 6, without its normalisation, summed as in Abdelfattah et al., "Zero-Cost Proxies
        for Lightweight NAS", ICLR 2021, section 3: SamsungLabs/zero-cost-nas,
        foresight/pruners/measures/snip.py.
    """

    name: str = "snip"
    seed: int = 0
    num_samples: int | None = 64
    shared_by_function: bool = False
    candidates_per_chunk: int = 4
    uses_labels: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_settings(self.name, seed=self.seed, num_samples=self.num_samples)

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        return sum(
            float((weight * gradient).abs().sum()) for weight, gradient in loss_gradients(subject)
        )
