"""How far the studies of the paper are: a line on a terminal, a line for each study elsewhere."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from epsilon_research.reporting.numbers import duration
from epsilon_research.reporting.published import in_words
from experiments.paper.plan import Plan
from experiments.paper.run import Outcome, State

_STYLES = {State.DONE: "green", State.KEPT: "green", State.FAILED: "bold red"}


def estimated_seconds(plans: Sequence[Plan], before: Mapping[str, float]) -> float | None:
    """How long studies will take, or None if one of them has not run before.

    Args:
        plans: Those that are still to run.
        before: Seconds of each study the last time, by name, where known.
    """
    if any(planned.name not in before for planned in plans):
        return None
    return sum(before[planned.name] for planned in plans)


class _LeftColumn(ProgressColumn):
    """The estimated time to the end, which goes down while a study runs."""

    def render(self, task: Task) -> Text:
        end = task.fields["end"]
        if end is None:
            return Text("time left unknown")
        return Text(f"about {duration(max(0.0, end - time.monotonic()))} left")


class PaperProgress:
    """Shows which study runs and how each ended.

    Args:
        console: Where to.
        bars: A live line; None where there is no terminal.
        plans: All studies that will run.
        before: See `estimated_seconds`.
    """

    def __init__(
        self,
        console: Console,
        bars: Progress | None,
        plans: Sequence[Plan],
        before: Mapping[str, float],
    ) -> None:
        self._console = console
        self._bars = bars
        self._plans = plans
        self._before = before
        self._task = None if bars is None else bars.add_task("", total=len(plans), end=None)

    def starts(self, planned: Plan) -> None:
        """A study's turn has come."""
        place = self._plans.index(planned)
        left = estimated_seconds(self._plans[place:], self._before)
        words = f"study {place + 1} of {len(self._plans)}: {planned.name}"
        if self._bars is None or self._task is None:
            shown = "" if left is None else f", about {duration(left)} left"
            self._console.print(f"{words}{shown}", markup=False, highlight=False)
        else:
            end = None if left is None else time.monotonic() + left
            self._bars.update(self._task, description=escape(words), completed=place, end=end)

    def ended(self, outcome: Outcome) -> None:
        """A study has ended, or was kept."""
        seconds = outcome.seconds or 0.0
        self._console.print(
            Text.assemble(
                "  ", (f"{outcome.state:<7}", _STYLES.get(outcome.state, "")),
                f" {outcome.name} ({duration(seconds)}){_found(outcome)}",
            ),
            highlight=False,
        )  # fmt: skip


def _found(outcome: Outcome) -> str:
    if outcome.reason is not None:
        return f": {outcome.reason}"
    words = "" if outcome.study is None else in_words(outcome.study.comparisons)
    return f": {words}" if words else ""


@contextmanager
def paper_progress(
    console: Console, plans: Sequence[Plan], before: Mapping[str, float]
) -> Iterator[PaperProgress]:
    """A `PaperProgress` through `plans`, shown on `console`."""
    if not console.is_terminal:
        yield PaperProgress(console, None, plans, before)
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(bar_width=20), TimeElapsedColumn(),
        _LeftColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bars:
        yield PaperProgress(console, bars, plans, before)
