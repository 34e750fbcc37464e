"""What a search did: its trials, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Trial(NamedTuple):
    """One architecture that was asked for.

    `fitness` is higher-is-better and NaN where there is none; `repeated` says that this search had
    asked for it before.
    """

    architecture_id: str
    fitness: float
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """The trials of one search, and which of them count as trained.

    Args:
        trials: All of them, in order.
        counts_repeats: Whether a repeated architecture counts as trained again.
    """

    trials: Sequence[Trial]
    counts_repeats: bool

    @property
    def trained(self) -> list[Trial]:
        """The trials that count, in order: the unit of a budget and of a curve."""
        return [trial for trial in self.trials if self.counts_repeats or not trial.repeated]

    @property
    def num_repeated(self) -> int:
        """Number of trials of an architecture that had been asked for before."""
        return sum(trial.repeated for trial in self.trials)
