"""Scores read from a file, such as those that others have published."""

import hashlib
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from epsilon_research.checks import check_text
from epsilon_research.data import Minibatch
from epsilon_research.metrics.base import Candidate, Score
from epsilon_research.metrics.single_pass import SinglePassMetric


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(SinglePassMetric):
    """A column of a score file; higher is taken as better.

    An architecture that is not in the file is NaN with the reason "not_in_file"; one whose value is
    not finite, or `undefined`, is NaN with the reason "undefined_in_file".

    Args:
        path: A .parquet or .csv file with one row per architecture.
        column: Name of the column of scores.
        id_column: Name of the column of architecture ids, as the search space writes them.
        undefined: Value that marks an undefined score, besides NaN, such as -1e8.

    Raises:
        FileNotFoundError: `path` is not a file.
        ValueError: The file is of another kind, or lacks one of the columns.
    """

    path: str
    column: str
    id_column: str = "architecture_id"
    undefined: float | None = None
    name: str = "column"
    shared_by_function: bool = False
    candidates_per_chunk: int = 4096
    failures: ClassVar[Collection[str] | None] = ("not_in_file", "undefined_in_file")
    content_hash: str = field(init=False)
    """SHA-256 of the file, which distinguishes its versions in the score store."""

    def __post_init__(self) -> None:
        # With pandas, which a process that computes scores has no use for.
        from epsilon_research.bounded_table import SUFFIXES, column_names, listed

        what = "the path of a .parquet or .csv file"
        check_text("metric.column.path", self.path, what=what, example="scores.csv")
        path = Path(self.path)
        if path.suffix.lower() not in SUFFIXES:
            raise ValueError(
                f"metric.column.path must be a .parquet or .csv file, got {self.path}: convert it"
            )
        if not path.is_file():
            raise FileNotFoundError(
                f"metric.column.path must be an existing file, got {self.path}, which is not one: "
                "check the path"
            )
        known = column_names(path, setting="metric.column.path")
        for setting, name in (("column", self.column), ("id_column", self.id_column)):
            if name not in known:
                raise ValueError(
                    f"metric.column.{setting} must be a column of {self.path}, got {name!r}: "
                    f"choose one of {listed(known)}"
                )
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        object.__setattr__(self, "content_hash", digest)

    @property
    def settings(self) -> Mapping[str, Any]:
        """See `Metric`."""
        return {"path": self.path, "column": self.column, "content_hash": self.content_hash}

    def scorer(self, minibatch: Minibatch) -> Callable[[Candidate], Score]:
        """See `SinglePassMetric`; the minibatch does not matter.

        Raises:
            ValueError: The scores are not numbers, or an architecture has two of them.
        """
        scores = self._read()

        def score(candidate: Candidate) -> Score:
            value = scores.get(str(candidate.architecture_id))
            if value is None:
                return Score(value=math.nan, failure="not_in_file")
            if not math.isfinite(value) or value == self.undefined:
                return Score(value=math.nan, failure="undefined_in_file")
            return Score(value=value)

        return score

    def _read(self) -> dict[str, float]:
        from pandas.api.types import is_numeric_dtype

        from epsilon_research.bounded_table import read_table

        names = [self.id_column, self.column]
        rows = read_table(Path(self.path), setting="metric.column.path", columns=names)
        rows = rows.drop_duplicates()
        if not is_numeric_dtype(rows[self.column]):
            raise ValueError(
                f"column {self.column} of {self.path} must hold numbers, got "
                f"{rows[self.column].dtype}: choose another metric.column.column"
            )
        ids = rows[self.id_column].astype(str)
        if not ids.is_unique:
            twice = next(id_ for id_, again in zip(ids, ids.duplicated(), strict=True) if again)
            raise ValueError(
                f"{self.path} must have one score for each architecture, got several for {twice}: "
                "leave one row of each"
            )
        values = rows[self.column].to_numpy(np.float64, na_value=np.nan)
        return dict(zip(ids, values.tolist(), strict=True))
