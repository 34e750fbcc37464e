"""Copies of a run's numbers and tables as CSV, which every spreadsheet opens."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import pandas as pd

from epsilon_research.tracking.base import Scalars, Tables, Tracker, opened
from epsilon_research.tracking.record import write_csv


@final
class CsvTracker(Tracker):
    """A tracker that writes `csv/scalars.csv` (name, value) and `csv/<table>.csv` with all rows.

    Settings and figures are in the run folder as they are.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None

    def open(self, run_dir: Path, config: Mapping[str, Any]) -> None:
        """Make the folder `csv` in the run's."""
        self._folder = run_dir / "csv"
        self._folder.mkdir(exist_ok=True)

    def log(self, scalars: Scalars, tables: Tables, figures: Sequence[Path]) -> None:
        """Write the numbers and the tables."""
        numbers = pd.DataFrame(scalars.items(), columns=pd.Index(["name", "value"]))
        for name, table in {"scalars": numbers, **tables}.items():
            write_csv(table, opened(self._folder) / f"{name}.csv")

    def close(self, exit_code: int) -> None:
        """End the run; everything is written already."""
        self._folder = None
