"""Jacobian covariance: how differently an untrained network reacts to different images."""

import math
from dataclasses import dataclass

import numpy as np

from epsilon_research.metrics.correlations import correlations_of_rows
from epsilon_research.metrics.network_gradients import input_gradients
from epsilon_research.metrics.network_metric import NetworkMetric, Subject, check_settings

_K = 1e-5
"""Keeps the logarithm finite; the published value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JacobCov(NetworkMetric):
    """Sum over eigenvalues v of −(log(v + k) + 1/(v + k)), k = 1e-5; higher is better.

    The v are the eigenvalues of the correlation matrix of the images' gradients: those of the sum
    of all outputs with respect to each image's pixels. At most minus the number of images.

    Args:
        seed: Seed of the network's parameters.
        num_samples: Number of images to use, the first of the minibatch; None uses all.

    References:
        Mellor et al., "Neural Architecture Search without Training", arXiv 2006.04647 version 1;
        SamsungLabs/zero-cost-nas, foresight/pruners/measures/jacob_cov.py.
    """

    name: str = "jacob_cov"
    seed: int = 0
    num_samples: int | None = 64
    shared_by_function: bool = False
    candidates_per_chunk: int = 4

    def __post_init__(self) -> None:
        check_settings(self.name, seed=self.seed, num_samples=self.num_samples)

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        correlations = correlations_of_rows(input_gradients(subject).numpy())
        # Rounding can leave them a little below 0.
        shifted = np.maximum(np.linalg.eigvalsh(correlations), 0.0) + _K
        return -math.fsum(np.log(shifted) + 1 / shifted)
