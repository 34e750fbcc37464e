"""Runs `run.py` as a user does, in a process of its own, on a few small inputs."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SMALL = (
    "search_space.num_architectures=12",
    "batch_size=16",
    "bootstrap_resamples=20",
    "executor=serial",
)


def run(
    *arguments: str, tracker: str = "none", prefix: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """The finished process of `python run.py` with `arguments` after the small settings."""
    flags = [argument for argument in arguments if argument.startswith("-")]
    settings = [argument for argument in arguments if not argument.startswith("-")]
    command = [*prefix, sys.executable, "run.py", *flags, *SMALL, f"tracker={tracker}", *settings]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def error_of(process: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a run that must have failed, without traceback, before any scoring."""
    assert process.returncode == 1, process.stderr
    assert "Traceback" not in process.stderr
    assert "scoring" not in process.stderr
    (line,) = [line for line in process.stderr.splitlines() if line.startswith("error: ")]
    return line.removeprefix("error: ")
