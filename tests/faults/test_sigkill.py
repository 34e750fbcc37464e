"""SIGKILL at fifty random moments: the same command, started again, ends as if nothing had been."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.faults.conftest import Kill
from tests.faults.jobs import Undisturb, Undisturbed, counted, has_begun, stage_of, words
from tests.faults.leavings import assert_same, check_store, check_whole
from tests.faults.processes import kill, start, succeed, until

pytestmark = pytest.mark.faults

KILLS = {"scoring": 20, "search": 15, "sweep": 15}
MOST_TRIES = 5
MOST_ORPHAN_SECONDS = 60
"""Within which workers must notice that their program has gone; it is one second where there is
time, and loky alone would keep them five minutes."""


@pytest.mark.parametrize(
    ("what", "number"), [(what, number) for what, count in KILLS.items() for number in range(count)]
)
def test_killed_at_any_moment_the_same_command_ends_as_if_nothing_had_been(
    what: str,
    number: int,
    undisturbed: Undisturb,
    moments: np.random.Generator,
    tmp_path: Path,
    kills: list[Kill],
) -> None:
    expected = undisturbed(what)
    # One that has ended before its moment, which is drawn from how long another one took, does not
    # count.
    for attempt in range(MOST_TRIES):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        moment = moments.uniform(0, 0.9**attempt)
        killed = kill_one(what, number, expected, moment, folder=folder)
        if killed is not None:
            break
    else:
        pytest.fail(f"{what} ended {MOST_TRIES} times before it was killed")
    check_whole(folder / "run")
    succeed(words(what, folder))
    assert_same(folder / "run", expected.found)
    found = killed(check_store(folder / "store"), counted(folder / "run", "from_store"))
    kills.append(found)
    assert found.gone_seconds < MOST_ORPHAN_SECONDS


def kill_one(
    what: str, number: int, expected: Undisturbed, moment: float, *, folder: Path
) -> Callable[[int, int], Kill] | None:
    """Starts a run and kills it; None if it had ended before."""
    begin = time.monotonic()
    process = start(words(what, folder))
    # One in four is killed at any time of its life, the others when their work has begun: half of a
    # short life is start-up, in which there is nothing to lose.
    whole_life = number % 4 == 3
    if not whole_life:
        until(lambda: has_begun(folder), process=process)
    time.sleep(moment * (expected.seconds - (0 if whole_life else expected.begin_seconds)))
    seconds = time.monotonic() - begin
    # One in three loses its workers' parent only: they have to notice.
    whole_group = number % 3 != 2
    hit, gone_seconds = kill(process, whole_group=whole_group)
    stage = stage_of(folder)
    if not hit:
        return None
    return lambda unfinished, stored: Kill(
        what=what,
        seconds=seconds,
        stage=stage,
        whole_group=whole_group,
        gone_seconds=gone_seconds,
        unfinished=unfinished,
        from_store=stored,
    )
