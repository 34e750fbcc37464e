"""How many different ways a network's units have of telling images apart."""

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
class Swap(NetworkMetric):
    """The number of different sample-wise activation patterns; higher is better.

    The pattern of a unit (a channel and pixel of a ReLU) is for which images of the minibatch it is
    on. At least 1, at most the number of units, or 2^batch.

    Args:
        seed: Of the network's parameters.
        num_samples: Images of the minibatch that it sees, the first ones; None: all.

    References:
        Peng et al., "SWAP-NAS: Sample-Wise Activation Patterns for Ultra-fast NAS", ICLR 2024,
        definitions 3.1 and 3.2, without the regularisation of 3.3.
    """

    name: str = "swap"
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
        patterns: list[np.ndarray] = []

        def add(_: int, values: "torch.Tensor") -> None:
            on = (values > 0).flatten(1).numpy()  # (batch, units)
            patterns.append(distinct(np.packbits(on, axis=0).T))

        places = positions_of(subject.program, ReLU)
        with torch.no_grad(), watching(network, places, inputs=add):
            check_finite(network(subject.images))
        if not patterns:
            raise UndefinedScoreError("no_activation")
        return float(len(distinct(np.concatenate(patterns))))


def distinct(rows: np.ndarray) -> np.ndarray:
    """The different rows of bytes, in some order."""
    width = -rows.shape[1] % 8
    padded = np.pad(rows, ((0, 0), (0, width)))
    words = np.ascontiguousarray(padded).view(np.uint64)  # (rows, words)
    for column in range(words.shape[1]):
        words = words[np.argsort(words[:, column], kind="stable")]
    new = np.ones(len(words), dtype=bool)
    new[1:] = (words[1:] != words[:-1]).any(axis=1)
    return words[new].view(np.uint8)[:, : rows.shape[1]]
