"""What the tests of weight rules choose for: a small minibatch of noise, and epsilon."""

from typing import Any

import numpy as np

from epsilon_research.data.synthetic import RandomNormal
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.executors import SerialExecutor
from epsilon_research.metrics import Epsilon
from epsilon_research.scoring import Scoring
from epsilon_research.spaces import SearchSpace
from epsilon_research.weights.base import ChosenPair, WeightRule

METRIC = Epsilon(weights=[1e-7, 1], engine=CollapsedEngine(dtype="float32"))
MINIBATCH = RandomNormal(image_size=8).draw(batch_size=16, rng=np.random.default_rng(0))


def scoring_of(space: SearchSpace, **changes: Any) -> Scoring:
    """A scoring of `space` in this process, without a store unless `changes` bring one."""
    parts = {
        "space": space,
        "metrics": {"epsilon": METRIC},
        "minibatch": MINIBATCH,
        "executor": SerialExecutor(),
    }
    return Scoring(**parts | changes)


def choose(rule: WeightRule, scoring: Scoring, *, seed: int = 0) -> ChosenPair:
    """What a rule chooses for epsilon with a generator of that seed."""
    return rule.choose(metric=METRIC, scoring=scoring, rng=np.random.default_rng(seed))
