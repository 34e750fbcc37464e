"""The number of layers with weights, a baseline for every proxy."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from epsilon_research.data import Minibatch
from epsilon_research.metrics.base import Candidate, Score
from epsilon_research.metrics.single_pass import SinglePassMetric
from epsilon_research.programs import count_weighted_layers


@dataclass(frozen=True, slots=True, kw_only=True)
class NumLayers(SinglePassMetric):
    """Number of convolutions and linear layers of the network; at least 0, higher is better.

    A recurrent network counts the linear nodes of each layer and its decoder.
    """

    name: str = "num_layers"
    # Two architectures of one function may differ in layers that do not reach the output.
    shared_by_function: bool = False
    candidates_per_chunk: int = 256
    failures: ClassVar[Collection[str] | None] = ()
    further_code: ClassVar[Sequence[str]] = ("epsilon_research.programs",)

    def scorer(self, minibatch: Minibatch) -> Callable[[Candidate], Score]:
        """See `SinglePassMetric`; the minibatch does not matter."""
        return lambda candidate: Score(value=float(count_weighted_layers(candidate.classifier)))
