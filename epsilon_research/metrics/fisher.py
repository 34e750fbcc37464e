"""Fisher information of the channels of an untrained network, summed over its weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from epsilon_research.metrics.network_gradients import loss_of
from epsilon_research.metrics.network_metric import NetworkMetric, Subject, check_settings
from epsilon_research.metrics.untrained_network import (
    fan_in,
    positions_of,
    watching,
    weighted_layers,
)
from epsilon_research.programs.operations import Convolution, Linear

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Fisher(NetworkMetric):
    """Sum over all weights of the Fisher pruning score of their output channel; at least 0.

    With a the output of a convolution or linear layer (batch, channels, height, width) and L the
    mean cross-entropy, the score of a channel is ½ · mean over images of (Σ over pixels of
    a · ∂L/∂a)². A channel counts once for each entry of its weight, `fan_in` times in all. Higher
    is taken as better.

    Args:
        seed: Seed of the network's parameters.
        num_samples: Number of images to use, the first of the minibatch; None uses all.

    References:
        Theis et al., "Faster gaze prediction with dense networks and Fisher pruning", 2018, arXiv
        1801.05787; Turner et al., "BlockSwap", ICLR 2020. The sum over weights is that
        of Abdelfattah et al., "Zero-Cost Proxies for Lightweight NAS", ICLR 2021, section 3:
        SamsungLabs/zero-cost-nas, foresight/pruners/measures/fisher.py.
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
            fan_in(layer) * _channels(values.detach(), gradient)
            for layer, values, gradient in zip(
                weighted_layers(network), maps, gradients, strict=True
            )
        )


def _channels(values: "torch.Tensor", gradient: "torch.Tensor") -> float:
    per_image = (values * gradient).sum(dim=(2, 3))  # (batch, channels)
    return float(per_image.square().mean(dim=0).sum()) / 2
