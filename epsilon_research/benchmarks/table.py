"""A user's own table of accuracies."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float64

from epsilon_research.benchmarks.accuracy_table import ACCURACIES, AccuracyTable
from epsilon_research.benchmarks.base import Benchmark

_UNITS = {"fraction": 1.0, "percent": 100.0}
"""What a table's numbers are divided by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Benchmark):
    """A parquet or csv file with one row per architecture.

    Args:
        path: The file; its ending says which of the two it is.
        target: "validation_accuracy" or "test_accuracy"; None: test if the file has it.
        higher_is_better: False for losses.
        unit: "fraction" or "percent", of both columns; losses that are no percentages keep
            "fraction", which takes numbers as they are.
        id_column: Column of architecture ids.
        validation_column: Column of validation accuracies.
        test_column: Column of test accuracies. At least one of the two must exist.
    """

    path: str
    target: str | None = None
    higher_is_better: bool = True
    unit: str = "fraction"
    id_column: str = "architecture_id"
    validation_column: str = "validation_accuracy"
    test_column: str = "test_accuracy"

    def __post_init__(self) -> None:
        if not isinstance(self.path, str):
            raise ValueError(
                f"benchmark.path must be the path of a parquet or csv file, got {self.path!r}: "
                "give it as text"
            )
        # "no" would be taken for true, and the table for one of accuracies.
        if not isinstance(self.higher_is_better, bool):
            raise ValueError(
                "benchmark.higher_is_better must be true or false, got "
                f"{self.higher_is_better!r}: choose one of the two"
            )
        columns = (self.id_column, self.validation_column, self.test_column)
        if len(set(columns)) < len(columns):
            raise ValueError(
                "benchmark.id_column, .validation_column and .test_column must differ, got "
                f"{', '.join(map(str, columns))}: leave out the one that the file does not have"
            )
        if self.unit not in _UNITS:
            raise ValueError(
                f"benchmark.unit must be fraction or percent, got {self.unit!r}: choose one of "
                "the two"
            )
        if self.target is not None and self.target not in ACCURACIES:
            raise ValueError(
                f"benchmark.target must be {' or '.join(ACCURACIES)}, got {self.target!r}: "
                "choose one of the two, or null"
            )

    def load(self) -> AccuracyTable:
        """See `Benchmark`."""
        file = _read(Path(self.path), self.id_column)
        columns = self._columns(file)
        rows = pd.DataFrame({"architecture_id": _ids(file[self.id_column])})
        for name in ACCURACIES:
            rows[name] = np.nan
            if name in columns:
                rows[name] = self._values(file[columns[name]])
        target = self._target(columns)
        return AccuracyTable(
            name=Path(self.path).name,
            rows=rows,
            target=target,
            higher_is_better=self.higher_is_better,
            source=f"{self.path}, column {columns[target]}",
            label=columns[target].replace("_", " "),
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
        """The file's name for each accuracy that it has."""
        wanted = dict(zip(ACCURACIES, (self.validation_column, self.test_column), strict=True))
        found = {name: column for name, column in wanted.items() if column in file}
        if self.id_column not in file or not found:
            raise ValueError(
                f"{self.path} must have a column {self.id_column!r} and {self.validation_column!r} "
                f"or {self.test_column!r}, got {', '.join(map(str, file.columns))}: name others "
                "with benchmark.id_column, .validation_column, .test_column"
            )
        return found

    def _target(self, columns: dict[str, str]) -> str:
        if self.target is None:
            return "test_accuracy" if "test_accuracy" in columns else "validation_accuracy"
        if self.target not in columns:
            raise ValueError(
                f"{self.path} must have a column for benchmark.target={self.target}, got only "
                f"{', '.join(columns.values())}: choose the other target, or name the column with "
                f"benchmark.{self.target.removesuffix('_accuracy')}_column"
            )
        return self.target


def _read(path: Path, id_column: str) -> pd.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(
            f"benchmark.path must be an existing parquet or csv file, got {str(path)!r}, which is "
            "not a file: check the path"
        )
    ending = path.suffix.lower()
    if ending not in (".parquet", ".csv"):
        raise ValueError(
            f"benchmark.path must end in .parquet or .csv, got {str(path)!r}: convert it"
        )
    try:
        if ending == ".parquet":
            file = pd.read_parquet(path)
        else:
            # Ids are text, also where all are digits: 0012 is not 12.
            file = pd.read_csv(path, dtype={id_column: "str"})
    except (ValueError, OSError) as error:
        # pyarrow's and pandas' own errors derive from these.
        reason = (str(error) or type(error).__name__).splitlines()[0][:160]
        raise ValueError(
            f"benchmark.path must be a whole {ending[1:]} table, got {path} ({reason}): write it "
            "again"
        ) from error
    if ending == ".csv" and not isinstance(file.index, pd.RangeIndex):
        # pandas would take the first column for an index and shift all others by one.
        raise ValueError(
            f"{path} must have as many values in each row as it has columns "
            f"({len(file.columns)}), got more: correct its header, and separate values by "
            "commas"
        )
    # A frame that was saved with its ids as index has them there, not in a column.
    return file.reset_index() if id_column in file.index.names else file


def _ids(column: pd.Series) -> pd.Series:
    text = column.astype(object)
    return text.where(column.isna(), text.map(str))


def _numbers(column: pd.Series, path: str) -> Float64[np.ndarray, " architectures"]:
    wrong = f"column {column.name!r} of {path} must hold numbers, got"
    advice = "correct it, and leave unknown values empty"
    # pandas would take dates, durations and truth values for numbers.
    if column.dtype.kind in "Mmb":
        raise ValueError(f"{wrong} {column.dtype}: {advice}")
    try:
        return pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{wrong} {error}: {advice}") from error
