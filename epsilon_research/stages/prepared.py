"""What a run works on, between the reading of its files and its scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from epsilon_research.benchmarks import AccuracyTable
from epsilon_research.data import Minibatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a run works on, read and checked: the architectures, the minibatch, the accuracies.

    `accuracies` are the table's rows of `ids`, in that order; None without a table. `seconds` is
    how long all that took.
    """

    ids: Sequence[str]
    minibatch: Minibatch
    table: AccuracyTable | None
    accuracies: pd.DataFrame | None
    seconds: float
