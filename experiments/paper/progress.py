"""How far the studies of the paper are: a line when one starts, and a line when it has ended."""

from collections.abc import Mapping, Sequence

from rich.console import Console
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


def starts(
    console: Console, plans: Sequence[Plan], *, place: int, before: Mapping[str, float]
) -> None:
    """Print which study runs, and how long all will take if that is known."""
    left = estimated_seconds(plans[place:], before)
    words = f"study {place + 1} of {len(plans)}: {plans[place].name}"
    known = "" if left is None else f", about {duration(left)} left"
    console.print(f"{words}{known}", markup=False, highlight=False)


def ended(console: Console, outcome: Outcome) -> None:
    """Print how a study ended, or that it was kept."""
    words = outcome.reason
    if words is None and outcome.study is not None:
        words = in_words(outcome.study.comparisons)
    console.print(
        Text.assemble(
            "  ", (f"{outcome.state:<7}", _STYLES.get(outcome.state, "")),
            f" {outcome.name} ({duration(outcome.seconds or 0.0)}){f': {words}' if words else ''}",
        ),
        highlight=False,
    )  # fmt: skip
