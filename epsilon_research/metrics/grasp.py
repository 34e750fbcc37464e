"""GraSP: the sensitivity of the gradient's norm to each weight of an untrained network."""

from dataclasses import dataclass
from typing import ClassVar

from epsilon_research.metrics.network_gradients import loss_of, weight_gradients
from epsilon_research.metrics.network_metric import NetworkMetric, Subject, check_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Grasp(NetworkMetric):
    """Sum over weights of −weight · (H g); of either sign, higher is taken as better.

    g and H are the gradient and the Hessian of the mean cross-entropy with respect to the weights
    of convolutions and linear layers.

    Args:
        seed: Seed of the network's parameters.
        num_samples: Number of images to use, the first of the minibatch; None uses all.

    References:
        Wang, Zhang and Grosse, "Picking Winning Tickets Before Training by Preserving Gradient
        Flow", ICLR 2020, equation 8, with the sign and the sum of Abdelfattah et al., "Zero-Cost
        Proxies for Lightweight NAS", ICLR 2021, section 3: SamsungLabs/zero-cost-nas,
        foresight/pruners/measures/grasp.py.
    """

    name: str = "grasp"
    seed: int = 0
    num_samples: int | None = 64
    shared_by_function: bool = False
    candidates_per_chunk: int = 4
    uses_labels: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_settings(self.name, seed=self.seed, num_samples=self.num_samples)

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        network = subject.build()
        loss = loss_of(network, subject.images, subject.labels)
        gradients = weight_gradients(loss, network, differentiable=True)
        # H g is the gradient of g · (g held constant).
        squares = [(gradient * gradient.detach()).sum() for _, gradient in gradients]
        products = weight_gradients(sum(squares[1:], start=squares[0]), network)
        return -sum(float((weight * product).sum()) for weight, product in products)
