"""The number of multiply-adds, a baseline for every proxy."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from epsilon_research.data import Minibatch
from epsilon_research.metrics.base import Candidate, Score
from epsilon_research.metrics.single_pass import SinglePassMetric
from epsilon_research.programs import (
    RecurrentProgram,
    count_multiply_adds,
    count_step_multiply_adds,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flops(SinglePassMetric):
    """Multiply-adds of convolutions and linear layers for one image; at least 0, higher is better.

    The image has the size of those in the minibatch, the network one output per class. A recurrent
    network is counted for one time step of one sequence: its linear nodes and its decoder.
    """

    name: str = "flops"
    # Two architectures of one function may differ in layers that do not reach the output.
    shared_by_function: bool = False
    candidates_per_chunk: int = 256
    failures: ClassVar[Collection[str] | None] = ()
    further_code: ClassVar[Sequence[str]] = ("epsilon_research.programs",)

    def scorer(self, minibatch: Minibatch) -> Callable[[Candidate], Score]:
        """See `SinglePassMetric`; of the minibatch only the images' size matters."""
        height, width = minibatch.inputs.shape[-2:]

        def score(candidate: Candidate) -> Score:
            program = candidate.classifier
            if isinstance(program, RecurrentProgram):
                return Score(value=float(count_step_multiply_adds(program)))
            return Score(value=float(count_multiply_adds(program, height=height, width=width)))

        return score
