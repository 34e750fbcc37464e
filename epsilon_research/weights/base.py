"""The contract of a weight rule, and what a run does with one."""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from epsilon_research.metrics import Epsilon, Metric
from epsilon_research.metrics.epsilon import check_weights
from epsilon_research.scoring import Scoring

EPSILON = "epsilon"
"""The metric that a rule is for; others keep their weights."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenPair:
    """The pair of constants, the smaller first, and what a run's record should say about it."""

    weights: Sequence[float]
    record: Mapping[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", check_weights(self.weights))


class WeightRule(ABC):
    """A way to choose epsilon's two constants without any accuracy."""

    name: ClassVar[str]
    """The option of `weight_rule` that chooses it."""

    def check(self, metric: Epsilon) -> None:  # noqa: B027, most rules can choose for any
        """Refuse, before any work, a metric that the rule cannot choose for, by a ValueError."""

    @abstractmethod
    def choose(self, *, metric: Epsilon, scoring: Scoring, rng: np.random.Generator) -> ChosenPair:
        """Return the pair for a space and minibatch.

        Args:
            metric: Epsilon with its engine; its own weights do not matter.
            scoring: The run's space, minibatch, executor and store; its metrics do not matter.
            rng: Draws the architectures that are looked at.

        Raises:
            ValueError: There is no such pair here; the sentence says why.
            OSError: A worker process died twice, or the store cannot be written.
        """


def check_rule(
    rule: WeightRule | None, *, metrics: Mapping[str, Metric], published: Sequence[float] | None
) -> WeightRule | None:
    """Return the rule that chooses the weights of a run, None where they are known.

    Args:
        rule: The rule of the configuration.
        metrics: The run's metrics.
        published: The pair of the paper on the search space. None: there is none, so that the rule
            was not asked for, but stands in for it: weights that are given are preferred.

    Raises:
        ValueError: The rule has no metric epsilon, or one whose weights were given, too, or that it
            cannot choose for; or weights are neither known nor chosen.
    """
    metric = metrics.get(EPSILON)
    if published is None and (not isinstance(metric, Epsilon) or metric.weights is not None):
        rule = None
    for name, one in metrics.items():
        chosen = rule is not None and name == EPSILON
        if isinstance(one, Epsilon) and one.weights is None and not chosen:
            raise ValueError(
                "weights must be given on a search space for which the paper has none, got none "
                f"for the metric {name}: pass e.g. 'weights=[1e-7,1]', or weight_rule=limits for "
                f"the metric {EPSILON}"
            )
    if rule is None:
        return None
    if not isinstance(metric, Epsilon):
        raise ValueError(
            f"weight_rule={rule.name} must have a metric epsilon to choose weights for, got "
            f"{', '.join(metrics)}: add epsilon to metric=[...] or pass weight_rule=published"
        )
    if published is not None and metric.weights != check_weights(list(published)):
        raise ValueError(
            f"weights must not be given together with weight_rule={rule.name}, which chooses "
            f"them, got weights={list(metric.weights or ())}: leave one of the two out"
        )
    rule.check(metric)
    return rule


def apply_rule(
    rule: WeightRule, *, scoring: Scoring, rng: np.random.Generator
) -> tuple[dict[str, Metric], dict[str, Any]]:
    """Return the metrics of a scoring with the weights that a rule chooses, and its record.

    `check_rule` has accepted the rule; `rng` is that of `WeightRule.choose`.
    """
    metric = scoring.metrics[EPSILON]
    assert isinstance(metric, Epsilon)  # `check_rule` has refused the rest
    start = time.perf_counter()
    pair = rule.choose(metric=metric, scoring=scoring, rng=rng)
    seconds = time.perf_counter() - start
    weights = list(pair.weights)
    logger.info("weight_rule=%s chose weights %s in %.0f s", rule.name, weights, seconds)
    metrics = {**scoring.metrics, EPSILON: replace(metric, weights=weights)}
    return metrics, {"rule": rule.name, "weights": weights, **pair.record, "seconds": seconds}


def epsilon_weights(metrics: Mapping[str, Metric]) -> list[float] | None:
    """Return the pair of the metric epsilon, else of the first metric with weights, else None."""
    pairs = {name: m.settings["weights"] for name, m in metrics.items() if "weights" in m.settings}
    return pairs.get(EPSILON) or next(iter(pairs.values()), None)
