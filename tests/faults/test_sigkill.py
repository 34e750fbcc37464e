"""SIGKILL at fifty random moments: the same command, started again, ends as if nothing had been."""

import time
from pathlib import Path

import numpy as np
import pytest

from tests.faults.conftest import Kill, Kills
from tests.faults.jobs import Undisturb, Undisturbed, num_parts, stage_of, words
from tests.faults.leavings import assert_same, check_store, check_whole
from tests.faults.processes import kill, start, succeed, until

pytestmark = pytest.mark.faults

CHAINS = {"scoring": 4, "search": 3, "sweep": 3}
KILLS_PER_CHAIN = 5
MOST_ORPHAN_SECONDS = 60
"""Within which workers must notice that their program has gone; it is one second where there is
time, and loky alone would keep them five minutes."""


@pytest.mark.parametrize(
    ("what", "number"),
    [(what, number) for what, count in CHAINS.items() for number in range(count)],
)
def test_killed_again_and_again_the_same_command_ends_as_if_nothing_had_been(
    what: str,
    number: int,
    undisturbed: Undisturb,
    moments: np.random.Generator,
    tmp_path: Path,
    kills: Kills,
) -> None:
    expected = undisturbed(what)
    place = tmp_path / "place"
    starts, hits = 0, 0
    while hits < KILLS_PER_CHAIN:
        place.mkdir(exist_ok=True)
        # One in four is killed at any time of its life, the others when their work has begun, or
        # while they score: half of a short life is start-up, in which there is nothing to lose. One
        # in three loses only its program, whose workers have to notice.
        found = start_and_kill(
            what,
            place,
            moment=moments.uniform(),
            expected=expected,
            whole_life=starts % 4 == 3,
            whole_group=(starts + number) % 3 != 2,
        )
        starts += 1
        if found is None:
            # With what those before it had done it ended before its moment: the next one begins
            # with nothing.
            assert_same(place / "run", expected.found)
            place.rename(tmp_path / f"ended_{starts}")
            continue
        hits += 1
        kills.append(found)
        assert found.gone_seconds < MOST_ORPHAN_SECONDS
        check_whole(place / "run")
    succeed(words(what, place))
    assert_same(place / "run", expected.found)
    check_store(place / "store")


def start_and_kill(
    what: str,
    place: Path,
    *,
    moment: float,
    expected: Undisturbed,
    whole_life: bool,
    whole_group: bool,
) -> Kill | None:
    """Starts a run and kills it at a moment, of a life of 1; None if it ended before."""
    begin, since = time.monotonic(), time.time()
    done = num_parts(place) / expected.num_parts
    process = start(words(what, place))
    if whole_life:
        time.sleep(moment * expected.seconds)
    elif what == "scoring" and done < 1:
        # While it scores; what it finds in the store costs it no time.
        until(lambda: num_parts(place, since) > 0, process=process)
        time.sleep(moment * (1 - done) * (expected.scored_seconds - expected.part_seconds))
    else:
        time.sleep(expected.begin_seconds)
        time.sleep(moment * (expected.seconds - expected.begin_seconds))
    seconds = time.monotonic() - begin
    hit, gone_seconds = kill(process, whole_group=whole_group)
    if not hit:
        assert process.returncode == 0
        return None
    return Kill(
        what=what,
        seconds=seconds,
        stage=stage_of(place, since),
        whole_group=whole_group,
        gone_seconds=gone_seconds,
        unfinished=check_store(place / "store"),
    )
