"""Progress bars on the terminal, and lines in the log where there is no terminal."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 10.0

_SECONDS_BEFORE_ESTIMATE = 5.0
"""Time over which a rate is measured before anything is concluded from it."""


class Progress:
    """A count of what is done, called with what more is done.

    The rate counts from the first item on, since before it processes start and code is compiled.

    Args:
        title: What is being done.
        total: Items there are.
        show: Called with this object after each change.
    """

    def __init__(self, title: str, total: int, show: Callable[["Progress"], None]) -> None:
        self.title = title
        self.total = total
        self.done = 0
        self._from_store = 0
        self._failed = 0
        self._show = show
        self._first: tuple[float, int] | None = None

    def __call__(self, done: int, *, from_store: int = 0, failed: int = 0) -> None:
        """Count `done` more, of which some were read instead of computed or have no value."""
        self.done += done
        self._from_store += from_store
        self._failed += failed
        if self._first is None and self._num_computed:
            self._first = (time.monotonic(), self._num_computed)
        self._show(self)

    @property
    def _num_computed(self) -> int:
        return self.done - self._from_store

    @property
    def rate(self) -> float | None:
        """Items computed per second; None until it has been measured for some seconds."""
        if self._first is None:
            return None
        start, already = self._first
        seconds = time.monotonic() - start
        computed = self._num_computed - already
        return computed / seconds if computed and seconds >= _SECONDS_BEFORE_ESTIMATE else None

    @property
    def details(self) -> str:
        """Return the numbers read and undefined, the rate, and an estimate of the time left."""
        parts = [(self._from_store, "from store"), (self._failed, "undefined")]
        words = [f"{count:,} {what}" for count, what in parts if count]
        if self.rate is not None:
            words.append(f"{self.rate:,.1f} per second")
            words.append(f"{(self.total - self.done) / self.rate:,.0f} s left")
        return ", ".join(words)


@contextmanager
def progress(console: Console, title: str, total: int) -> Iterator[Progress]:
    """Show progress through `total` items on `console`; in the log where that is not a terminal."""
    if console.is_terminal:
        columns = (
            TextColumn("{task.description:<21}"), BarColumn(bar_width=None), MofNCompleteColumn(),
            TimeElapsedColumn(), TextColumn("{task.fields[details]}"),
        )  # fmt: skip
        with Bars(*columns, console=console) as bars:
            task = bars.add_task(title, total=total, details="")
            yield Progress(
                title, total, lambda now: bars.update(task, completed=now.done, details=now.details)
            )
    else:
        yield Progress(title, total, _LineReporter())


class _LineReporter:
    """Logs progress at most every few seconds."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, now: Progress) -> None:
        if time.monotonic() - self._last < _SECONDS_BETWEEN_LINES:
            return
        self._last = time.monotonic()
        details = f", {now.details}" if now.details else ""
        logger.info("%s: %s of %s%s", now.title, f"{now.done:,}", f"{now.total:,}", details)
