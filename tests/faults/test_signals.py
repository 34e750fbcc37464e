"""Signals at random moments: status, one sentence, nobody and nothing left, and the run goes on."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from tests.commands import summary_of
from tests.faults.jobs import num_parts, words
from tests.faults.leavings import assert_same, check_store, check_whole, numbers
from tests.faults.processes import PATIENCE, hears, members, start, succeed, until

pytestmark = pytest.mark.faults

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CHAINS = 12
SIGNALS_PER_CHAIN = 9
LATEST_SECONDS = 10.0
"""After a program has begun to hear signals; one that ends before has ended well."""


@pytest.mark.parametrize("number", range(CHAINS))
def test_a_hundred_signals(number: int, moments: np.random.Generator, tmp_path: Path) -> None:
    engine = ("collapsed", "reference")[number % 2]
    what = ("scoring", "search", "sweep")[number % 3]
    further = (f"engine={engine}", "search_space.num_architectures=40")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    place = tmp_path / "place"
    place.mkdir()
    for _ in range(SIGNALS_PER_CHAIN):
        which = SIGNALS[moments.integers(len(SIGNALS))]
        times = (1, 2, 10)[moments.integers(3)]
        to_all = bool(moments.integers(2))
        process = start(words(what, place, *further), scratch=scratch)
        # Before that it is Python that starts.
        until(lambda process=process: hears(process.pid, signal.SIGTERM), process=process)
        time.sleep(moments.uniform(0, LATEST_SECONDS))
        for _ in range(times):
            if process.poll() is None:
                (os.killpg if to_all else os.kill)(process.pid, which)
                time.sleep(moments.uniform(0, 0.1))
        _, told = process.communicate(timeout=PATIENCE)
        assert "Traceback" not in told, told
        if process.returncode != 0:
            assert process.returncode == 128 + which, told
            assert told.count("Interrupted before the end") == 1, told
        until(lambda process=process: not members(process.pid))
        assert list(scratch.iterdir()) == []
        assert check_store(place / "store") == 0
        if (place / "run").exists():
            check_whole(place / "run")
    succeed(words(what, place, *further))


def test_the_values_at_hand_of_an_interrupted_run_are_read_and_the_others_computed(
    tmp_path: Path,
) -> None:
    process = start(words("cells", tmp_path))
    until(lambda: num_parts(tmp_path) > 4, process=process)
    os.kill(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + signal.SIGINT, told
    interrupted = summary_of(tmp_path / "run")["counts"]
    succeed(words("cells", tmp_path))
    resumed = summary_of(tmp_path / "run")["counts"]
    (tmp_path / "whole").mkdir()
    succeed(words("cells", tmp_path / "whole"))
    whole = summary_of(tmp_path / "whole" / "run")["counts"]
    assert 0 < interrupted["computed"] <= resumed["from_store"] < whole["computed"]
    assert resumed["computed"] == whole["computed"] - resumed["from_store"]
    assert_same(tmp_path / "run", numbers(tmp_path / "whole" / "run"))


def test_a_run_that_is_stopped_for_a_while_goes_on(tmp_path: Path) -> None:
    process = start(words("scoring", tmp_path))
    until(lambda: any(tmp_path.glob("store/*/*.arrow")), process=process)
    os.killpg(process.pid, signal.SIGSTOP)
    time.sleep(5)
    os.killpg(process.pid, signal.SIGCONT)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, told
    assert check_store(tmp_path / "store") == 0
