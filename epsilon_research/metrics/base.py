"""The contract of a metric: one zero-cost proxy, candidate and minibatch to a score."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from epsilon_research.data import Minibatch
from epsilon_research.programs import AnyProgram
from epsilon_research.store import ANY_FORM, Evaluation, Form


class Candidate:
    """An architecture as a metric knows it: its untrained network, nothing of its space.

    Args:
        build: Gives the network's program with so many outputs; called when one is asked for.
        num_classes: Outputs of the trained network.
        num_parameters: Parameters of the trained network.
        connected: Whether the output depends on the input at all.
        architecture_id: Its name, for looking it up in a file; None if it has none.
    """

    def __init__(
        self,
        *,
        build: Callable[[int], AnyProgram],
        num_classes: int,
        num_parameters: int,
        connected: bool,
        architecture_id: str | None = None,
    ) -> None:
        self._build = build
        self._num_classes = num_classes
        self.num_parameters = num_parameters
        self.connected = connected
        self.architecture_id = architecture_id

    @cached_property
    def program(self) -> AnyProgram:
        """The network with one output, which epsilon scores."""
        return self._build(1)

    @cached_property
    def classifier(self) -> AnyProgram:
        """The network with one output for each class, as it is trained."""
        return self._build(self._num_classes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A score, higher is better, or NaN with the reason why there is none.

    `columns` are further facts that a metric records, by the name they get behind the metric's.
    """

    value: float
    failure: str | None = None
    columns: Mapping[str, bool | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if math.isnan(self.value) == (self.failure is None):
            raise ValueError(
                f"a score must be a number or have a reason why not, got {self.value} "
                f"with reason {self.failure!r}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One independent computation that a score is made of, and all that it depends on.

    Two metrics with an equal pass share its evaluations: so 28 pairs of 8 weights are 8 passes.

    Args:
        metric: What computes it.
        settings: Its parameters, as JSON can hold them.
        engine: What runs the network, as JSON can hold it; empty if nothing does.
        code: Modules whose code makes the numbers.
        uses_labels: Whether the minibatch's labels matter.
        form: What its evaluations look like; the store takes anything else for damage.
        per_output: Whether they have one value for each output of a network on the minibatch.
    """

    metric: str
    settings: Mapping[str, Any]
    engine: Mapping[str, Any] = field(default_factory=dict)
    code: Sequence[str]
    uses_labels: bool = False
    form: Form = ANY_FORM
    per_output: bool = False


Evaluator = Callable[[Candidate, Sequence[int]], list[Evaluation]]
"""Evaluates a candidate in the passes whose numbers are given, in that order."""


class Metric(ABC):
    """A zero-cost proxy.

    A score is computed in two steps: passes over the network, which are costly and kept in the
    score store, and a formula that makes a score of what they gave.
    """

    name: str
    """Name in the configuration."""
    shared_by_function: bool
    """True if architectures with the same function of constant weights have one score."""
    candidates_per_chunk: int
    """Number of candidates of a chunk of work, which takes a few tenths of a second."""

    @property
    def columns(self) -> Mapping[str, type]:
        """Names and types of the further columns that each score brings; none unless overridden."""
        return {}

    @property
    def settings(self) -> Mapping[str, Any]:
        """What a run's record should say of it, e.g. {"weights": [1e-7, 1.0]}; likewise."""
        return {}

    @property
    def label(self) -> str:
        """Label of the score's axis in figures, with a unit; empty: the column's name."""
        return ""

    @property
    @abstractmethod
    def passes(self) -> Sequence[Pass]:
        """The passes that a score is made of: one for each weight, or a single look."""

    @abstractmethod
    def evaluator(self, minibatch: Minibatch) -> Evaluator:
        """A function that evaluates candidates on one minibatch."""

    def wanted(self, evaluations: Mapping[int, Evaluation]) -> Sequence[int]:
        """Passes that a score still needs; all that are not at hand unless overridden.

        Args:
            evaluations: The evaluations at hand, by the number of their pass.

        Returns:
            Numbers of passes; empty where `evaluations` make a score.
        """
        return [number for number in range(len(self.passes)) if number not in evaluations]

    @abstractmethod
    def score(self, evaluations: Mapping[int, Evaluation]) -> Score:
        """The score that evaluations make, by the number of their pass; `wanted` is empty.

        Always of evaluations as the store keeps them, so that a score is the same number whether
        they were computed now or read.
        """


def evaluations_of(
    metric: Metric, evaluate: Evaluator, candidate: Candidate
) -> dict[int, Evaluation]:
    """The evaluations that make a candidate's score, by the number of their pass."""
    evaluations: dict[int, Evaluation] = {}
    while wanted := metric.wanted(evaluations):
        evaluations.update(zip(wanted, evaluate(candidate, wanted), strict=True))
    return evaluations


def scorer_of(metric: Metric, minibatch: Minibatch) -> Callable[[Candidate], Score]:
    """A function that scores candidates one by one with the passes that a metric wants."""
    evaluate = metric.evaluator(minibatch)
    return lambda candidate: metric.score(evaluations_of(metric, evaluate, candidate))
