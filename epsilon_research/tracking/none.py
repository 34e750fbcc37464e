"""No tracking: the files in the run folder are all there is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

from epsilon_research.tracking.base import Scalars, Tables, Tracker


@final
class NoTracker(Tracker):
    """A tracker that keeps nothing, so that no caller asks whether tracking is on."""

    def open(self, run_dir: Path, config: Mapping[str, Any]) -> None:
        """Begin nothing."""

    def log(self, scalars: Scalars, tables: Tables, figures: Sequence[Path]) -> None:
        """Keep nothing."""

    def close(self, exit_code: int) -> None:
        """End nothing."""
