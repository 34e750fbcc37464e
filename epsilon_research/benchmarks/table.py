"""A user's own table of accuracies."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from jaxtyping import Float64

from epsilon_research.benchmarks.accuracy_table import ACCURACIES, AccuracyTable
from epsilon_research.benchmarks.base import Benchmark
from epsilon_research.bounded_table import SUFFIXES, listed, read_table
from epsilon_research.checks import check_boolean, check_choice, check_text

_UNITS = {"fraction": 1.0, "percent": 100.0}
"""What a table's numbers are divided by."""

USUAL_NAMES = {
    "id": ("architecture_id", "arch", "arch_str", "genotype", "net", "key", "module_hash", "hash"),
    # After a number of epochs: 108 is the full training of NAS-Bench-101.
    "validation": (
        "validation_accuracy", "val_acc", "val_accuracy", "valid_acc", "valid_accuracy",
        "val_acc_108", "final_validation_accuracy", "validation_accuracy_mean",
    ),
    "test": (
        "test_accuracy", "test_acc", "test_acc_108", "final_test_accuracy", "test_accuracy_mean",
    ),
}  # fmt: skip
"""Names of the columns in files of others; the first that a file has is taken."""

_ROLES: dict[str, str] = dict(zip(ACCURACIES, ("validation", "test"), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Benchmark):
    """A parquet or csv file with one row per architecture.

    Args:
        path: The file; its suffix says which of the two it is.
        target: "validation_accuracy" or "test_accuracy"; None: test if the file has it.
        higher_is_better: False for losses.
        unit: "fraction" or "percent", of both columns; losses that are not percentages keep
            "fraction", which takes numbers as they are.
        id_column: Column of architecture ids, or of other keys that the search space translates;
            None: the first of `USUAL_NAMES` that the file has.
        validation_column: Column of validation accuracies; None likewise.
        test_column: Column of test accuracies; None likewise. At least one of the two must exist.
    """

    path: str
    target: str | None = None
    higher_is_better: bool = True
    unit: str = "fraction"
    id_column: str | None = None
    validation_column: str | None = None
    test_column: str | None = None

    def __post_init__(self) -> None:
        what = "the path of a parquet or csv file"
        check_text("benchmark.path", self.path, what=what, example="accuracies.csv")
        check_boolean("benchmark.higher_is_better", self.higher_is_better)
        named = [name for name in self._named.values() if name is not None]
        if len(set(named)) < len(named):
            raise ValueError(
                "benchmark.id_column, .validation_column and .test_column must differ, got "
                f"{', '.join(map(str, named))}: leave out the one that the file does not have"
            )
        check_choice("benchmark.unit", self.unit, _UNITS)
        if self.target is not None:
            check_choice("benchmark.target", self.target, ACCURACIES)

    @property
    def _named(self) -> dict[str, str | None]:
        """The columns by their roles, as the user named them."""
        names = (self.id_column, self.validation_column, self.test_column)
        return dict(zip(USUAL_NAMES, names, strict=True))

    def load(self) -> AccuracyTable:
        """See `Benchmark`."""
        ids = USUAL_NAMES["id"] if self.id_column is None else (self.id_column,)
        file = _read(Path(self.path), ids)
        columns = self._columns(file)
        rows = pd.DataFrame({"architecture_id": _ids(_column(file, columns["id"]))})
        for name in ACCURACIES:
            column = columns.get(_ROLES[name])
            rows[name] = np.nan if column is None else self._values(_column(file, column))
        target = self._target(columns)
        column = columns[_ROLES[target]]
        return AccuracyTable(
            name=Path(self.path).name,
            rows=rows,
            target=target,
            higher_is_better=self.higher_is_better,
            source=f"{self.path}, column {column}, ids in {columns['id']}",
            label=column.replace("_", " "),
        )

    def _values(self, column: pd.Series) -> Float64[np.ndarray, " architectures"]:
        numbers = _numbers(column, self.path)
        if self.unit == "percent" and self.higher_is_better and not np.isnan(numbers).all():
            low, high = np.nanmin(numbers), np.nanmax(numbers)
            # No table has nothing above one per cent: such numbers are fractions.
            if low < 0 or high > 100 or high <= 1:
                raise ValueError(
                    f"column {column.name!r} of {self.path} must be percentages between 0 and 100 "
                    f"with benchmark.unit=percent, got {low:g} to {high:g}: correct it, or pass "
                    "benchmark.unit=fraction"
                )
        return numbers / _UNITS[self.unit]

    def _columns(self, file: pd.DataFrame) -> dict[str, str]:
        """The file's column for each role, "id", "validation" and "test", that it has."""
        missing = [name for name in self._named.values() if name not in (None, *file.columns)]
        if missing:
            raise ValueError(
                f"{self.path} must have a column {missing[0]!r}, got {_listed(file)}: correct "
                "benchmark.id_column, .validation_column or .test_column, or leave it out"
            )
        found = {
            role: name
            for role, named in self._named.items()
            if (name := named or self._usual(role, file)) is not None
        }
        self._check_found(found, file, roles=("id",), what="architecture ids")
        self._check_found(found, file, roles=tuple(_ROLES.values()), what="accuracies")
        return found

    def _check_found(
        self, found: dict[str, str], file: pd.DataFrame, *, roles: Sequence[str], what: str
    ) -> None:
        if not any(role in found for role in roles):
            usual = ", ".join(name for role in roles for name in USUAL_NAMES[role])
            settings = " or ".join(f"benchmark.{role}_column" for role in roles)
            only = str(file.columns[0]) if len(file.columns) == 1 else ""
            advice = f"name it with {settings}"
            if ";" in only or "\t" in only:
                advice = "separate its values by commas"
            raise ValueError(
                f"{self.path} must have a column of {what} (e.g. {usual}), got {_listed(file)}: "
                f"{advice}"
            )

    def _usual(self, role: str, file: pd.DataFrame) -> str | None:
        # What the user gave to another role is not found here again.
        free = [name for name in USUAL_NAMES[role] if name not in self._named.values()]
        return next((name for name in free if name in file), None)

    def _target(self, columns: dict[str, str]) -> str:
        if self.target is None:
            return "test_accuracy" if "test" in columns else "validation_accuracy"
        if _ROLES[self.target] not in columns:
            raise ValueError(
                f"{self.path} must have a column for benchmark.target={self.target}, got only "
                f"{', '.join(name for role, name in columns.items() if role != 'id')}: choose the "
                f"other target, or name the column with benchmark.{_ROLES[self.target]}_column"
            )
        return self.target


def _listed(file: pd.DataFrame) -> str:
    return listed(list(file.columns))


def _read(path: Path, id_columns: Sequence[str]) -> pd.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(
            f"benchmark.path must be an existing parquet or csv file, got {str(path)!r}, which is "
            "not a file: check the path"
        )
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"benchmark.path must end in .parquet or .csv, got {str(path)!r}: convert it"
        )
    return read_table(path, setting="benchmark.path", text=id_columns)


def _column(file: pd.DataFrame, name: str) -> pd.Series:
    return cast("pd.Series", file[name])


def _ids(column: pd.Series) -> pd.Series:
    text = column.astype(object)
    return text.where(column.isna(), text.map(str))


def _numbers(column: pd.Series, path: str) -> Float64[np.ndarray, " architectures"]:
    wrong = f"column {column.name!r} of {path} must hold numbers, got"
    advice = "correct it, and leave unknown values empty"
    # pandas would take dates, durations and booleans for numbers.
    if column.dtype.kind in "Mmb":
        raise ValueError(f"{wrong} {column.dtype}: {advice}")
    try:
        numbers = cast("pd.Series", pd.to_numeric(column))
        return numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ValueError(f"{wrong} {reason}: {advice}") from error
