"""How much the size of the gradient would change if single weights were removed."""

from dataclasses import dataclass
from typing import ClassVar

from epsilon_research.metrics.network_gradients import loss_of, weight_gradients
from epsilon_research.metrics.network_metric import NetworkMetric, Subject, check_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Grasp(NetworkMetric):
    """−Σ over weights of weight · (H g); either sign, higher is taken as better.

    With g the gradient of the mean cross-entropy for the weights of convolutions and linear layers
    and H its derivative, the Hessian.

    Args:
        seed: Of the network's parameters.
        num_samples: Images of the minibatch that it sees, the first ones; None: all.

    References:
        Wang, Zhang and Grosse, "Picking Winning Tickets Before Training by Preserving Gradient
        Flow", ICLR 2020, equation 8, with the sign and the sum of Abdelfattah et al., "Zero-Cost
        Proxies for Lightweight NAS", ICLR 2021.
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
