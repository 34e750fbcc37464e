"""The contract of a store: evaluations by circumstances and by architecture."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from epsilon_research.store.form import ANY_FORM, Form

ABSENT = -1
"""The place of a key that a shelf does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The result of one pass over an architecture: all that its scores are made of.

    Args:
        values: Float array of one dimension, of one length and type throughout a shelf; where
            there are none, of any length: it comes back as NaN.
        failure: Why there are no values, or None.
        columns: Further facts by name, as JSON can hold them.
        seconds: How long it took.
    """

    values: np.ndarray
    failure: str | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


class Shelf(ABC):
    """Evaluations of one identity, by 16-byte keys."""

    @abstractmethod
    def locate(self, rows: Mapping[bytes, int], places: np.ndarray) -> None:
        """Notes where keys lie: what has come onto the shelf since the last call, or has gone.

        Args:
            rows: The wanted keys, each with its position in `places`.
            places: int64; entries that are `ABSENT` and found now are set, those of parts that
                have gone are `ABSENT` again.
        """

    @abstractmethod
    def read(self, place: int) -> Evaluation | None:
        """The evaluation at a place that `locate` gave; None if it cannot be read any more."""

    @abstractmethod
    def add(self, key: bytes, evaluation: Evaluation) -> None:
        """Takes an evaluation; durable after the next `flush`."""

    @abstractmethod
    def flush(self) -> None:
        """Writes what was added.

        Raises:
            OSError: It cannot be written now. What was written before is safe, and what was added
                is there for the next `flush`.
        """


class Store(ABC):
    """A place for evaluations."""

    keeps: bool
    """True if what is added is there for the next run."""

    @abstractmethod
    def check(self) -> None:
        """Fails early if the store cannot be used.

        Raises:
            OSError: It cannot be read, or is not there and cannot be made.
        """

    @abstractmethod
    def shelf(self, identity: Mapping[str, Any], *, form: Form = ANY_FORM) -> Shelf:
        """Return the shelf of evaluations whose values depend on exactly `identity` and their key.

        Args:
            identity: The identity in a form that JSON can hold.
            form: What is taken for an evaluation; anything else is damage.
        """

    @property
    @abstractmethod
    def remarks(self) -> Sequence[str]:
        """Problems so far that did not end the run, one sentence each."""
