"""What the evaluations of a shelf have in common, by which strange ones are known."""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

_REASON = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form that all evaluations of a shelf must have.

    Args:
        length: Number of values; None: any.
        dtype: Type of values, such as "float32"; None: any.
        low: The smallest value.
        high: The largest value.
        gaps: Whether a value may be NaN without a failure.
        columns: Names and types of the further facts; None: any.
        failures: Reasons; None: any word.
    """

    length: int | None = None
    dtype: str | None = None
    low: float = -math.inf
    high: float = math.inf
    gaps: bool = True
    columns: Mapping[str, type] | None = None
    failures: Collection[str] | None = None

    def check(
        self,
        values: np.ndarray,
        *,
        failures: Collection[str],
        columns: Collection[Mapping[str, Any]],
    ) -> None:
        """Refuse evaluations of another form.

        Args:
            values: (rows, length) of the evaluations without a failure.
            failures: The distinct reasons of the others.
            columns: The distinct further facts of all.

        Raises:
            ValueError: They have another form.
        """
        for reason in failures:
            known = self.failures is None or reason in self.failures
            if not (known and _REASON.fullmatch(reason)):
                raise ValueError(f"an unknown failure {reason[:40]!r}")
        for facts in columns:
            self._check_columns(facts)
        if len(values):
            self._check_values(values)

    def _check_columns(self, facts: Mapping[str, Any]) -> None:
        if self.columns is None:
            return
        if facts.keys() != self.columns.keys():
            raise ValueError(f"columns {sorted(facts)} instead of {sorted(self.columns)}")
        for name, kind in self.columns.items():
            value = facts[name]
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (number if kind is float else type(value) is kind):
                raise ValueError(f"a column {name} that is not of type {kind.__name__}")

    def _check_values(self, values: np.ndarray) -> None:
        if self.length not in (None, values.shape[1]):
            raise ValueError(f"{values.shape[1]} values instead of {self.length}")
        if self.dtype not in (None, values.dtype.name):
            raise ValueError(f"values of type {values.dtype} instead of {self.dtype}")
        if not self.gaps and np.isnan(values).any():
            raise ValueError("a value that is NaN without a failure")
        low, high = np.fmin.reduce(values, axis=None), np.fmax.reduce(values, axis=None)
        if low < self.low or high > self.high:
            raise ValueError(
                f"values from {low:g} to {high:g} instead of {self.low:g} to {self.high:g}"
            )


ANY_FORM = Form()
