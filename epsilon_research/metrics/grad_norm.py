"""The norm of the loss's gradient before training."""

from dataclasses import dataclass
from typing import ClassVar

from epsilon_research.metrics.network_gradients import loss_gradients
from epsilon_research.metrics.network_metric import NetworkMetric, Subject, check_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class GradNorm(NetworkMetric):
    """Sum over layers of the Euclidean norm of ∂L/∂weight; at least 0, higher is better.

    Layers are convolutions and linear layers; L is the mean cross-entropy.

    Args:
        seed: Seed of the network's parameters.
        num_samples: Number of images to use, the first of the minibatch; None uses all.

    References:
        Abdelfattah et al., "Zero-Cost Proxies for Lightweight NAS", ICLR 2021, section 3:
        SamsungLabs/zero-cost-nas, foresight/pruners/measures/grad_norm.py.
    """

    name: str = "grad_norm"
    seed: int = 0
    num_samples: int | None = 64
    shared_by_function: bool = False
    candidates_per_chunk: int = 4
    uses_labels: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_settings(self.name, seed=self.seed, num_samples=self.num_samples)

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        return sum(float(gradient.norm()) for _, gradient in loss_gradients(subject))
