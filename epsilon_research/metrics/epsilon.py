"""Epsilon: how differently outputs are distributed under two constant shared weights."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from epsilon_research.engines import Engine
from epsilon_research.metrics.base import Candidate, Metric, Score
from epsilon_research.metrics.epsilon_formula import epsilon_score

FLOAT32_DEFINED = "float32_defined"
"""Column: whether the published float32 code would have had a score."""


def check_weights(weights: Any) -> tuple[float, float]:
    """The pair as two floats, the smaller first.

    Raises:
        ValueError: `weights` is not two distinct positive finite numbers.
    """
    sentence = f"weights must be two distinct positive finite numbers, got {weights!r}"
    advice = ": pass e.g. 'weights=[1e-7,1]'"
    if not isinstance(weights, Sequence) or isinstance(weights, str) or len(weights) != 2:
        raise ValueError(sentence + advice)
    if not all(isinstance(w, int | float) and not isinstance(w, bool) for w in weights):
        raise ValueError(sentence + advice)
    low, high = sorted(float(w) for w in weights)
    if not (0 < low < high < math.inf):
        raise ValueError(sentence + advice)
    return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Epsilon(Metric):
    """The epsilon score; 0 or more, higher is better.

    The network has one output, every bias 0 and every other parameter one constant, batch norm by
    the minibatch. Its outputs under two constants go into `epsilon_score`.

    Args:
        weights: The two constants, in any order.
        engine: Runs the networks.

    References:
        Gracheva, arXiv 2302.04406.

    Differs from the paper: in exact arithmetic every connected architecture has a score; the
    column `float32_defined` says where the published float32 code has none.
    """

    weights: Sequence[float]
    engine: Engine
    shared_by_function: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", check_weights(self.weights))

    @property
    def columns(self) -> Mapping[str, type]:
        """See `Metric`."""
        return {FLOAT32_DEFINED: bool}

    @property
    def settings(self) -> Mapping[str, Any]:
        """See `Metric`."""
        return {"weights": list(self.weights)}

    @property
    def values_per_score(self) -> int:
        """See `Metric`; one forward pass for each constant."""
        return len(self.weights)

    def scorer(self, images: np.ndarray) -> Callable[[Candidate], Score]:
        """See `Metric`."""
        session = self.engine.open(images)

        def score(candidate: Candidate) -> Score:
            if not candidate.connected:
                undefined = {FLOAT32_DEFINED: False}
                return Score(value=math.nan, failure="disconnected", columns=undefined)
            low, high = session.outputs(candidate.program, self.weights)
            columns = {FLOAT32_DEFINED: low.float32_defined and high.float32_defined}
            value = epsilon_score(low.values, high.values)
            if math.isnan(value):
                reason = _reason(low.values, high.values)
                return Score(value=value, failure=reason, columns=columns)
            return Score(value=value, columns=columns)

        return score


def _reason(low: np.ndarray, high: np.ndarray) -> str:
    """Why two output vectors have no score."""
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return "overflow"
    if low.min() == low.max() or high.min() == high.max():
        return "constant_output"
    return "no_common_sample"
