"""Runs `run.py` as a user does, on a few small inputs: here, or in a process of its own."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jaxtyping

from epsilon_research.launch import launch

ROOT = Path(__file__).resolve().parents[1]
SMALL = (
    "search_space.num_architectures=12",
    "batch_size=16",
    "bootstrap_resamples=20",
    "executor=serial",
    "tracker=none",
    "figures=false",
)


def command(*arguments: str) -> list[str]:
    """`python run.py` with `arguments` and nothing else."""
    return [sys.executable, str(ROOT / "run.py"), *arguments]


def interruptible(*arguments: str) -> list[str]:
    """`python run.py`, for a test of Ctrl-C.

    A test run in the background of a shell script inherits that Ctrl-C is ignored, and hands it
    down to all that it starts.
    """
    heed = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    return [
        sys.executable,
        "-c",
        heed + "os.execv(sys.argv[1], sys.argv[1:])",
        *command(*arguments),
    ]


def finished(
    *words: str, full_error: bool = False, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """The process of any command, run to its end in the checkout or another folder."""
    # Tests that call `launch` have the variable in their own environment.
    environment = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"}
    if full_error:
        environment["HYDRA_FULL_ERROR"] = "1"
    return subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=300, env=environment
    )


@contextmanager
def restored() -> Iterator[None]:
    """What a program sets for its whole process is as before afterwards: the root logger's state.

    Without it, later tests would log into files that are closed.
    """
    root = logging.getLogger()
    handlers, level, raises = root.handlers[:], root.level, logging.raiseExceptions
    try:
        with patch.dict(os.environ):
            yield
    finally:
        for handler in set(root.handlers) - set(handlers):
            handler.close()
        root.handlers[:], logging.raiseExceptions = handlers, raises
        root.setLevel(level)


def launched(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`python run.py` with `arguments`, run in this process, which has all imports behind it."""
    argv, out, err = ["run.py", *arguments], io.StringIO(), io.StringIO()
    with (
        restored(),
        # As in a user's process, values of a wrong type get as far as the project's own checks.
        patch.object(jaxtyping.config, "jaxtyping_disable", True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        status = launch(argv)
    return subprocess.CompletedProcess(argv, status, out.getvalue(), err.getvalue())


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`python run.py` with `arguments` after the small settings, run in this process."""
    return launched(*SMALL, *arguments)


def succeeded(process: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """The same process, which must have ended well."""
    assert process.returncode == 0, process.stderr
    return process


def error_in(text: str) -> str:
    """The one sentence that `text` must end in, without a traceback, before any scoring."""
    assert "Traceback" not in text
    assert "Error executing job" not in text  # Hydra's own words
    assert "process(es)" not in text  # what a run says when it begins to score
    before, found, sentence = text.rpartition("error: ")
    assert found, text
    assert "error: " not in before
    return sentence.strip()


def summary_of(run_dir: Path) -> dict[str, Any]:
    """What a run wrote into its summary."""
    return json.loads((run_dir / "summary.json").read_text(encoding="utf-8"))


def folder(path: Path) -> str:
    """The setting that puts a run into `path`."""
    return f"hydra.run.dir={path}"
