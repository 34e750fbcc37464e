"""Epsilon: how differently outputs are distributed under two constant shared weights."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from epsilon_research.data import Minibatch
from epsilon_research.engines import Engine, Outputs
from epsilon_research.metrics.base import Candidate, Evaluator, Metric, Pass, Score
from epsilon_research.metrics.epsilon_formula import (
    DISPERSIONS,
    RELATIVE,
    first_reason,
    normalise_outputs,
    normalised_score,
    undefined_reason,
)
from epsilon_research.store import Evaluation

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
        dispersion: "relative" as published, the mean absolute difference of the outputs over their
            mean, or "absolute", not divided by the mean. Both are made of the same passes.

    References:
        Gracheva, arXiv 2302.04406.

    Differs from the paper: in exact arithmetic every connected architecture has a score; the
    column `float32_defined` says where the published float32 code has none.
    """

    weights: Sequence[float]
    engine: Engine
    dispersion: str = RELATIVE
    shared_by_function: bool = True
    candidates_per_chunk: int = 32

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", check_weights(self.weights))
        if self.dispersion not in DISPERSIONS:
            raise ValueError(
                f"metric.epsilon.dispersion must be one of {', '.join(DISPERSIONS)}, got "
                f"{self.dispersion!r}: pass e.g. metric.epsilon.dispersion={RELATIVE}"
            )

    @property
    def columns(self) -> Mapping[str, type]:
        """See `Metric`."""
        return {FLOAT32_DEFINED: bool}

    @property
    def settings(self) -> Mapping[str, Any]:
        """See `Metric`."""
        return {"weights": list(self.weights), "dispersion": self.dispersion}

    @property
    def passes(self) -> Sequence[Pass]:
        """See `Metric`; one forward pass for each constant."""
        return [
            Pass(
                metric="epsilon",
                settings={"weight": weight},
                engine=self.engine.identity,
                code=(__name__, *self.engine.code),
            )
            for weight in self.weights
        ]

    def evaluator(self, minibatch: Minibatch) -> Evaluator:
        """See `Metric`; an evaluation holds the normalised outputs in the engine's precision."""
        session = self.engine.open(minibatch.inputs)

        def evaluate(candidate: Candidate, passes: Sequence[int]) -> list[Evaluation]:
            start = time.perf_counter()
            if not candidate.connected:
                return [_DISCONNECTED for _ in passes]
            outputs = session.outputs(candidate.program, [self.weights[i] for i in passes])
            seconds = (time.perf_counter() - start) / len(passes)
            return [self._evaluation(output, seconds=seconds) for output in outputs]

        return evaluate

    def _evaluation(self, outputs: Outputs, *, seconds: float) -> Evaluation:
        return Evaluation(
            values=normalise_outputs(outputs.values).astype(self.engine.dtype),
            failure=undefined_reason(outputs.values),
            columns={FLOAT32_DEFINED: outputs.float32_defined},
            seconds=seconds,
        )

    def score(self, evaluations: Sequence[Evaluation]) -> Score:
        """See `Metric`."""
        low, high = evaluations
        defined = low.columns[FLOAT32_DEFINED] and high.columns[FLOAT32_DEFINED]
        columns = {FLOAT32_DEFINED: bool(defined)}
        reasons = {low.failure, high.failure} - {None}
        if reasons:
            return Score(value=math.nan, failure=first_reason(reasons), columns=columns)
        value = normalised_score(low.values, high.values, dispersion=self.dispersion)
        failure = "no_common_sample" if math.isnan(value) else None
        return Score(value=value, failure=failure, columns=columns)


_DISCONNECTED = Evaluation(
    values=np.empty(0, np.float32), failure="disconnected", columns={FLOAT32_DEFINED: False}
)
