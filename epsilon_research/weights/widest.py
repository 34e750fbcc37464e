"""The paper's search for weights: the widest pair that leaves few architectures undefined."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool

from epsilon_research.checks import check_choice, check_integer, check_number
from epsilon_research.metrics import Epsilon, Score
from epsilon_research.metrics.epsilon import FLOAT32_DEFINED
from epsilon_research.scoring import Scoring
from epsilon_research.weights.base import ChosenPair, WeightRule
from epsilon_research.weights.sample import evaluate_weights, sample_record

TREATMENTS = {"float32": "paper", "exact": "worst"}
"""Kinds of undefined scores, each with the protocol that treats them so."""

_EXPONENTS = 300
"""Largest power of ten of a weight, in either direction."""


def exponents_by_width(low: int, high: int) -> list[tuple[int, int]]:
    """Return pairs of exponents as the published search tries them, see `Widest`."""
    pairs = combinations(range(low, high + 1), 2)
    return sorted(pairs, key=lambda pair: (pair[0] - pair[1], pair[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Widest(WeightRule):
    """The first pair of powers of ten, by width, with few enough undefined scores.

    All pairs between two exponents are tried, the widest first and of one width the lowest first;
    the first with a share of undefined scores *below* `most_undefined` is taken. The architectures
    are drawn once, with replacement, by NumPy's legacy generator with a `seed` of its own, as in
    the published code: on NAS-Bench-201 they are the very ones that it draws. Disconnected ones
    count.

    Undefined is "float32", what the published float32 code leaves undefined, or "exact", what has
    no score in exact arithmetic, which among images is what is disconnected.

    References:
        Gracheva, arXiv 2302.04406, and the function `search_weights` of its published code.

    Differs from the published code: that turns infinite outputs into missing values before it
    normalises, here one infinite output makes a float32 score undefined; float32 overflows from
    weights of 1 on at the earliest.
    """

    undefined: str = "float32"
    num_architectures: int = 100
    most_undefined: float = 0.1
    low_exponent: int = -7
    high_exponent: int = 0
    seed: int = 21
    name: ClassVar[str] = "widest"

    def __post_init__(self) -> None:
        check_choice("weight_rule.undefined", self.undefined, TREATMENTS)
        for name, least, example in (
            ("num_architectures", 1, 100),
            ("seed", 0, 21),
            ("low_exponent", -_EXPONENTS, -7),
            ("high_exponent", -_EXPONENTS, 0),
        ):
            value = getattr(self, name)
            check_integer(f"weight_rule.{name}", value, at_least=least, example=example)
        most = "weight_rule.most_undefined"
        check_number(most, self.most_undefined, above=0, at_most=1, example=0.1)
        low, high = self.low_exponent, self.high_exponent
        if not low < high <= _EXPONENTS:
            raise ValueError(
                "weight_rule.low_exponent must be below weight_rule.high_exponent, "
                f"both within {_EXPONENTS} of 0, got {low!r} and {high!r}: pass e.g. "
                "weight_rule.low_exponent=-7 weight_rule.high_exponent=0"
            )

    def choose(self, *, metric: Epsilon, scoring: Scoring, rng: np.random.Generator) -> ChosenPair:
        """See `WeightRule`.

        The record: `picks`, what the rule picks under each protocol (None: no pair), and `tried`,
        the shares of undefined scores of each pair until all protocols have picked. `paper` counts
        what float32 leaves undefined, `worst` what exact arithmetic does, `connected` the same
        among the connected architectures.
        """
        pool = scoring.space.architecture_ids
        # Only the legacy generator gives the architectures that the published code draws.
        generator = np.random.RandomState(self.seed)
        places: list[int] = generator.choice(len(pool), self.num_architectures).tolist()
        ids = [pool[place] for place in places]
        descriptions = scoring.describe(ids)
        exponents = range(self.low_exponent, self.high_exponent + 1)
        weights = [float(f"1e{exponent}") for exponent in exponents]
        found = evaluate_weights(metric, ids, descriptions, weights=weights, scoring=scoring)
        connected = np.array([facts.connected for facts in descriptions])
        picks: dict[str, list[float] | None] = dict.fromkeys(("paper", "connected", "worst"))
        tried: list[dict[str, Any]] = []
        for low, high in exponents_by_width(0, len(weights) - 1):
            scores = [metric.score({0: row[low], 1: row[high]}) for row in found]
            shares = undefined_shares(scores, connected=connected)
            pair = [weights[low], weights[high]]
            tried.append({"weights": pair, "undefined": shares})
            for protocol, share in shares.items():
                if picks[protocol] is None and share < self.most_undefined:
                    picks[protocol] = pair
            if None not in picks.values():
                break
        protocol = TREATMENTS[self.undefined]
        pick = picks[protocol]
        if pick is None:
            fewest = min(one["undefined"][protocol] for one in tried)
            raise ValueError(
                f"weight_rule=widest must find a pair with less than {self.most_undefined:.0%} "
                f"undefined scores, got {fewest:.0%} at best among {len(tried)}: raise "
                "weight_rule.most_undefined, or widen weight_rule.low_exponent and .high_exponent"
            )
        record = {
            "undefined": self.undefined,
            "picks": picks,
            "most_undefined": self.most_undefined,
            "sample": sample_record(ids, pool_size=len(pool))
            | {"seed": self.seed, "distinct": len(set(ids))},
            "tried": tried,
        }
        return ChosenPair(weights=pick, record=record)


def undefined_shares(
    scores: Sequence[Score], *, connected: Bool[np.ndarray, " architectures"]
) -> dict[str, float]:
    """Return shares of undefined scores by protocol, NaN where none counts, see `Widest.choose`."""
    exact = np.array([score.failure is not None for score in scores])
    in_float32 = exact | [not score.columns[FLOAT32_DEFINED] for score in scores]
    return {
        "paper": float(in_float32.mean()),
        "connected": float(exact[connected].mean()) if connected.any() else float("nan"),
        "worst": float(exact.mean()),
    }
