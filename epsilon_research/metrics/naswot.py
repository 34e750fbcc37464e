"""NASWOT: how well the activation patterns of an untrained network distinguish images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epsilon_research.metrics.network_metric import (
    NetworkMetric,
    Subject,
    UndefinedScoreError,
    check_finite,
    check_settings,
)
from epsilon_research.metrics.untrained_network import positions_of, watching
from epsilon_research.programs.operations import ReLU

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Naswot(NetworkMetric):
    """log |det K|, where K[i, j] counts the units with one state for images i and j.

    A unit is one channel and pixel of a ReLU's map, and its state is whether its input is positive.
    Higher is better.

    Args:
        seed: Seed of the network's parameters.
        num_samples: Number of images to use, the first of the minibatch; None uses all.

    References:
        Mellor et al., "Neural Architecture Search without Training", ICML 2021, equation 2 (arXiv
        2006.04647 version 2); automl/NASLib (branch zerocost),
        naslib/predictors/pruners/measures/nwot.py.
    """

    name: str = "naswot"
    seed: int = 0
    num_samples: int | None = 64
    shared_by_function: bool = False
    candidates_per_chunk: int = 4

    def __post_init__(self) -> None:
        check_settings(self.name, seed=self.seed, num_samples=self.num_samples)

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        import torch

        network = subject.build()
        batch = len(subject.images)
        kernel = np.zeros((batch, batch))

        def add(_: int, values: "torch.Tensor") -> None:
            on = (values > 0).flatten(1).float()  # (batch, units)
            # Integers below 2^24: exact in float32.
            both_on = (on @ on.T).double().numpy()
            counts = both_on.diagonal()
            kernel[:] += on.shape[1] + 2 * both_on - counts[:, None] - counts[None, :]

        places = positions_of(subject.program, ReLU)
        with torch.no_grad(), watching(network, places, inputs=add):
            check_finite(network(subject.images))
        sign, logarithm = np.linalg.slogdet(kernel)
        if sign == 0:
            raise UndefinedScoreError("singular_kernel")
        return float(logarithm)
