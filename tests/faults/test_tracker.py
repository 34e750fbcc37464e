"""A tracker that fails: the run goes on, its files are complete, the exit status says so."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.faults.jobs import Undisturb, words
from tests.faults.leavings import assert_same, check_whole
from tests.faults.processes import (
    PATIENCE,
    child,
    command_line,
    finish,
    kill,
    start,
    succeed,
    until,
)
from tests.faults.test_full_disk import the_sentence

pytestmark = pytest.mark.faults

METHODS = ("open", "log", "close")


def check_told(told: str, *, method: str, reason: str) -> None:
    """When it happens one line, at the end one sentence."""
    (line,) = [line for line in told.splitlines() if "gets nothing more" in line]
    assert line == (
        f"the tracker failed at {method} ({reason}) and gets nothing more; the run goes on"
    )
    sentence = the_sentence(told)
    assert f"the tracker must work until the end of the run, got {reason!r} at" in sentence
    assert told.index(line) < told.index("Everything is in") < told.index(sentence)


@pytest.mark.parametrize(
    ("method", "kind", "reason"),
    [
        *[(method, "OSError", "OSError: no route to host") for method in METHODS],
        ("log", "RuntimeError", "RuntimeError"),
        ("log", "KeyError", "KeyError: 'run_id'"),
        ("log", "MemoryError", "MemoryError"),
    ],
)
def test_whatever_a_tracker_raises_the_run_goes_on_and_the_exit_status_says_so(
    method: str, kind: str, reason: str, undisturbed: Undisturb, tmp_path: Path
) -> None:
    done = finish(words("small", tmp_path, fault=f"broken_tracker:{method}:{kind}"))
    assert done.returncode == 1
    check_told(done.stderr, method=method, reason=reason)
    assert {"config.yaml", "summary.json"} <= set(check_whole(tmp_path / "run"))
    assert_same(tmp_path / "run", undisturbed("small").found)


def test_ctrl_c_in_the_tracker_is_ctrl_c(tmp_path: Path) -> None:
    done = finish(words("small", tmp_path, fault="broken_tracker:log:KeyboardInterrupt"))
    assert done.returncode == 130
    assert "gets nothing more" not in done.stderr
    assert "Interrupted before the end" in done.stderr


def test_the_death_of_the_trackers_service_costs_its_copy_only(
    undisturbed: Undisturb, tmp_path: Path
) -> None:
    process = start(words("small", tmp_path, "tracker=wandb"))
    until(lambda: any((tmp_path / "store").glob("*/*.arrow")), process=process)
    service = child(process.pid, named="wandb-core")
    assert service is not None
    os.kill(service, signal.SIGKILL)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    check_told(told, method="log", reason="ConnectionResetError: Connection lost")
    # Nothing follows it: neither a traceback of the service's own, nor a wait for its end.
    assert told.rstrip().splitlines()[-1] == the_sentence(told)
    shutil.rmtree(tmp_path / "run" / "wandb")
    assert_same(tmp_path / "run", undisturbed("small").found)


def test_the_next_job_of_a_sweep_has_a_tracker_again(
    undisturbed: Undisturb, tmp_path: Path
) -> None:
    process = start(words("sweep", tmp_path, "tracker=wandb"))
    until(lambda: any((tmp_path / "store").glob("*/*.arrow")), process=process)
    service = child(process.pid, named="wandb-core")
    assert service is not None
    os.kill(service, signal.SIGKILL)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert told.count("gets nothing more") == 1, told
    assert "job 0 failed: the tracker must work until the end of the run" in told
    assert "Traceback" not in told
    for number, whole in ((0, False), (1, True), (2, True)):
        (log,) = (tmp_path / "run" / str(number)).glob("wandb/offline-run-*/*.wandb")
        # The table and the figures are in it, or are not.
        pictures = list(log.parent.glob("files/media/images/**/*.png"))
        assert bool(pictures) is whole
        shutil.rmtree(tmp_path / "run" / str(number) / "wandb")
    assert_same(tmp_path / "run", undisturbed("sweep").found)


def test_the_service_of_a_killed_run_ends_by_itself_and_the_next_run_has_another(
    undisturbed: Undisturb, tmp_path: Path
) -> None:
    arguments = words("small", tmp_path, "tracker=wandb")
    process = start(arguments)
    until(lambda: any((tmp_path / "store").glob("*/*.arrow")), process=process)
    service = child(process.pid, named="wandb-core")
    assert service is not None
    # It is in a session of its own, which the kill does not reach.
    hit, _ = kill(process, whole_group=True)
    assert hit
    until(lambda: "wandb-core" not in command_line(service))
    succeed(arguments)
    assert len(list((tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb"))) == 2
    shutil.rmtree(tmp_path / "run" / "wandb")
    assert_same(tmp_path / "run", undisturbed("small").found)
