"""Small final classes that stand in for the real ones where a test needs to know every number."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from epsilon_research.data import Minibatch
from epsilon_research.executors import Executor
from epsilon_research.metrics import Candidate, Score, SinglePassMetric
from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.operations import Convolution, GlobalMean, Linear, ReLU, Zero
from epsilon_research.spaces import SearchSpace

LAYERS = {"c": Convolution(1, 1), "r": ReLU(), "z": Zero()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chains(SearchSpace):
    """Chains of layers, named by a string: c a convolution, r a ReLU, z nothing comes through.

    Two ReLUs in a row are one function with one ReLU, and whatever holds a z is disconnected: so
    many strings are few functions.
    """

    name: str = "chains"
    title: str = "Chains"
    input_kind: str = "images"
    num_classes: int = 3
    length: int = 4

    @property
    def architecture_ids(self) -> Sequence[str]:
        """See `SearchSpace`; none of the tests lists them."""
        raise NotImplementedError

    def parse(self, text: str) -> str:
        """See `SearchSpace`."""
        return text

    def program(self, architecture_id: str, *, num_outputs: int) -> Program:
        """See `SearchSpace`."""
        builder = ProgramBuilder(input_channels=1)
        last = builder.input
        for letter in architecture_id:
            last = builder.append(LAYERS[letter], last)
        builder.append(Linear(num_outputs), builder.append(GlobalMean(), last))
        return builder.build()

    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """See `SearchSpace`; none of the tests mutates."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsConvolutions(SinglePassMetric):
    """The number of convolutions, or a failure where there is none."""

    shared_by_function: bool
    name: str = "counts_convolutions"
    candidates_per_chunk: int = 2

    @property
    def columns(self) -> Mapping[str, type]:
        """See `Metric`."""
        return {"many": bool}

    def scorer(self, minibatch: Minibatch) -> Callable[[Candidate], Score]:
        """See `SinglePassMetric`."""

        def score(candidate: Candidate) -> Score:
            layers = [type(layer.operation) for layer in candidate.program.layers]
            count = layers.count(Convolution)
            if not candidate.connected or not count:
                reason = "none" if candidate.connected else "disconnected"
                return Score(value=math.nan, failure=reason, columns={"many": False})
            return Score(value=float(count), columns={"many": count > 1})

        return score


def timeless(frame: pd.DataFrame) -> pd.DataFrame:
    """A table of scores without the columns that are about time."""
    return frame.drop(columns=[name for name in frame.columns if name.endswith("seconds")])


def candidate_of(space: SearchSpace, architecture_id: str, *, connected: bool = True) -> Candidate:
    """An architecture as a metric sees it."""
    return Candidate(
        build=lambda count: space.program(architecture_id, num_outputs=count),
        num_classes=space.num_classes,
        num_parameters=1,
        connected=connected,
        architecture_id=architecture_id,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shuffled(Executor):
    """Gives results in another order than tasks, as processes do."""

    seed: int

    @property
    def num_processes(self) -> int:
        """See `Executor`."""
        return 1

    def map(self, function: Callable, tasks: Iterable) -> Iterator:
        """See `Executor`."""
        tasks = list(tasks)
        order = np.random.default_rng(self.seed).permutation(len(tasks))
        return iter([function(tasks[place]) for place in order])
