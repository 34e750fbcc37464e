"""Progress bars on the terminal, and lines in the log where there is no terminal."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 10.0


class _RateColumn(ProgressColumn):
    """Architectures per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.1f}/s", style="progress.data.speed")


@contextmanager
def progress(console: Console, title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A function that is told how many more items are done.

    On a terminal it moves a bar with rate and time left; elsewhere it logs a line now and then, so
    that a log file of an unattended run says how far it is.
    """
    if console.is_terminal:
        with Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            _RateColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
        ) as bar:
            task = bar.add_task(title, total=total)
            yield lambda count: bar.update(task, advance=count)
    else:
        yield _LineReporter(title, total).advance


class _LineReporter:
    """Logs progress at most every few seconds."""

    def __init__(self, title: str, total: int) -> None:
        self._title = title
        self._total = total
        self._done = 0
        self._start = self._last = time.monotonic()

    def advance(self, count: int) -> None:
        self._done += count
        now = time.monotonic()
        if now - self._last < _SECONDS_BETWEEN_LINES or not self._done:
            return
        self._last = now
        rate = self._done / (now - self._start)
        left = (self._total - self._done) / rate
        logger.info(
            "%s: %s of %s, %.1f per second, %.0f s left",
            self._title, f"{self._done:,}", f"{self._total:,}", rate, left,
        )  # fmt: skip
