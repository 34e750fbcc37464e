"""The sum of SNIP without its absolute values."""

from dataclasses import dataclass
from typing import ClassVar

from epsilon_research.metrics.network_gradients import loss_gradients
from epsilon_research.metrics.network_metric import NetworkMetric, Subject, check_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain(NetworkMetric):
    """Sum over weights of weight · ∂L/∂weight; of either sign, higher is taken as better.

    Weights are those of convolutions and linear layers; L is the mean cross-entropy. Terms of both
    signs nearly cancel (those of a layer before a batch norm entirely, but for its eps), so that
    the ranks are mostly those of the random draw: on 40 cells of NAS-Bench-201 two draws of images,
    labels and parameters rank with ρ 0.03 to each other.

    Args:
        seed: Seed of the network's parameters.
        num_samples: Number of images to use, the first of the minibatch; None uses all.

    References:
        Abdelfattah et al., "Zero-Cost Proxies for Lightweight NAS", ICLR 2021:
        SamsungLabs/zero-cost-nas, foresight/pruners/measures/plain.py.
    """

    name: str = "plain"
    seed: int = 0
    num_samples: int | None = 64
    shared_by_function: bool = False
    candidates_per_chunk: int = 4
    uses_labels: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_settings(self.name, seed=self.seed, num_samples=self.num_samples)

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        return sum(float((weight * gradient).sum()) for weight, gradient in loss_gradients(subject))
