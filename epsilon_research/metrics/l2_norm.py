"""The norm of the initial weights, mostly a count of layers and channels."""

from dataclasses import dataclass
from typing import ClassVar

from epsilon_research.metrics.network_metric import NetworkMetric, Subject, check_settings
from epsilon_research.metrics.untrained_network import weighted_layers


@dataclass(frozen=True, slots=True, kw_only=True)
class L2Norm(NetworkMetric):
    """Sum over convolutions and linear layers of the weight's Euclidean norm; higher is better.

    Disconnected networks have a score, too.

    Args:
        seed: Seed of the network's parameters.

    References:
        Abdelfattah et al., "Zero-Cost Proxies for Lightweight NAS", ICLR 2021:
        SamsungLabs/zero-cost-nas, foresight/pruners/measures/l2_norm.py.
    """

    name: str = "l2_norm"
    seed: int = 0
    shared_by_function: bool = False
    candidates_per_chunk: int = 16
    needs_connection: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_settings(self.name, seed=self.seed)

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        layers = weighted_layers(subject.build())
        return sum(float(layer.get_parameter("weight").detach().norm()) for layer in layers)
