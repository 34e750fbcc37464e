"""SNIP's sum without the absolute values."""

from dataclasses import dataclass
from typing import ClassVar

from epsilon_research.metrics.network_gradients import loss_gradients
from epsilon_research.metrics.network_metric import NetworkMetric, Subject, check_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain(NetworkMetric):
    """Σ over weights of weight · ∂loss/∂weight, either sign; higher is taken as better.

    Weights are those of convolutions and linear layers; the loss is the mean cross-entropy. Terms
    of both signs nearly cancel out (those of a layer before a batch norm wholly, but for eps), so
    that published values differ with the implementation: on 40 cells of NAS-Bench-201 the ranks of
    two seeds correlate by 0.05.

    Args:
        seed: Of the network's parameters.
        num_samples: Images of the minibatch that it sees, the first ones; None: all.

    References:
        Abdelfattah et al., "Zero-Cost Proxies for Lightweight NAS", ICLR 2021, their code.
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
