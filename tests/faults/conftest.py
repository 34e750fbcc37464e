"""The seed of the faults' moments, runs that nobody disturbs, and the table of kills at the end."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.faults.jobs import Undisturb, Undisturbed
from tests.faults.jobs import undisturbed as run_undisturbed
from tests.faults.processes import end_all

SEED = int(os.environ.setdefault("EPSILON_FAULTS_SEED", str(secrets.randbits(32))))
"""Another one each time, told at the end, so that a failure can be had again. In the environment,
so that the processes of pytest-xdist have the same."""

Mount = Callable[[str], Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One kill: of what, when, and what came of it."""

    what: str
    seconds: float
    """After the program was started."""
    stage: str
    """The last that there was of the run."""
    whole_group: bool
    gone_seconds: float
    """Until nobody of its session was left."""
    unfinished: int
    """Files in the store that were begun and never named; they do no harm."""


class Kills:
    """Kills of one test, to be told at the end."""

    def __init__(self, node: pytest.Item) -> None:
        self._properties = node.user_properties

    def append(self, kill: Kill) -> None:
        """Notes one: with the test's report, which comes from whatever process ran it."""
        self._properties.append(("kill", asdict(kill)))


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> Kills:
    """Takes note of kills."""
    return Kills(request.node)


@pytest.fixture
def moments(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random moments, of each test its own, so that it can be run again alone."""
    return np.random.default_rng([SEED, *request.node.name.encode()])


@pytest.fixture(autouse=True, scope="session")
def signals_are_heard() -> None:
    """Programs ignore what the one that starts them does, as a script's background has it."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(one) is signal.SIG_IGN:
            signal.signal(one, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Ends what a test has started, whatever came of it."""
    yield
    end_all()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturb:
    """Runs each command without a fault, once for all tests."""
    known: dict[str, Undisturbed] = {}

    def run(what: str) -> Undisturbed:
        if what not in known:
            known[what] = run_undisturbed(what, tmp_path_factory.mktemp(what))
        return known[what]

    return run


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mounts a file system of its own, of a size such as 80m, and unmounts it afterwards."""
    mounted = []

    def new(size: str) -> Path:
        folder = tmp_path / f"mount{len(mounted)}"
        folder.mkdir()
        options = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if (
            shutil.which("mount") is None
            or subprocess.run(["mount", *options], capture_output=True).returncode
        ):
            pytest.skip("needs to mount a tmpfs: run as root on Linux")
        mounted.append(folder)
        return folder

    yield new
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    kills = [
        Kill(**facts)
        for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
        for name, facts in report.user_properties
        if name == "kill" and report.when == "call"
    ]
    if not kills:
        return
    told = terminalreporter
    told.section(f"{len(kills)} kills, EPSILON_FAULTS_SEED={SEED}")
    told.write_line(
        f"{'':<12}{'after':>8}  {'killed':<8}{'gone after':>11}{'unfinished':>11}  reached"
    )
    for kill in kills:
        told.write_line(
            f"{kill.what:<12}{kill.seconds:>6.2f} s  {'all' if kill.whole_group else 'program':<8}"
            f"{kill.gone_seconds:>9.2f} s{kill.unfinished:>11}  {kill.stage}"
        )
