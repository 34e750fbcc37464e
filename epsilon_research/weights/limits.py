"""The limits w→0 and w→∞: the pair beyond which no weight changes a score any more."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from epsilon_research.checks import check_integer, check_number
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.metrics import Epsilon
from epsilon_research.scoring import Scoring
from epsilon_research.weights.base import ChosenPair, WeightRule
from epsilon_research.weights.sample import draw_functions, evaluate_weights, sample_record

_FARTHEST = 300
"""Decades. Weights of 1e-300 and 1e300 are ordinary float64 numbers, and the collapse carries
its exponent apart from them; at 308 float64 ends."""
_OUTWARDS = [*range(11), 20, 40, 80, 160, _FARTHEST]
"""Decades that are tried: each of them for a while, then each twice as far."""
_MOST_UNDEFINED = 0.5
"""Share of the sample that may be without a score at the ends: where there are no limits it is
nearly all of it, while some networks of any space have constant outputs (one in twelve cells of
TransNAS-Bench-101)."""
_MIN_SAMPLE = 2
_CONFIRMATIONS = 3
"""Weights further out that a limit is compared with at least."""


def _weights(exponents: Sequence[int]) -> list[float]:
    # Of the text, since powers of ten are a digit off now and then, and the store would take
    # 1e-23 and a neighbour of it for two weights.
    return [float(f"1e{exponent}") for exponent in exponents]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(WeightRule):
    """The innermost powers of ten beyond which normalised outputs do not change any more.

    There are limits where a convolution is followed by batch norm:

    * w→0: a signal's variance falls below batch norm's eps, so that each convolution with its batch
      norm multiplies by a constant · w², and of several paths into a sum only those with the fewest
      convolutions are left. A decade gains two digits.
    * w→∞: eps vanishes beside the variance, and batch norm gives w times a map of mean 0 and
      variance 1. Where a path has a convolution without batch norm, as the shortcuts of
      NAS-Bench-201, it gains a factor w over what runs beside it, and a decade gains a digit;
      NAS-Bench-101 has none and is at its limit as soon as eps is small.

    Between them outputs change with every decade. NAS-Bench-NLP has no limits: its biases are w,
    too, and tanh and sigmoid saturate, so that either way most outputs become constant.

    An architecture whose outputs are alike at both limits scores 0 but for rounding, as a quarter
    of the connected NAS-Bench-201 cells do: their order among themselves is noise.

    A weight is compared with *all* tried weights further out, to 1e-300 or 1e300, so that a plateau
    in the middle is not taken for the limit. `tolerance` bounds the change of any architecture's
    outputs, see `output_changes`, and lies well above rounding (3e-6 with float32 maps).
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
            weights = _weights(exponents)
            rows = evaluate_weights(metric, ids, descriptions, weights=weights, scoring=scoring)
            return np.stack([[evaluation.values for evaluation in row] for row in rows])

        # The farthest weights first, so that a space without limits is recognised soon.
        undefined = np.isnan(outputs([-_FARTHEST, _FARTHEST])).all(axis=2)
        low, high = undefined.mean(axis=0)
        if max(low, high) > _MOST_UNDEFINED:
            raise ValueError(
                "weight_rule=limits must have networks whose outputs differ between samples "
                "however small or large the weight, got constant or infinite outputs of "
                f"{low:.0%} at 1e-{_FARTHEST} and {high:.0%} at 1e+{_FARTHEST} on "
                f"{scoring.space.name}: there is no limit, pass weight_rule=published"
            )
        kept = ~np.logical_or.reduce(undefined, axis=1)
        sides = {"low": [-decade for decade in _OUTWARDS[1:]], "high": _OUTWARDS}
        both = outputs([*sides["low"], *sides["high"]])[kept]
        parts = np.split(both, [len(sides["low"])], axis=1)
        found, rows = {}, {}
        for (side, exponents), part in zip(sides.items(), parts, strict=True):
            changes = pairwise_changes(part)
            rows[side] = _rows(_weights(exponents), changes)
            place = limit_place(changes.max(axis=2), tolerance=self.tolerance)
            if place is None:
                beyond = rows[side][-1 - _CONFIRMATIONS]
                raise ValueError(
                    f"weight_rule=limits must find a {side} weight beyond which outputs change by "
                    f"less than {self.tolerance:g}, got changes up to "
                    f"{beyond['largest_change_beyond']:.2g} beyond {beyond['weight']:g} on "
                    f"{scoring.space.name}: raise weight_rule.tolerance, or pass "
                    "weight_rule=published"
                )
            found[side] = exponents[place]
        record = {
            "limits": _weights(list(found.values())),
            "beyond": self.beyond,
            "tolerance": self.tolerance,
            "sample": sample_record(ids, pool_size=len(scoring.space.architecture_ids)),
            "left_out": int((~kept).sum()),
            **rows,
        }
        low, high = found["low"] - self.beyond, found["high"] + self.beyond
        if not (-_FARTHEST <= low < high <= _FARTHEST):
            raise ValueError(
                "weight_rule.beyond must leave a pair in order, between "
                f"1e-{_FARTHEST} and 1e{_FARTHEST}, got {self.beyond} from the limits "
                f"1e{found['low']} and 1e{found['high']}: pass one nearer to 0"
            )
        return ChosenPair(weights=_weights([low, high]), record=record)


def _rows(
    weights: Sequence[float], changes: Float[np.ndarray, "weights weights architectures"]
) -> list[dict[str, float]]:
    """The record of one side, from the inside outwards; the last weight has nothing after it."""
    rows = []
    for place, weight in enumerate(weights):
        after = changes[place, place + 1 :]
        largest = after.max(axis=1)
        some = bool(largest.size)
        rows.append(
            {
                "weight": weight,
                "largest_change": float(largest[0]) if some else math.nan,
                "median_change": float(np.median(after[0])) if some else math.nan,
                "largest_change_beyond": float(largest.max()) if some else math.nan,
            }
        )
    return rows


def output_changes(
    first: Float[np.ndarray, "architectures values"],
    second: Float[np.ndarray, "architectures values"],
) -> Float[np.ndarray, " architectures"]:
    """Return how far each architecture's normalised outputs are apart at two weights, in [0, 1].

    Epsilon leaves exact zeros out, so two things make a score: the values, and which of them are
    kept. The change is the larger of the largest difference of a value (one that is left out
    counts as the 0 it is) and the share of values kept at one weight only. With a change of c and
    the same values kept, a score s with any third weight moves by at most about
    c · (1 + s) / (mean of the outputs). Infinite where all of either are left out: no score.

    Args:
        first: What `normalise_outputs` gave at one weight, NaN where left out.
        second: The same at the other weight.
    """
    one, two = np.isnan(first), np.isnan(second)
    values = np.abs(np.where(one, 0, first) - np.where(two, 0, second)).max(axis=1)
    kept = (one != two).mean(axis=1)
    undefined = one.all(axis=1) | two.all(axis=1)
    return np.where(undefined, np.inf, np.maximum(values, kept)).astype(np.float64)


def pairwise_changes(
    outputs: Float[np.ndarray, "architectures weights values"],
) -> Float[np.ndarray, "weights weights architectures"]:
    """Return `output_changes` between every two weights; 0 on the diagonal."""
    count = outputs.shape[1]
    changes = np.zeros((count, count, len(outputs)))
    for one in range(count):
        for two in range(one + 1, count):
            change = output_changes(outputs[:, one], outputs[:, two])
            changes[one, two] = changes[two, one] = change
    return changes


def limit_place(
    changes: Float[np.ndarray, "weights weights"],
    *,
    tolerance: float,
    confirmations: int = _CONFIRMATIONS,
) -> int | None:
    """Return the first place from which on nothing changes by more than `tolerance`, if any.

    It is compared with every place after it, not with its neighbour only: on a plateau in the
    middle neighbours agree, but what comes after the plateau does not, and slow drift adds up.

    Args:
        changes: Change between any two weights, in the order in which they move outwards.
        tolerance: The largest change that counts as none.
        confirmations: How many places must at least come after it.
    """
    for place in range(len(changes) - confirmations):
        if (changes[place, place + 1 :] <= tolerance).all():
            return place
    return None
