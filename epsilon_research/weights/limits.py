"""The limits w→0 and w→∞: the pair beyond which no weight changes a score any more."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float

from epsilon_research.checks import check_integer, check_number
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.metrics import Epsilon
from epsilon_research.scoring import Scoring
from epsilon_research.weights.base import ChosenPair, WeightRule
from epsilon_research.weights.plateau import limit_place, pairwise_changes
from epsilon_research.weights.sample import draw_functions, evaluate_weights, sample_record

_EVERY_DECADE_TO = 10
_FARTHEST = 300
"""Decades. Weights of 1e-300 and 1e300 are ordinary float64 numbers, and the collapse carries
its exponent apart from them; at 308 float64 ends."""
_MOST_UNDEFINED = 0.5
"""Share of the sample that may be without a score at the ends: where there are no limits it is
nearly all of it, while some networks of any space have constant outputs (one in twelve cells of
TransNAS-Bench-101)."""
_MIN_SAMPLE = 2


def _outwards(first: int) -> list[int]:
    """Decades from `first` outwards: each of them for a while, then each twice as far."""
    far = [2**power * _EVERY_DECADE_TO for power in range(1, 5)]
    return [*range(first, _EVERY_DECADE_TO + 1), *far, _FARTHEST]


def _weight(exponent: int) -> float:
    # Of the text, since powers of ten are a digit off now and then, and the store would take
    # 1e-23 and a neighbour of it for two weights.
    return float(f"1e{exponent}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(WeightRule):
    """The innermost powers of ten beyond which normalised outputs do not change any more.

    Why there are limits, where a convolution is followed by batch norm:

    * w→0: a signal's variance falls below batch norm's eps, which then divides by sqrt(eps)
      whatever the signal: the network is linear but for ReLU and max pooling, each convolution
      with its batch norm multiplies by a constant · w², and of several paths into a sum only those
      with the fewest convolutions are left. Relative corrections are of the order of w²: a decade
      gains two digits.
    * w→∞: eps vanishes beside the variance and batch norm gives w times a map of mean 0 and
      variance 1. Only ratios between paths can depend on w: on NAS-Bench-201 the shortcut that
      halves the resolution is a convolution without batch norm, gains a factor w over what runs
      beside it, and corrections are of the order of 1/w, a digit a decade. NAS-Bench-101 has batch
      norm after every convolution, and is at its limit as soon as eps is small.

    Between them outputs change with every decade. NAS-Bench-NLP has no limits: biases are w like
    the weights, so that differences between samples vanish beside constants as w→0, tanh and
    sigmoid saturate as w→∞, and either way most outputs become constant. The rule then says so.

    An architecture whose outputs are alike at both limits scores 0 but for rounding, as a quarter
    of the connected NAS-Bench-201 cells do: their order among themselves is noise.

    A weight is compared with *all* tried weights further out, to 1e-300 or 1e300, so that a
    plateau in the middle is not taken for the limit.

    Args:
        sample_size: Connected architectures of distinct function that are looked at, drawn from
            the whole space.
        tolerance: The largest change of any architecture's outputs that counts as none, see
            `output_changes`; between 0 and 1, well above rounding (3e-6 with maps in float32).
        beyond: Decades by which the pair lies outside the limits on both sides, for studies of how
            a score settles; negative: inside.
    """

    sample_size: int = 100
    tolerance: float = 1e-3
    beyond: int = 0
    name: ClassVar[str] = "limits"

    def __post_init__(self) -> None:
        sample, beyond = "weight_rule.sample_size", "weight_rule.beyond"
        check_integer(sample, self.sample_size, at_least=_MIN_SAMPLE, example=100)
        check_integer(beyond, self.beyond, at_least=-_FARTHEST, example=0)
        check_number("weight_rule.tolerance", self.tolerance, above=0, below=1, example=1e-3)

    def check(self, metric: Epsilon) -> None:
        """See `WeightRule`; at weights far out ordinary arithmetic has nothing left."""
        if not isinstance(metric.engine, CollapsedEngine):
            raise ValueError(
                "weight_rule=limits must have an engine whose numbers neither underflow nor "
                f"overflow, got engine={metric.engine.name}: pass engine=collapsed, or "
                "weights in place of the rule"
            )

    def choose(self, *, metric: Epsilon, scoring: Scoring, rng: np.random.Generator) -> ChosenPair:
        """See `WeightRule`.

        The record: `limits` and `beyond`; for both sides each tried weight with the largest and
        median change to the next and the largest to any further one; the sample, and how many of
        it were left out because the farthest weights leave them without a score.
        """
        ids, descriptions = draw_functions(scoring, count=self.sample_size, rng=rng)
        if len(ids) < _MIN_SAMPLE:
            raise ValueError(
                f"weight_rule=limits must have {_MIN_SAMPLE} connected architectures of "
                f"distinct function or more, got {len(ids)} on {scoring.space.name}: choose "
                "another search space, or pass weight_rule=published"
            )

        def outputs(exponents: Sequence[int]) -> Float[np.ndarray, "architectures weights values"]:
            weights = [_weight(exponent) for exponent in exponents]
            rows = evaluate_weights(metric, ids, descriptions, weights=weights, scoring=scoring)
            return np.stack([[evaluation.values for evaluation in row] for row in rows])

        sides = {"low": [-decade for decade in _outwards(1)], "high": _outwards(0)}
        # The farthest weights first, so that a space without limits is recognised soon.
        kept = _defined_at([-_FARTHEST, _FARTHEST], outputs, scoring=scoring)
        both = outputs([*sides["low"], *sides["high"]])[kept]
        parts = np.split(both, [len(sides["low"])], axis=1)
        found, rows = {}, {}
        for (side, exponents), part in zip(sides.items(), parts, strict=True):
            changes = pairwise_changes(part)
            rows[side] = _rows(exponents, changes)
            place = limit_place(changes.max(axis=2), tolerance=self.tolerance)
            if place is None:
                raise ValueError(self._no_limit(side, rows[side], scoring))
            found[side] = exponents[place]
        pair = (found["low"] - self.beyond, found["high"] + self.beyond)
        record = {
            "limits": [_weight(exponent) for exponent in found.values()],
            "beyond": self.beyond,
            "tolerance": self.tolerance,
            "sample": sample_record(ids, pool_size=len(scoring.space.architecture_ids)),
            "left_out": int((~kept).sum()),
            **rows,
        }
        return ChosenPair(weights=self._checked(pair, found), record=record)

    def _checked(self, pair: tuple[int, int], limits: Mapping[str, int]) -> tuple[float, float]:
        low, high = pair
        if not (-_FARTHEST <= low < high <= _FARTHEST):
            raise ValueError(
                "weight_rule.beyond must leave a pair in order, between "
                f"1e-{_FARTHEST} and 1e{_FARTHEST}, got {self.beyond} from the limits "
                f"1e{limits['low']} and 1e{limits['high']}: pass one nearer to 0"
            )
        return _weight(low), _weight(high)

    def _no_limit(self, side: str, rows: Sequence[Mapping[str, Any]], scoring: Scoring) -> str:
        beyond = rows[-4]["largest_change_beyond"]
        return (
            f"weight_rule=limits must find a {side} weight beyond which outputs change by less "
            f"than {self.tolerance:g}, got changes up to {beyond:.2g} beyond "
            f"{rows[-4]['weight']:g} on {scoring.space.name}: raise weight_rule.tolerance, or "
            "pass weight_rule=published"
        )


def _defined_at(
    exponents: Sequence[int], outputs: Callable[[Sequence[int]], np.ndarray], *, scoring: Scoring
) -> Bool[np.ndarray, " architectures"]:
    """Return which architectures have outputs at all of these weights.

    Raises:
        ValueError: Too many have none.
    """
    undefined = np.isnan(outputs(exponents)).all(axis=2)
    share = undefined.mean(axis=0)
    if (share > _MOST_UNDEFINED).any():
        shares = " and ".join(
            f"{part:.0%} at {_weight(exponent):g}"
            for part, exponent in zip(share, exponents, strict=True)
        )
        raise ValueError(
            "weight_rule=limits must have networks whose outputs differ between samples "
            f"however small or large the weight, got constant or infinite outputs of {shares} "
            f"on {scoring.space.name}: there is no limit, pass weight_rule=published"
        )
    return np.logical_not(np.logical_or.reduce(undefined, axis=1))


def _rows(
    exponents: Sequence[int], changes: Float[np.ndarray, "weights weights architectures"]
) -> list[dict[str, float]]:
    """The record of one side, from the inside outwards; the last weight has nothing after it."""
    largest, median = changes.max(axis=2), np.median(changes, axis=2)
    rows = []
    for place, exponent in enumerate(exponents):
        after = largest[place, place + 1 :]
        rows.append(
            {
                "weight": _weight(exponent),
                "largest_change": float(after[0]) if after.size else math.nan,
                "median_change": float(median[place, place + 1]) if after.size else math.nan,
                "largest_change_beyond": float(after.max()) if after.size else math.nan,
            }
        )
    return rows
