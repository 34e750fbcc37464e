"""No tracking: the files in the run folder are all there is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import pandas as pd

from epsilon_research.tracking.base import Tracker


@final
class NoTracker(Tracker):
    """A tracker that keeps nothing, so that no caller asks whether tracking is on."""

    def open(self, run_dir: Path, config: Mapping[str, Any]) -> None:
        """Begin nothing."""

    def log_scalars(self, scalars: Mapping[str, int | float]) -> None:
        """Keep nothing."""

    def log_table(self, name: str, table: pd.DataFrame) -> None:
        """Keep nothing."""

    def log_figures(self, figures: Sequence[Path]) -> None:
        """Keep nothing."""

    def close(self, exit_code: int) -> None:
        """End nothing."""
