"""SWAP-Score: the number of distinct sample-wise activation patterns of an untrained network."""

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
from epsilon_research.metrics.untrained_network import (
    gaussian_initialisation,
    positions_of,
    watching,
)
from epsilon_research.programs.operations import ReLU

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap(NetworkMetric):
    """Mean over draws of the weights of the number of distinct sample-wise activation patterns.

    The pattern of a unit (one channel and pixel of a ReLU's map) is the set of images for which it
    is positive. Weights are standard normal, biases 0. The score is at least 1, and at most the
    number of units or 2^images; higher is better. With many images almost every pattern is
    distinct, and the score becomes a count of units: on 26 cells of NAS-Bench-201 its ρ with
    accuracy is .938 with 16 images and .856 with 32.

    Args:
        seed: Seed of the first draw of the parameters; draw i has seed + i.
        num_samples: Number of images to use, the first of the minibatch; None uses all.
        repeats: Number of draws.

    References:
        Peng et al., "SWAP-NAS: Sample-Wise Activation Patterns for Ultra-fast NAS", ICLR 2024,
        definitions 3.1 and 3.2, without the regularisation of 3.3; pym1024/SWAP,
        src/metrics/swap.py, with the settings of its correlation.py: 16 images, Gaussian weights,
        32 repeats.
    """

    name: str = "swap"
    seed: int = 0
    num_samples: int | None = 16
    repeats: int = 32
    shared_by_function: bool = False
    candidates_per_chunk: int = 2

    def __post_init__(self) -> None:
        check_settings(
            self.name, seed=self.seed, num_samples=self.num_samples, repeats=self.repeats
        )

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        draws = (subject._replace(seed=subject.seed + repeat) for repeat in range(self.repeats))
        return sum(map(num_patterns, draws)) / self.repeats


def num_patterns(subject: Subject) -> int:
    """The number of distinct activation patterns of a Gaussian network.

    Raises:
        UndefinedScoreError: The network has no ReLU, or its output is not finite.
    """
    import torch

    network = subject.build(gaussian_initialisation)
    patterns: list[np.ndarray] = []

    def add(_: int, values: "torch.Tensor") -> None:
        on = (values > 0).flatten(1).numpy()  # (batch, units)
        patterns.append(distinct(np.packbits(on, axis=0).T))

    places = positions_of(subject.program, ReLU)
    with torch.no_grad(), watching(network, places, inputs=add):
        check_finite(network(subject.images))
    if not patterns:
        raise UndefinedScoreError("no_activation")
    return len(distinct(np.concatenate(patterns)))


def distinct(rows: np.ndarray) -> np.ndarray:
    """The distinct rows of an array of bytes, in no particular order."""
    width = -rows.shape[1] % 8
    padded = np.pad(rows, ((0, 0), (0, width)))
    words = np.ascontiguousarray(padded).view(np.uint64)  # (rows, words)
    for column in range(words.shape[1]):
        words = words[np.argsort(words[:, column], kind="stable")]
    new = np.ones(len(words), dtype=bool)
    new[1:] = (words[1:] != words[:-1]).any(axis=1)
    return words[new].view(np.uint8)[:, : rows.shape[1]]
