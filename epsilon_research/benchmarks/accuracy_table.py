"""What a benchmark loads: trained results by architecture id, checked once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

ACCURACIES = ("validation_accuracy", "test_accuracy")

SECOND = "second_test_accuracy"
"""Optional column: test accuracies of other training runs of the same architectures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyTable:
    """Trained results of many architectures.

    Args:
        name: Name of the benchmark.
        rows: Columns `architecture_id` (unique strings), `validation_accuracy` and
            `test_accuracy` (float64; fractions in [0, 1], or losses; NaN where unknown); perhaps
            `second_test_accuracy`, which a search that selects on `test_accuracy` reports.
        target: Which of the two columns statistics are computed on.
        higher_is_better: False for losses.
        source: One line: where the numbers are from.
        label: What the target is, for a figure's axis.
        second_source: Likewise of `second_test_accuracy`, empty without that column.
        second_label: Likewise.
    """

    name: str
    rows: pd.DataFrame
    target: str
    higher_is_better: bool
    source: str
    label: str
    second_source: str = ""
    second_label: str = ""

    def __post_init__(self) -> None:
        if self.target not in ACCURACIES:
            raise ValueError(
                f"benchmark.target must be {' or '.join(ACCURACIES)}, got {self.target!r}: "
                "choose one of the two"
            )
        missing = {"architecture_id", *ACCURACIES} - set(self.rows)
        if missing:
            raise ValueError(
                f"{self.name} must have the columns architecture_id, {', '.join(ACCURACIES)}, got "
                f"none called {', '.join(sorted(missing))}: add it, NaN where unknown"
            )
        _check_ids(self.rows.loc[:, "architecture_id"], self.name)
        for column in [name for name in (*ACCURACIES, SECOND) if name in self.rows]:
            _check_column(self.rows.loc[:, column], self.name, fractions=self.higher_is_better)
        if not self.rows[self.target].notna().to_numpy().any():
            raise ValueError(
                f"{self.name} must have a {self.target} for some architecture, got none: choose "
                "the other benchmark.target"
            )

    def renamed(self, ids: Sequence[str | None]) -> "AccuracyTable":
        """The same table with other ids, one for each row in order; rows of None are left out.

        Raises:
            ValueError: No row is left, or two have one id.
        """
        rows = self.rows.assign(architecture_id=pd.Series(list(ids), index=self.rows.index))
        kept = rows[rows["architecture_id"].notna()].reset_index(drop=True)
        if kept.empty:
            raise ValueError(
                f"{self.name} must name architectures of the chosen search space, got e.g. "
                f"{self.rows['architecture_id'].iloc[0]!r}: pass this space's benchmark, or "
                "benchmark=none"
            )
        return replace(self, rows=kept)

    def lookup(self, architecture_ids: Sequence[str]) -> pd.DataFrame:
        """Return both accuracy columns for `architecture_ids`, in their order; NaN where unknown.

        Raises:
            ValueError: No architecture is in the table.
        """
        known = self.rows["architecture_id"]
        if len(architecture_ids) and not known.isin(architecture_ids).to_numpy().any():
            raise ValueError(
                f"{self.name} must know some of the chosen architectures, got none in common: the "
                f"table has e.g. {known.iloc[0]!r}, chosen was e.g. {architecture_ids[0]!r}: pass "
                "this space's benchmark, other architectures, or benchmark=none"
            )
        accuracies = self.rows.set_index("architecture_id").loc[:, list(ACCURACIES)]
        return accuracies.reindex(list(architecture_ids)).reset_index(drop=True)


def _check_ids(ids: pd.Series, name: str) -> None:
    if ids.empty:
        raise ValueError(
            f"{name} must have at least one row, got none: give it rows or pass benchmark=none"
        )
    if ids.isna().any():
        raise ValueError(
            f"{name} must have an id in every row, got {int(ids.isna().sum())} without, the first "
            f"in row {int(ids.isna().to_numpy().argmax())} (counted from 0): leave such rows out"
        )
    repeated = ids.loc[ids.duplicated()]
    if not repeated.empty:
        raise ValueError(
            f"{name} must have one row per architecture, got {len(repeated)} repeated, e.g. "
            f"{repeated.iloc[0]!r}: keep one row of each"
        )


def _check_column(values: pd.Series, name: str, *, fractions: bool) -> None:
    numbers = values.to_numpy(dtype=np.float64)
    if np.isinf(numbers).any():
        raise ValueError(
            f"{values.name} of {name} must be finite or missing, got infinity: leave it empty "
            "where it is unknown"
        )
    if not fractions or np.isnan(numbers).all():
        return
    low, high = np.nanmin(numbers), np.nanmax(numbers)
    if low < 0 or high > 1:
        raise ValueError(
            f"{values.name} of {name} must be a fraction between 0 and 1, got {low:g} to {high:g}: "
            "divide percentages by 100 or pass benchmark.unit=percent, for losses pass "
            "benchmark.higher_is_better=false"
        )
