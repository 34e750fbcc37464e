"""The contract of a benchmark: trained results by architecture id."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

ACCURACIES = ("validation_accuracy", "test_accuracy")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyTable:
    """Trained results of many architectures.

    Args:
        name: Of the benchmark.
        rows: Columns `architecture_id` (unique strings), `validation_accuracy` and
            `test_accuracy` (float64; fractions in [0, 1], or losses; NaN where unknown).
        target: Which of the two columns statistics are computed on.
        higher_is_better: False for losses.
        source: One line: where the numbers are from.
        label: What the target is, for a figure's axis.
    """

    name: str
    rows: pd.DataFrame
    target: str
    higher_is_better: bool
    source: str
    label: str

    def __post_init__(self) -> None:
        if self.target not in ACCURACIES:
            raise ValueError(
                f"benchmark.target must be {' or '.join(ACCURACIES)}, got {self.target!r}"
            )
        _check_ids(self.rows, self.name)
        for column in ACCURACIES:
            _check_column(self.rows[column], self.name, fractions=self.higher_is_better)
        if self.rows[self.target].isna().all():
            raise ValueError(
                f"{self.name} must have a {self.target} for some architecture, got none: choose "
                "the other benchmark.target"
            )

    def lookup(self, architecture_ids: Sequence[str]) -> pd.DataFrame:
        """Both accuracy columns for `architecture_ids`, in their order; NaN where unknown.

        Raises:
            ValueError: No architecture is in the table.
        """
        found = self.rows.set_index("architecture_id")[list(ACCURACIES)].reindex(
            list(architecture_ids)
        )
        known = self.rows["architecture_id"]
        if len(architecture_ids) and not known.isin(architecture_ids).any():
            raise ValueError(
                f"{self.name} must share architectures with the search space, got none in common: "
                f"the table has e.g. {known.iloc[0]!r}, the space {architecture_ids[0]!r}"
            )
        return found.reset_index(drop=True)


def _check_ids(rows: pd.DataFrame, name: str) -> None:
    ids = rows["architecture_id"]
    if ids.empty:
        raise ValueError(f"{name} must have at least one row, got none")
    if ids.isna().any():
        raise ValueError(f"{name} must have an id in every row, got {int(ids.isna().sum())} empty")
    repeated = ids[ids.duplicated()]
    if not repeated.empty:
        raise ValueError(
            f"{name} must have one row per architecture, got {repeated.iloc[0]!r} and "
            f"{len(repeated) - 1} others more than once"
        )


def _check_column(values: pd.Series, name: str, *, fractions: bool) -> None:
    numbers = values.to_numpy(dtype=np.float64)
    if np.isinf(numbers).any():
        raise ValueError(f"{name} must have finite or missing {values.name}, got infinity")
    if not fractions or np.isnan(numbers).all():
        return
    low, high = np.nanmin(numbers), np.nanmax(numbers)
    if low < 0 or high > 1:
        raise ValueError(
            f"{values.name} of {name} must be a fraction between 0 and 1, got {low:g} to {high:g}: "
            "for percentages pass benchmark.unit=percent, for losses "
            "benchmark.higher_is_better=false"
        )


class Benchmark(ABC):
    """Where trained results come from."""

    @abstractmethod
    def load(self) -> AccuracyTable | None:
        """The table, or None if there is none and the run does not correlate.

        Raises:
            FileNotFoundError: A file does not exist.
            ValueError: A file is not what it must be.
        """
