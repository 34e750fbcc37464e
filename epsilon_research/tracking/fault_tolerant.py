"""A tracker that may fail without taking the run with it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, final

import pandas as pd

from epsilon_research.tracking.base import Tracker

logger = logging.getLogger(__name__)


@final
class FaultTolerantTracker(Tracker):
    """Hands everything on to another tracker until that one fails.

    A tracker's copy is worth less than the work it is a copy of. So its first failure is logged at
    once, nothing more is handed on, and whoever runs the program asks for `failure` at the end and
    says with the exit status that there was one. A mistake in what is handed over counts as a
    failure too; Ctrl-C does not, and goes through.

    Args:
        tracker: Any other one. It is closed also after it has failed, so that nothing of it stays.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._failure: str | None = None

    @property
    def failure(self) -> str | None:
        """One sentence on what failed first, or None."""
        return self._failure

    def open(
        self,
        *,
        run_dir: Path,
        config: Mapping[str, Any],
        name: str,
        group: str,
        tags: Sequence[str],
    ) -> None:
        """See `Tracker`."""
        self._hand_on(
            "open",
            lambda: self._tracker.open(
                run_dir=run_dir, config=config, name=name, group=group, tags=tags
            ),
        )

    def log_scalars(self, scalars: Mapping[str, int | float]) -> None:
        """See `Tracker`."""
        self._hand_on("log_scalars", lambda: self._tracker.log_scalars(scalars))

    def log_table(self, name: str, table: pd.DataFrame) -> None:
        """See `Tracker`."""
        self._hand_on("log_table", lambda: self._tracker.log_table(name, table))

    def log_figures(self, figures: Sequence[Path]) -> None:
        """See `Tracker`."""
        self._hand_on("log_figures", lambda: self._tracker.log_figures(figures))

    def close(self, exit_code: int) -> None:
        """See `Tracker`; after a failure the exit code is that of a run that failed, 1."""
        failed = self._failure is not None
        self._try("close", lambda: self._tracker.close(exit_code or int(failed)))

    def _hand_on(self, what: str, action: Callable[[], None]) -> None:
        if self._failure is None:
            self._try(what, action)

    def _try(self, what: str, action: Callable[[], None]) -> None:
        try:
            action()
        # Whatever a service and its client may raise: all of it is logged and kept.
        except Exception as error:
            self._note(what, error)

    def _note(self, what: str, error: Exception) -> None:
        logger.debug("Where the tracker failed:", exc_info=error)
        reason = " ".join(str(error).split())
        words = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
        if self._failure is not None:
            # It was to be closed although it had failed before, as was logged then.
            logger.debug("the tracker could not be closed either: %s", words)
            return
        self._failure = (
            f"the tracker must work until the end of the run, got {words!r} at {what}: the run's "
            "files are complete without its copy; look into the tracker, or pass tracker=none"
        )
        logger.warning(
            "the tracker failed at %s (%s) and gets nothing more; the run goes on", what, words
        )
