# %% [markdown]
# # Your own search space and metric
#
# A search space says which architectures there are and what network each of them is; a metric makes one number of a network and a minibatch. Neither knows
# the other. This notebook writes one of each, in one cell, scores both beside epsilon, and shows where the files go so that `python run.py` and the contract
# tests find them.

# %% [markdown]
# ## A search space
#
# Four positions, each with one of four operations beside a shortcut, x + op(x): 256 architectures. An architecture is known by its id, e.g. `conv3x3-pool-none-conv1x1`.
# The class gives the list of ids, `parse` (what a user may type), `program` (the network, described once for all engines and counters) and `mutate` (for searches).

# %%
"""Chains of residual positions: a small search space."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.operations import (
    Add,
    AveragePool,
    BatchNorm,
    Convolution,
    GlobalMean,
    Linear,
    ReLU,
    Zero,
)
from epsilon_research.spaces import SearchSpace

LENGTH = 4
OPERATIONS = {
    "none": (Zero(),),
    "pool": (AveragePool(3, stride=1, padding=1),),
    "conv1x1": (ReLU(), Convolution(16, 1), BatchNorm()),
    "conv3x3": (ReLU(), Convolution(16, 3, padding=1), BatchNorm()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain(SearchSpace):
    """Stem, four times x + op(x), BN-ReLU, global mean, linear."""

    name: str = "chain"
    title: str = "Chains"
    input_kind: str = "images"
    num_classes: int = 10

    @property
    def architecture_ids(self) -> Sequence[str]:
        """See `SearchSpace`."""
        return ["-".join(genes) for genes in product(OPERATIONS, repeat=LENGTH)]

    def parse(self, text: str) -> str:
        """See `SearchSpace`."""
        genes = text.strip().split("-")
        if len(genes) != LENGTH or not set(genes) <= set(OPERATIONS):
            raise ValueError(
                f"a chain must be {LENGTH} of {', '.join(OPERATIONS)} joined by -, got "
                f"{text[:100]!r}: correct it"
            )
        return "-".join(genes)

    def program(self, architecture_id: str, *, num_outputs: int) -> Program:
        """See `SearchSpace`."""
        builder = ProgramBuilder(input_channels=3)
        last = builder.append(Convolution(16, 3, padding=1), builder.input)
        for gene in architecture_id.split("-"):
            branch = last
            for operation in OPERATIONS[gene]:
                branch = builder.append(operation, branch)
            last = builder.append(Add(), last, branch)
        for operation in (BatchNorm(), ReLU(), GlobalMean(), Linear(num_outputs)):
            last = builder.append(operation, last)
        return builder.build()

    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """See `SearchSpace`; one position gets another operation."""
        genes = architecture_id.split("-")
        place = int(rng.integers(LENGTH))
        genes[place] = str(rng.choice([name for name in OPERATIONS if name != genes[place]]))
        return "-".join(genes)


# %%
chain = Chain()
print(len(chain.architecture_ids), "architectures,", chain.sample(2, np.random.default_rng(0)))
print("a mutation:", chain.mutate("conv3x3-pool-none-conv1x1", np.random.default_rng(0)))

# %% [markdown]
# A wrong id ends in one sentence that says what must hold, what was given and what to do. Nothing more is needed for the collapse, the PyTorch reference, parameter counts and the canonical hash: they all read the program.

# %%
from epsilon_research.collapse import canonical_hash, lower
from epsilon_research.programs import count_parameters

for architecture_id in ("conv3x3-pool-none-conv1x1", "none-conv3x3-pool-conv1x1"):
    plan = lower(chain.program(architecture_id, num_outputs=1), height=32, width=32)
    parameters = count_parameters(chain.program(architecture_id, num_outputs=10))
    print(architecture_id, f"{parameters:,} parameters, function {canonical_hash(plan)[:8]}")

# %% [markdown]
# Both chains are one function (where `none` stands does not matter), so epsilon scores it once.
#
# ## A metric
#
# How many convolutions lie on the longest path from the image to the output? This *depth* is a property of the network alone, so the metric ignores the
# minibatch. `shared_by_function=False` has it computed for each architecture: it is cheap, and most metrics see more than the function under constant weights.
# An undefined score is NaN with a reason, never a number that stands for one.

# %%
"""Depth: convolutions on the longest path through the network."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from epsilon_research.data import Minibatch
from epsilon_research.metrics import Candidate, Score, SinglePassMetric
from epsilon_research.programs import Program
from epsilon_research.programs.operations import Convolution, Zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth(SinglePassMetric):
    """Convolutions on the longest path from input to output; at least 0, higher is better."""

    name: str = "depth"
    shared_by_function: bool = False
    candidates_per_chunk: int = 256
    further_code: ClassVar[Sequence[str]] = ("epsilon_research.programs",)

    def scorer(self, minibatch: Minibatch) -> Callable[[Candidate], Score]:
        """See `SinglePassMetric`; the minibatch does not matter."""
        return _score


def _score(candidate: Candidate) -> Score:
    if not isinstance(candidate.program, Program):
        return Score(value=math.nan, failure="not_convolutional")
    if not candidate.connected:
        return Score(value=math.nan, failure="disconnected")
    depths = [0.0]
    for operation, inputs, _ in candidate.program.layers[1:]:
        before = max(depths[source] for source in inputs)
        depths.append(-math.inf if isinstance(operation, Zero) else before)
        depths[-1] += isinstance(operation, Convolution)
    return Score(value=depths[-1])


# %% [markdown]
# `further_code` names what else makes the number: the score store keeps values under a digest of that code, so a value of an older version is never taken for today's.
#
# ## Both beside epsilon
#
# On our own space there is no trained accuracy, but scores can be compared with each other:

# %%
import pandas as pd
from rich.console import Console

from epsilon_research.analysis import spearman_rho
from epsilon_research.data.photos import Photos
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.executors import SerialExecutor
from epsilon_research.metrics import Epsilon
from epsilon_research.scoring import Scoring
from epsilon_research.progress import progress

metrics = {
    "epsilon": Epsilon(weights=(1e-7, 1), engine=CollapsedEngine()),
    "depth": Depth(),
}
minibatch = Photos().draw(batch_size=64, rng=np.random.default_rng(21))
scoring = Scoring(space=chain, metrics=metrics, minibatch=minibatch, executor=SerialExecutor())
ids = chain.architecture_ids
with progress(Console(), "scoring", len(ids)) as advance:
    result = scoring.score(ids, scoring.describe(ids, advance=advance), advance=advance)
scores = result.frame

print(f"{len(ids)} chains, {result.num_distinct} distinct functions")
# Rounded, because a chain of shortcuts and pools scores zero but for the last digits.
rho = spearman_rho(scores["epsilon"].round(6).to_numpy(), scores["depth"].to_numpy())
print(f"rank correlation of the two metrics: {rho:.2f}")
shown = ["architecture_id", "num_parameters", "epsilon", "depth"]
scores[shown].sort_values("epsilon", ascending=False, ignore_index=True).round(4)

# %% [markdown]
# The metric needs nothing of our space, so it scores NAS-Bench-201 as well, where accuracies are known. There it can be compared with epsilon on equal rows:

# %%
from epsilon_research.analysis import compare_metrics
from epsilon_research.benchmarks.nb201_analog import Nb201Analog
from epsilon_research.spaces.nb201 import NasBench201
from epsilon_research.pipeline.columns import with_accuracies

space, benchmark = NasBench201(), Nb201Analog().load()
scoring = Scoring(space=space, metrics=metrics, minibatch=minibatch, executor=SerialExecutor())
ids = space.sample(300, np.random.default_rng(21))
with progress(Console(), "scoring", len(ids)) as advance:
    result = scoring.score(ids, scoring.describe(ids, advance=advance), advance=advance)
scores = with_accuracies(result.frame, benchmark.lookup(ids))

comparison = compare_metrics(
    scores,
    metrics=list(metrics),
    target=benchmark.target,
    higher_is_better=benchmark.higher_is_better,
    rng=np.random.default_rng(21),
    num_resamples=300,
)
protocols = ("common", "common_float32")
difference = comparison["common"]["differences"][0]
low, high = difference["difference_interval"]
print(
    f"common: ρ of epsilon less ρ of depth {difference['difference']:.2f} [{low:.2f}, {high:.2f}]"
)
pd.DataFrame(
    {name: {"n": comparison[name]["n"], **comparison[name]["spearman_rho"]} for name in protocols}
).round(3)

# %% [markdown]
# `common` are the cells that both metrics score, `common_float32` those of them that the published float32 code could score. A count of convolutions beats
# epsilon on the first and loses to it on the second: so compare on equal rows, and say on which. A run prints this with further statistics, Steiger's test of the difference
# and rank aggregates, and draws the two metrics against each other.
#
# ## Where the files go
#
# | file | what is in it |
# | --- | --- |
# | `epsilon_research/spaces/chain.py` | the cell with `Chain` |
# | `conf/search_space/chain.yaml` | how it is chosen, below |
# | `epsilon_research/metrics/depth.py` | the cell with `Depth` |
# | `conf/metric/depth.yaml` | how it is chosen, below |
# | `tests/spaces/test_chain.py`, `tests/metrics/test_depth.py` | what you know of the results: small cases by hand |
#
# No existing file is edited but the changelog (CONTRIBUTING.md). The folder `conf/` is the registry. In `chain.yaml`:
#
# ```yaml
# # Chains: four residual positions with one of four operations each, 256 architectures.
# _target_: epsilon_research.spaces.Selection
# space:
#   _target_: epsilon_research.spaces.chain.Chain
#   num_classes: 10           # outputs of the trained networks; decides num_parameters only
# published_weights: [1e-7, 1]
# num_architectures: auto     # a number (seeded sample), all, or auto (what the engine scores quickly)
# first: null                 # the first so many in the order of the ids
# architectures: null         # a file with one architecture a line, or a list
# ```
#
# In `depth.yaml`:
#
# ```yaml
# # Depth: the number of convolutions on the longest path.
# depth:
#   _target_: epsilon_research.metrics.depth.Depth
# ```
#
# Then this works, with store, figures and record, and `make test` runs the contract tests of spaces and metrics on both by itself:
#
# ```
# python run.py search_space=chain benchmark=none 'metric=[epsilon,depth]'
# python run.py 'metric=[epsilon,depth]'
# ```
#
# With accuracies of your own in a file: `benchmark=table benchmark.path=accuracies.parquet`, columns `architecture_id` and `test_accuracy`.
