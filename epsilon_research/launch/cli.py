"""The command line: parse it, run what it asks for, return the exit status."""

import logging
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

# Hydra's own parser and entry, so that both see one command line: `hydra.main` would parse
# `sys.argv`, and neither takes settings on both sides of a flag.
from hydra._internal.utils import _run_hydra, get_args_parser
from hydra.version import setbase
from omegaconf import OmegaConf

from epsilon_research.launch.errors import USER_ERRORS, user_message
from epsilon_research.launch.job import run_job
from epsilon_research.launch.options import CONF, main_configuration, options_help
from epsilon_research.launch.sweep import gather_again, gather_sweep
from epsilon_research.launch.trust import check_origin

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

_STARTS_OVER = "the same command starts over"

_SHOWS_TRACEBACK = os.environ.get("HYDRA_FULL_ERROR") == "1"
"""Whether the user wants tracebacks; `launch` sets the variable for reasons of its own."""


def launch(argv: Sequence[str] | None = None) -> int:
    """Run what a command line asks for, then gather it if it is a sweep.

    Args:
        argv: The program and its arguments; by default those of the process.

    Returns:
        The exit status of what went worst: 0, 1 after a mistake or a failed job, 130 after Ctrl-C.
    """
    logging.raiseExceptions = False  # a log that cannot be written must not print tracebacks
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises errors instead of printing them
    OmegaConf.register_new_resolver("options_help", options_help, replace=True)
    setbase("1.3")
    arguments = parse((sys.argv if argv is None else argv)[1:])

    def run() -> None:
        _run_hydra(arguments, get_args_parser(), run_job, str(CONF), "config")

    where, settings = _split_gather(arguments.overrides)
    steps = (run, gather_sweep) if where is None else (lambda: gather_again(where, settings),)
    status = _exit_status(lambda: check_origin(arguments, own=main_configuration()["hydra"]))
    for step in steps if status == 0 else ():
        status = max(status, _exit_status(step))
        if status == INTERRUPTED:
            break
    return status


def parse(words: Sequence[str]) -> Namespace:
    """Return a command line as Hydra's parser reads it, abbreviated flags included."""
    arguments = get_args_parser().parse_intermixed_args(list(words))
    if arguments.config_path is not None:
        # Hydra would look beside its own idea of the main file.
        arguments.config_path = str(Path(arguments.config_path).resolve())
    return arguments


def _split_gather(overrides: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return the value of `gather=` if it asks for something, and the other settings."""
    given = [word.partition("=")[2] for word in overrides if word.startswith("gather=")]
    asked = [value for value in given if value and value.lower() != "false"]
    others = [word for word in overrides if not word.startswith("gather=")]
    return (asked[0] if asked else None), others


def _exit_status(step: Callable[[], object]) -> int:
    """Take a step; a user's mistake becomes one sentence and status 1."""
    try:
        step()
    except KeyboardInterrupt as interrupt:
        sys.stderr.write(f"\nInterrupted before the end: {str(interrupt) or _STARTS_OVER}.\n")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe, such as `--help | head`, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (*USER_ERRORS, SystemExit) as raised:
        error = raised.__cause__ if isinstance(raised, SystemExit) else raised
        if not isinstance(error, USER_ERRORS):
            raise
        if _SHOWS_TRACEBACK:
            raise error from error.__cause__
        sys.stderr.write(f"error: {user_message(error)}\n")
        return 1
    return 0
