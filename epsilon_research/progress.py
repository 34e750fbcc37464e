"""Progress bars on the terminal, and lines in the log where there is no terminal."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as Bars,
)
from rich.text import Text

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 10.0


class _RateColumn(ProgressColumn):
    """Items per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.1f}/s", style="progress.data.speed")


class Progress:
    """How far a stage is; called with what more is done.

    On a terminal it moves a bar with rate and time left; elsewhere it logs a line now and then, so
    that a log file of an unattended run says how far it is.
    """

    def __init__(self, title: str, total: int, show: Callable[["Progress"], None]) -> None:
        self.title = title
        self.total = total
        self.done = 0
        self.from_store = 0
        self.failed = 0
        self._show = show
        self._start = time.monotonic()

    def __call__(self, done: int, *, from_store: int = 0, failed: int = 0) -> None:
        """Counts `done` more, of which some were read instead of computed or have no value."""
        self.done += done
        self.from_store += from_store
        self.failed += failed
        self._show(self)

    @property
    def words(self) -> str:
        """What else is known of those that are done."""
        parts = [(self.from_store, "from store"), (self.failed, "undefined")]
        return ", ".join(f"{count:,} {what}" for count, what in parts if count)

    @property
    def rate(self) -> float:
        """Computed per second; what was read took next to no time."""
        return (self.done - self.from_store) / max(time.monotonic() - self._start, 1e-9)


@contextmanager
def progress(console: Console, title: str, total: int) -> Iterator[Progress]:
    """A `Progress` through `total` items, shown on `console`."""
    if console.is_terminal:
        columns = (
            TextColumn("{task.description:<21}"), BarColumn(bar_width=None), MofNCompleteColumn(),
            TextColumn("{task.fields[words]}"), _RateColumn(), TimeElapsedColumn(),
            TextColumn("left"), TimeRemainingColumn(),
        )  # fmt: skip
        with Bars(*columns, console=console) as bars:
            task = bars.add_task(title, total=total, words="")
            yield Progress(
                title, total, lambda now: bars.update(task, completed=now.done, words=now.words)
            )
    else:
        yield Progress(title, total, _LineReporter())


class _LineReporter:
    """Logs progress at most every few seconds."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, now: Progress) -> None:
        if time.monotonic() - self._last < _SECONDS_BETWEEN_LINES or now.rate == 0:
            return
        self._last = time.monotonic()
        logger.info(
            "%s: %s of %s%s, %.1f per second, %.0f s left",
            now.title, f"{now.done:,}", f"{now.total:,}", f" ({now.words})" if now.words else "",
            now.rate, (now.total - now.done) / now.rate,
        )  # fmt: skip
