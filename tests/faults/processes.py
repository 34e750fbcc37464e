"""Processes that are started to be killed, and what is left of them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.commands import ROOT

PATIENCE = 300.0
"""Seconds after which something that should happen never will; no test is about less."""


def command(fault: str, *settings: str) -> list[str]:
    """`python run.py` with `settings` and a fault built in."""
    return [sys.executable, "-m", "tests.faults.run_with", fault, *settings]


_started: list[subprocess.Popen[str]] = []


def start(words: Sequence[str], *, scratch: Path | None = None) -> subprocess.Popen[str]:
    """A process in a session of its own, in which all that it starts stays.

    Args:
        words: The command.
        scratch: Where its temporary files go.
    """
    process = subprocess.Popen(
        words,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"COLUMNS": "200"} | ({} if scratch is None else {"TMPDIR": str(scratch)}),
    )
    _started.append(process)
    return process


def end_all() -> None:
    """Ends what a test that failed has left running."""
    while _started:
        process = _started.pop()
        # Of one that has ended and was waited for, the number may be another's by now.
        if process.poll() is None:
            _kill_group(process.pid)
            process.communicate(timeout=PATIENCE)
        elif process.stderr is not None:
            process.stderr.close()


def finish(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """A process run to its end."""
    process = start(words)
    _, told = process.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess(words, process.returncode, stderr=told)


def succeed(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """The same, and it must end well."""
    done = finish(words)
    assert done.returncode == 0, done.stderr
    return done


def until(
    condition: Callable[[], bool],
    *,
    process: subprocess.Popen[str] | None = None,
    every: float = 0.01,
) -> float:
    """Waits for a condition, or for the end of a process; the seconds that it took."""
    begin = time.monotonic()
    while not condition() and (process is None or process.poll() is None):
        assert time.monotonic() - begin < PATIENCE
        time.sleep(every)
    return time.monotonic() - begin


def kill(process: subprocess.Popen[str], *, whole_group: bool) -> tuple[bool, float]:
    """SIGKILL to a process, or to all of its session.

    Returns:
        Whether it was still running, and the seconds until nobody of its session was left.
    """
    if process.poll() is not None:
        return False, 0.0
    if whole_group:
        _kill_group(process.pid)
    else:
        process.kill()
    begin = time.monotonic()
    # Not `communicate`, which would wait for the workers that hold the pipe.
    process.wait(timeout=PATIENCE)
    until(lambda: not members(process.pid), every=0.05)
    seconds = time.monotonic() - begin
    process.communicate(timeout=PATIENCE)
    return process.returncode == -signal.SIGKILL, seconds


def members(session: int) -> list[int]:
    """The processes of a session that run, but for zombies."""
    return [pid for pid, facts in _table().items() if facts.session == session]


def child(parent: int, *, named: str) -> int | None:
    """A child of a process whose command line has a word in it, if there is one."""
    children = [pid for pid, facts in _table().items() if facts.parent == parent]
    return next((pid for pid in children if named in command_line(pid)), None)


def hears(pid: int, number: int) -> bool:
    """Whether a program does something of its own at a signal."""
    try:
        facts = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    (caught,) = [line.split()[1] for line in facts.splitlines() if line.startswith("SigCgt:")]
    return bool(int(caught, 16) >> (number - 1) & 1)


class _Facts(NamedTuple):
    parent: int
    session: int


def _table() -> dict[int, _Facts]:
    """All processes that run, but for zombies."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name stands in parentheses, and may hold anything.
            state, parent, _, session, *_ = entry.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found[int(entry.parent.name)] = _Facts(int(parent), int(session))
    return found


def command_line(pid: int) -> str:
    """What a process was started with; nothing if it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
