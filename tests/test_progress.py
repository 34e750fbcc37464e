"""Progress: what is counted, and when a rate means something."""

import pytest

from epsilon_research import progress as module
from epsilon_research.progress import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as the one item of a list that a test may change."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_nothing_is_estimated_before_some_seconds_of_work(clock: list[float]) -> None:
    shown: list[str] = []
    progress = Progress("scoring", 100, lambda now: shown.append(now.details))
    clock[0] += 60  # processes start, code is compiled
    progress(1)
    clock[0] += 4
    progress(8)
    assert shown == ["", ""]
    clock[0] += 4
    progress(8)
    # 16 in the 8 seconds since the first was done, not 17 in 68.
    assert shown[-1] == "2.0 per second, 42 s left"


def test_what_was_read_or_is_undefined_is_counted_apart(clock: list[float]) -> None:
    progress = Progress("scoring", 100, lambda now: None)
    progress(50, from_store=50)
    clock[0] += 10
    assert progress.rate is None
    progress(2, from_store=1, failed=1)
    clock[0] += 10
    progress(10)
    assert progress.rate == 1.0
    assert progress.details == "51 from store, 1 undefined, 1.0 per second, 38 s left"
