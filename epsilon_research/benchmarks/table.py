"""A user's own table of accuracies."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from epsilon_research.benchmarks.base import ACCURACIES, AccuracyTable, Benchmark

_UNITS = {"fraction": 1.0, "percent": 0.01}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Benchmark):
    """A parquet or csv file with one row per architecture.

    Args:
        path: The file; its ending says which of the two it is.
        target: "validation_accuracy" or "test_accuracy"; None: test if the file has it.
        higher_is_better: False for losses.
        unit: "fraction" or "percent"; losses are always taken as they are.
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
        if self.unit not in _UNITS:
            raise ValueError(f"benchmark.unit must be fraction or percent, got {self.unit!r}")
        if self.target is not None and self.target not in ACCURACIES:
            raise ValueError(
                f"benchmark.target must be {' or '.join(ACCURACIES)}, got {self.target!r}"
            )

    def load(self) -> AccuracyTable:
        """See `Benchmark`."""
        file = _read(Path(self.path))
        wanted = dict(zip(ACCURACIES, (self.validation_column, self.test_column), strict=True))
        present = {name: column for name, column in wanted.items() if column in file}
        if self.id_column not in file or not present:
            raise ValueError(
                f"{self.path} must have a column {self.id_column!r} and {self.validation_column!r} "
                f"or {self.test_column!r}, got {', '.join(map(str, file.columns))}: name others "
                "with benchmark.id_column, .validation_column, .test_column"
            )
        factor = _UNITS[self.unit] if self.higher_is_better else 1.0
        rows = pd.DataFrame({"architecture_id": file[self.id_column].astype(object)})
        for name in ACCURACIES:
            rows[name] = np.nan
            if name in present:
                rows[name] = factor * _numbers(file[present[name]], self.path)
        target = self.target or min(present)  # of the two, "test_accuracy" comes first
        return AccuracyTable(
            name=Path(self.path).name,
            rows=rows,
            target=target,
            higher_is_better=self.higher_is_better,
            source=f"{self.path}, column {wanted[target]}",
            label=wanted[target].replace("_", " "),
        )


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(
            f"benchmark.path must be an existing parquet or csv file, got {str(path)!r}, which is "
            "not a file"
        )
    readers = {".parquet": pd.read_parquet, ".csv": pd.read_csv}
    if path.suffix not in readers:
        raise ValueError(
            f"benchmark.path must end in .parquet or .csv, got {str(path)!r}: convert it"
        )
    try:
        return readers[path.suffix](path)
    except (ValueError, OSError, UnicodeError) as error:
        # pyarrow's and pandas' own errors derive from these.
        reason = (str(error) or type(error).__name__).splitlines()[0][:160]
        raise ValueError(
            f"benchmark.path must be a whole {path.suffix[1:]} table, got {path} ({reason})"
        ) from error


def _numbers(column: pd.Series, path: str) -> np.ndarray:
    try:
        return pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"column {column.name!r} of {path} must hold numbers, got {error}"
        ) from error
