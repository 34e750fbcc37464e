"""A tracker that may fail without taking the run with it."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

from epsilon_research.tracking.base import Scalars, Tables, Tracker

logger = logging.getLogger(__name__)


@final
class FaultTolerantTracker(Tracker):
    """Hands everything on to another tracker until that one fails.

    A tracker's copy is worth less than the work it is a copy of. So its first failure is logged at
    once and nothing more is handed on; `failure` holds one sentence on it, or None. A mistake in
    what is handed over counts as a failure too; Ctrl-C does not, and goes through.

    Args:
        tracker: Any other one. It is closed also after it has failed, so that nothing of it stays.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self.failure: str | None = None

    def open(self, run_dir: Path, config: Mapping[str, Any]) -> None:
        """See `Tracker`."""
        self._try("open", run_dir, config)

    def log(self, scalars: Scalars, tables: Tables, figures: Sequence[Path]) -> None:
        """See `Tracker`."""
        if self.failure is None:
            self._try("log", scalars, tables, figures)

    def close(self, exit_code: int) -> None:
        """See `Tracker`; after a failure the exit code is that of a run that failed, 1."""
        self._try("close", exit_code if self.failure is None else exit_code or 1)

    def _try(self, method: str, *given: object) -> None:
        try:
            getattr(self._tracker, method)(*given)
        # Whatever a service and its client may raise: all of it is logged and kept.
        except Exception as error:
            logger.debug("Where the tracker failed:", exc_info=error)
            reason = " ".join(str(error).split())
            words = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
            if self.failure is not None:  # it was closed after a failure, as was logged then
                return
            self.failure = (
                f"the tracker must work until the end of the run, got {words!r} at {method}: the "
                "run's files are complete without its copy; look into the tracker, or pass "
                "tracker=none"
            )
            logger.warning(
                "the tracker failed at %s (%s) and gets nothing more; the run goes on",
                method,
                words,
            )
