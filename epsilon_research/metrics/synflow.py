"""Synaptic flow: the products of absolute weights along all paths, without data."""

import math
from dataclasses import dataclass

from epsilon_research.metrics.network_gradients import weight_gradients
from epsilon_research.metrics.network_metric import (
    NetworkMetric,
    Subject,
    UndefinedScoreError,
    check_settings,
)
from epsilon_research.metrics.untrained_network import without_batch_norm


@dataclass(frozen=True, slots=True, kw_only=True)
class Synflow(NetworkMetric):
    """Logarithm of the sum over weights of |weight · ∂R/∂weight|; higher is better.

    R is the sum of the outputs for one image of ones, with every parameter replaced by its absolute
    value and every batch norm left out; weights are those of convolutions and linear layers.
    Computed in float64, since the sums of NAS-Bench-201 reach 1e61.

    Args:
        seed: Seed of the network's parameters.

    References:
        Tanaka et al., "Pruning neural networks without any data by iteratively conserving synaptic
        flow", NeurIPS 2020, summed as in Abdelfattah et al., "Zero-Cost Proxies for
        Lightweight NAS", ICLR 2021, section 3: SamsungLabs/zero-cost-nas,
        foresight/pruners/measures/synflow.py. The logarithm, which keeps all ranks, is taken by
        automl/NASLib (branch zerocost), naslib/predictors/zerocost.py.
    """

    name: str = "synflow"
    seed: int = 0
    shared_by_function: bool = False
    candidates_per_chunk: int = 4

    def __post_init__(self) -> None:
        check_settings(self.name, seed=self.seed)

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        import torch

        network = without_batch_norm(subject.build()).double()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.abs_()
        ones = torch.ones((1, *subject.images.shape[1:]), dtype=torch.float64)
        flow = sum(
            float((weight * gradient).abs().sum())
            for weight, gradient in weight_gradients(network(ones).sum(), network)
        )
        if flow == 0:
            raise UndefinedScoreError("no_flow")
        return math.log(flow)
