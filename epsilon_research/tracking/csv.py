"""Copies of a run's numbers and tables as CSV, which every spreadsheet opens."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import pandas as pd

from epsilon_research.tracking.base import Tracker, opened
from epsilon_research.tracking.record import write_csv


@final
class CsvTracker(Tracker):
    """A tracker that writes `csv/scalars.csv` (name, value) and `csv/<table>.csv` with all rows.

    Settings and figures are in the run folder as they are.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._scalars: dict[str, int | float] = {}

    def open(self, run_dir: Path, config: Mapping[str, Any]) -> None:
        """Make the folder `csv` in the run's."""
        self._folder = run_dir / "csv"
        self._folder.mkdir(exist_ok=True)
        self._scalars = {}

    def log_scalars(self, scalars: Mapping[str, int | float]) -> None:
        """Add numbers to `scalars.csv`, which is written anew: a later value of a name counts."""
        self._scalars |= scalars
        frame = pd.DataFrame(self._scalars.items(), columns=pd.Index(["name", "value"]))
        write_csv(frame, opened(self._folder) / "scalars.csv")

    def log_table(self, name: str, table: pd.DataFrame) -> None:
        """Write a table with all of its rows."""
        write_csv(table, opened(self._folder) / f"{name}.csv")

    def log_figures(self, figures: Sequence[Path]) -> None:
        """Leave the figures in the run folder."""

    def close(self, exit_code: int) -> None:
        """End the run; everything is written already."""
        self._folder = None
