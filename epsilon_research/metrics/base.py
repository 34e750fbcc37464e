"""The contract of a metric: one zero-cost proxy, candidate and minibatch to a score."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from epsilon_research.programs import Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What a metric may know of an architecture: its untrained network, nothing of its space.

    `program` has one output, `num_parameters` counts the trained network, and `connected` says
    whether the output depends on the input at all.
    """

    program: Program
    num_parameters: int
    connected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A score, higher is better, or NaN with the reason why there is none.

    `columns` are further facts that a metric records, by the name they get behind the metric's.
    """

    value: float
    failure: str | None = None
    columns: Mapping[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if math.isnan(self.value) == (self.failure is None):
            raise ValueError(
                f"a score must be a number or have a reason why not, got {self.value} "
                f"with reason {self.failure!r}"
            )


class Metric(ABC):
    """A zero-cost proxy."""

    shared_by_function: bool
    """Whether architectures that are the same function of constant weights have one score."""

    @property
    @abstractmethod
    def columns(self) -> Mapping[str, type]:
        """Names and types of the further columns that each score brings."""

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """What a run's record should say of it, e.g. {"weights": [1e-7, 1.0]}."""

    @property
    @abstractmethod
    def values_per_score(self) -> int:
        """How many forward passes or look-ups one score takes, for the run's count."""

    @abstractmethod
    def scorer(self, images: np.ndarray) -> Callable[[Candidate], Score]:
        """A function that scores candidates on one minibatch, (batch, channels, height, width)."""
