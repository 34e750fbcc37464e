"""How much the loss would change if single channels were removed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from epsilon_research.metrics.network_gradients import loss_of
from epsilon_research.metrics.network_metric import NetworkMetric, Subject, check_settings
from epsilon_research.metrics.untrained_network import positions_of, watching
from epsilon_research.programs.operations import Convolution, Linear

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Fisher(NetworkMetric):
    """Σ over channels of ½ · mean over images of (Σ over pixels of a · ∂loss/∂a)²; at least 0.

    With a the output of a convolution or linear layer and the loss the mean cross-entropy. Higher
    is taken as better.

    Args:
        seed: Of the network's parameters.
        num_samples: Images of the minibatch that it sees, the first ones; None: all.

    References:
        Theis et al., "Faster gaze prediction with dense networks and Fisher pruning", 2018, and
        Turner et al., "BlockSwap", ICLR 2020, summed as in Abdelfattah et al., "Zero-Cost Proxies
        for Lightweight NAS", ICLR 2021.
    """

    name: str = "fisher"
    seed: int = 0
    num_samples: int | None = 64
    shared_by_function: bool = False
    candidates_per_chunk: int = 4
    uses_labels: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_settings(self.name, seed=self.seed, num_samples=self.num_samples)

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        import torch

        network = subject.build()
        maps: list[torch.Tensor] = []
        places = positions_of(subject.program, Convolution, Linear)
        with watching(network, places, outputs=lambda _, output: maps.append(output)):
            loss = loss_of(network, subject.images, subject.labels)
        gradients = torch.autograd.grad(loss, maps, materialize_grads=True)
        return sum(
            _channels(values.detach(), gradient)
            for values, gradient in zip(maps, gradients, strict=True)
        )


def _channels(values: "torch.Tensor", gradient: "torch.Tensor") -> float:
    per_image = (values * gradient).sum(dim=(2, 3))  # (batch, channels)
    return float(per_image.square().mean(dim=0).sum()) / 2
