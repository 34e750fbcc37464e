"""A tracker around another: what the other raises is told once and goes no further."""

import logging
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from epsilon_research.tracking import FaultTolerantTracker, Tracker

TABLE = pd.DataFrame({"x": [1]})
CALLS: dict[str, Callable[[Tracker], None]] = {
    "open": lambda tracker: tracker.open(Path(), {"name": "n"}),
    "log": lambda tracker: tracker.log({"x": 1.0}, {"scores": TABLE}, [Path("a.png")]),
    "close": lambda tracker: tracker.close(0),
}


class _Fragile(Tracker):
    """Notes what it is told, and raises from some of its methods."""

    def __init__(self, **errors: BaseException) -> None:
        self.heard: list[tuple[str, object]] = []
        self._errors = errors

    def _hear(self, what: str, *arguments: object) -> None:
        self.heard.append((what, arguments))
        if what in self._errors:
            raise self._errors[what]

    def open(self, run_dir, config) -> None:
        self._hear("open", run_dir, config)

    def log(self, scalars, tables, figures) -> None:
        self._hear("log", scalars, {name: len(table) for name, table in tables.items()}, figures)

    def close(self, exit_code: int) -> None:
        self._hear("close", exit_code)


def use(tracker: Tracker) -> None:
    """All that a run does with a tracker."""
    with tracker:
        for what, call in CALLS.items():
            if what != "close":
                call(tracker)


def test_a_sound_tracker_hears_everything_as_it_was_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    direct, through = _Fragile(), _Fragile()
    use(direct)
    tracker = FaultTolerantTracker(through)
    use(tracker)
    assert through.heard == direct.heard
    assert tracker.failure is None
    assert caplog.text == ""


@pytest.mark.parametrize("error", [OSError("lost\nthe line"), RuntimeError(), KeyError("run_id")])
@pytest.mark.parametrize("broken", CALLS)
def test_what_it_raises_is_told_once_and_ends_what_it_hears(
    broken: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    fragile = _Fragile(**{broken: error})
    tracker = FaultTolerantTracker(fragile)
    with caplog.at_level(logging.INFO):
        use(tracker)
    heard = [what for what, _ in fragile.heard]
    calls = list(CALLS)
    before = calls[: calls.index(broken) + 1]
    assert heard == (before if broken == "close" else [*before, "close"])
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert broken in record.message
    assert type(error).__name__ in record.message
    assert tracker.failure is not None
    assert broken in tracker.failure
    assert "\n" not in tracker.failure
    assert "tracker=none" in tracker.failure


def test_a_run_whose_tracker_failed_is_closed_as_one_that_failed() -> None:
    fragile = _Fragile(log=OSError())
    use(FaultTolerantTracker(fragile))
    assert fragile.heard[-1] == ("close", (1,))


def test_a_second_failure_does_not_hide_the_first(caplog: pytest.LogCaptureFixture) -> None:
    tracker = FaultTolerantTracker(_Fragile(log=OSError("first"), close=OSError("second")))
    with caplog.at_level(logging.INFO):
        use(tracker)
    assert tracker.failure is not None
    assert "first" in tracker.failure
    assert "second" not in caplog.text


@pytest.mark.parametrize("broken", CALLS)
@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_ctrl_c_and_an_exit_go_through(broken: str, error: BaseException) -> None:
    tracker = FaultTolerantTracker(_Fragile(**{broken: error}))
    with pytest.raises(type(error)):
        use(tracker)
    assert tracker.failure is None


def test_an_error_of_the_run_is_not_the_trackers() -> None:
    fragile = _Fragile()
    tracker = FaultTolerantTracker(fragile)
    with pytest.raises(ValueError, match="of the run"), tracker:
        raise ValueError("of the run")
    assert tracker.failure is None
    assert fragile.heard == [("close", (1,))]
