"""Epsilon: how differently outputs are distributed under two constant shared weights."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from epsilon_research.checks import check_choice, is_number
from epsilon_research.data import Minibatch
from epsilon_research.engines import Engine, EngineSession, Outputs
from epsilon_research.metrics.base import Candidate, Evaluator, Metric, Pass, Score
from epsilon_research.metrics.epsilon_formula import (
    DISPERSIONS,
    REASONS,
    RELATIVE,
    first_reason,
    normalise_outputs,
    normalised_score,
    score_resolution,
    undefined_reason,
)
from epsilon_research.store import Evaluation, Form

FLOAT32_DEFINED = "float32_defined"
"""Column: whether the published float32 code would have had a score."""

RESOLUTION = "resolution"
"""Column: the largest rounding error that the score is likely to have, see `score_resolution`."""

RESOLVED = "resolved"
"""Column: whether the score is resolved to a thousandth of itself, or is a tie at 0."""

RELATIVE_RESOLUTION = 1e-3
"""Resolution over score from which a score counts as unresolved."""

_ROUNDING = "rounding"
"""What an evaluation keeps beside its outputs: `Outputs.rounding`, to two digits."""

_EXACT_TIES = "exact_ties"
"""Likewise, `Outputs.exact_ties`."""

_DISCONNECTED_REASON = "disconnected"


def check_weights(weights: Any) -> tuple[float, float]:
    """The pair as two floats, the smaller first.

    Raises:
        ValueError: `weights` is not two distinct positive finite numbers.
    """
    sentence = f"weights must be two distinct positive finite numbers, got {weights!r}"
    advice = ": pass e.g. 'weights=[1e-7,1]'"
    if not isinstance(weights, Sequence) or isinstance(weights, str) or len(weights) != 2:
        raise ValueError(sentence + advice)
    if not all(map(is_number, weights)):
        raise ValueError(sentence + advice)
    low, high = sorted(float(w) for w in weights)
    if not 0 < low < high:
        raise ValueError(sentence + advice)
    return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Epsilon(Metric):
    """The epsilon score; 0 or more, higher is better.

    The network has one output, every bias 0 and every other parameter one constant, batch norm by
    the minibatch. Its outputs under two constants go into `epsilon_score`.

    Args:
        weights: The two constants, in any order; None: a weight rule of the run chooses them.
        engine: Runs the networks.
        dispersion: "relative" as published, the mean absolute difference of the outputs over their
            mean, or "absolute", not divided by the mean. Both are made of the same passes.

    References:
        Gracheva, arXiv 2302.04406.

    Differs from the paper: in exact arithmetic every connected architecture has a score; the
    column `float32_defined` says where the published float32 code has none. The column
    `resolution` estimates the rounding error of each score. An engine of several precisions
    (`engine.dtype=auto`) computes again, in the next finer one, what is not `resolved`; a float64
    score that is not larger than its own rounding error is a tie at 0.
    """

    weights: Sequence[float] | None
    engine: Engine
    dispersion: str = RELATIVE
    name: str = "epsilon"
    shared_by_function: bool = True
    candidates_per_chunk: int = 32

    def __post_init__(self) -> None:
        if self.weights is not None:
            object.__setattr__(self, "weights", check_weights(self.weights))
        check_choice("metric.epsilon.dispersion", self.dispersion, DISPERSIONS)

    @property
    def columns(self) -> Mapping[str, type]:
        """See `Metric`."""
        return {FLOAT32_DEFINED: bool, RESOLUTION: float, RESOLVED: bool}

    @property
    def settings(self) -> Mapping[str, Any]:
        """See `Metric`."""
        return {"weights": list(self._constants), "dispersion": self.dispersion}

    @property
    def _constants(self) -> Sequence[float]:
        """The weights, which a rule must have chosen by now."""
        return check_weights(None) if self.weights is None else self.weights

    @property
    def passes(self) -> Sequence[Pass]:
        """See `Metric`; a forward pass for each precision of the engine and each constant."""
        return [
            Pass(
                metric="epsilon",
                settings={"weight": weight},
                engine=engine.identity,
                code=(__name__, *engine.code),
                form=replace(_FORM, dtype=engine.kept_dtype),
                per_output=True,
            )
            for engine in self.engine.precisions
            for weight in self._constants
        ]

    def evaluator(self, minibatch: Minibatch) -> Evaluator:
        """See `Metric`; an evaluation holds the normalised outputs in the engine's precision."""
        sessions: dict[int, EngineSession] = {}

        def run(stage: int, candidate: Candidate, weights: Sequence[float]) -> list[Evaluation]:
            start = time.perf_counter()
            engine = self.engine.precisions[stage]
            if stage not in sessions:
                sessions[stage] = engine.open(minibatch.inputs)
            outputs = sessions[stage].outputs(candidate.program, weights)
            seconds = (time.perf_counter() - start) / len(weights)
            return [
                _evaluation(output, dtype=engine.kept_dtype, seconds=seconds) for output in outputs
            ]

        def evaluate(candidate: Candidate, passes: Sequence[int]) -> list[Evaluation]:
            if not candidate.connected:
                return [_DISCONNECTED for _ in passes]
            found: dict[int, Evaluation] = {}
            for stage in range(len(self.engine.precisions)):
                numbers = [number for number in passes if number // 2 == stage]
                if numbers:
                    weights = [self._constants[number % 2] for number in numbers]
                    found.update(zip(numbers, run(stage, candidate, weights), strict=True))
            return [found[number] for number in passes]

        return evaluate

    def wanted(self, evaluations: Mapping[int, Evaluation]) -> Sequence[int]:
        """See `Metric`; the passes of the coarsest precision that may resolve the score."""
        last = len(self.engine.precisions) - 1
        for stage in range(last + 1):
            pair = _pair(evaluations, stage)
            if pair is None:
                return [n for n in (2 * stage, 2 * stage + 1) if n not in evaluations]
            if stage == last or self._is_final(pair, stage):
                break
        return []

    def _is_final(self, pair: tuple[Evaluation, Evaluation], stage: int) -> bool:
        if any(evaluation.failure == _DISCONNECTED_REASON for evaluation in pair):
            return True
        return bool(self._score(pair, stage).columns[RESOLVED])

    def score(self, evaluations: Mapping[int, Evaluation]) -> Score:
        """See `Metric`; that of the finest precision at hand."""
        stages = range(len(self.engine.precisions))
        stage = max(stage for stage in stages if _pair(evaluations, stage) is not None)
        pair = _pair(evaluations, stage)
        assert pair is not None
        return self._score(pair, stage)

    def _score(self, pair: tuple[Evaluation, Evaluation], stage: int) -> Score:
        low, high = pair
        columns: dict[str, bool | float] = {
            FLOAT32_DEFINED: bool(low.columns[FLOAT32_DEFINED] and high.columns[FLOAT32_DEFINED]),
            RESOLUTION: math.nan,
            RESOLVED: False,
        }
        reasons = {low.failure, high.failure} - {None}
        if reasons:
            return Score(value=math.nan, failure=first_reason(reasons), columns=columns)
        value = normalised_score(low.values, high.values, dispersion=self.dispersion)
        if math.isnan(value):
            return Score(value=math.nan, failure="no_common_sample", columns=columns)
        dtype = self.engine.precisions[stage].kept_dtype
        resolution = score_resolution(
            low.values,
            high.values,
            rounding=(low.columns[_ROUNDING], high.columns[_ROUNDING]),
            unit_roundoff=float(np.finfo(dtype).eps) / 2,
            exact_ties=low.columns[_EXACT_TIES] and high.columns[_EXACT_TIES],
            dispersion=self.dispersion,
        )
        if dtype == "float64" and value <= resolution:
            # Not a digit of it is known, so that its place among others would be chance.
            value = 0.0
        columns[RESOLUTION] = resolution
        columns[RESOLVED] = value == 0.0 or resolution <= RELATIVE_RESOLUTION * value
        return Score(value=value, columns=columns)


def _pair(
    evaluations: Mapping[int, Evaluation], stage: int
) -> tuple[Evaluation, Evaluation] | None:
    """The evaluations of both weights in one precision, None if one is missing."""
    low, high = evaluations.get(2 * stage), evaluations.get(2 * stage + 1)
    return None if low is None or high is None else (low, high)


_FORM = Form(
    low=0.0,
    high=1.0,
    # NaN is a normalised output of 0.
    columns={FLOAT32_DEFINED: bool, _ROUNDING: float, _EXACT_TIES: bool},
    failures=REASONS,
)


def _evaluation(outputs: Outputs, *, dtype: str, seconds: float) -> Evaluation:
    return Evaluation(
        values=normalise_outputs(outputs.values).astype(dtype),
        failure=undefined_reason(outputs.values),
        columns={
            FLOAT32_DEFINED: outputs.float32_defined,
            # Few distinct values, which the store keeps once each.
            _ROUNDING: float(f"{outputs.rounding:.1e}"),
            _EXACT_TIES: outputs.exact_ties,
        },
        seconds=seconds,
    )


_DISCONNECTED = Evaluation(
    values=np.empty(0, np.float32),
    failure=_DISCONNECTED_REASON,
    columns={FLOAT32_DEFINED: False, _ROUNDING: 0.0, _EXACT_TIES: True},
)
