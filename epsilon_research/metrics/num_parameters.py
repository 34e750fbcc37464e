"""The number of trainable parameters, the baseline for every proxy."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import ClassVar

from epsilon_research.data import Minibatch
from epsilon_research.metrics.base import Candidate, Score
from epsilon_research.metrics.single_pass import SinglePassMetric


@dataclass(frozen=True, slots=True, kw_only=True)
class NumParameters(SinglePassMetric):
    """Number of trainable parameters, one output per class; at least 0, higher is better."""

    name: str = "num_parameters"
    # Two architectures of one function may differ in parameters that do not reach the output.
    shared_by_function: bool = False
    candidates_per_chunk: int = 4096
    failures: ClassVar[Collection[str] | None] = ()

    def scorer(self, minibatch: Minibatch) -> Callable[[Candidate], Score]:
        """See `SinglePassMetric`; the minibatch does not matter."""
        return lambda candidate: Score(value=float(candidate.num_parameters))
