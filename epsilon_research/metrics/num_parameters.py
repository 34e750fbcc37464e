"""The number of trainable parameters, the baseline that every proxy has to beat."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from epsilon_research.metrics.base import Candidate, Metric, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class NumParameters(Metric):
    """Trainable parameters of the network as it is trained; at least 0, higher is better."""

    # Two architectures of one function may differ in parameters that do not reach the output.
    shared_by_function: bool = False

    @property
    def columns(self) -> Mapping[str, type]:
        """See `Metric`; none."""
        return {}

    @property
    def settings(self) -> Mapping[str, Any]:
        """See `Metric`; none."""
        return {}

    @property
    def values_per_score(self) -> int:
        """See `Metric`."""
        return 1

    def scorer(self, images: np.ndarray) -> Callable[[Candidate], Score]:
        """See `Metric`; the minibatch does not matter."""
        return lambda candidate: Score(value=float(candidate.num_parameters))
