"""The command line: parse it, run what it asks for, return the exit status."""

import logging
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

# Hydra's own parser and entry, so that both see one command line: `hydra.main` would parse
# `sys.argv`, and neither takes settings on both sides of a flag.
from hydra._internal.utils import _run_hydra, get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.version import setbase
from omegaconf import OmegaConf

from epsilon_research.catalogue import CONF
from epsilon_research.checks import check_kind
from epsilon_research.launch.errors import USER_ERRORS, user_message
from epsilon_research.launch.foreign import check_origin, own_parser
from epsilon_research.launch.job import run_job
from epsilon_research.launch.options import listed_group, options_help, show_options
from epsilon_research.launch.score import COMMAND, score_command
from epsilon_research.launch.signals import STARTS_OVER, Interruption
from epsilon_research.launch.sweep import gather_again, gather_sweep
from epsilon_research.standard_output import failure_sentence, standard_output

_MAY_CONTINUE = "the same command continues with what the store has"

_SHOWS_TRACEBACK = os.environ.get("HYDRA_FULL_ERROR") == "1"
"""Whether the user wants tracebacks; `launch` sets the variable for reasons of its own."""


def run(argv: Sequence[str], interruption: Interruption) -> int:
    """Run what a command line, the program and its arguments, asks for, see `launch`."""
    logging.raiseExceptions = False  # a log that cannot be written must not print tracebacks
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises errors instead of printing them
    program, *words = argv
    OmegaConf.register_new_resolver("options_help", options_help, replace=True)
    typed = "epsilon" if Path(program).stem == "epsilon" else "python run.py"
    OmegaConf.register_new_resolver("program", lambda: typed, replace=True)
    setbase("1.3")
    steps: list[Callable[[], object]] = []
    with standard_output() as output:
        status = _exit_status(lambda: steps.extend(_steps(words)), interruption)
        for step in steps:
            if interruption.heard:
                break
            status = max(status, _exit_status(step, interruption))
    failure = failure_sentence(output)
    if failure is not None:
        sys.stderr.write(f"error: {failure}\n")
        status = max(status, 1)
    return interruption.status if interruption.heard else status


def _steps(words: Sequence[str]) -> list[Callable[[], object]]:
    """Return what a command line asks for, after the checks that need no work."""
    if words[:1] == [COMMAND]:
        return [lambda: score_command(words[1:])]
    arguments = parse(words)
    group = listed_group(arguments.overrides)
    if group is not None:
        further = arguments.config_dir and Path(arguments.config_dir)
        return [lambda: show_options(group, further=further)]
    where, settings = _split_gather(arguments.overrides)
    if where is not False:
        return [lambda: gather_again(where, settings)]
    job = partial(run_job, check=check_origin(arguments))
    return [
        lambda: _run_hydra(arguments, get_args_parser(), job, str(CONF), "config"),
        gather_sweep,
    ]


def parse(words: Sequence[str]) -> Namespace:
    """Return a command line as Hydra's parser reads it, with flags written out."""
    arguments = own_parser().parse_intermixed_args(list(words))
    if arguments.config_path is not None:
        # Hydra would look beside its own idea of the main file.
        arguments.config_path = str(Path(arguments.config_path).resolve())
    return arguments


def _split_gather(overrides: Sequence[str]) -> tuple[bool | str, list[str]]:
    """Return the value of `gather=`, false where it is not given, and the other settings."""
    others = [word for word in overrides if not word.startswith("gather=")]
    given = [word for word in overrides if word.startswith("gather=")]
    value = OverridesParser.create().parse_override(given[-1]).value() if given else None
    check_kind("gather", value, bool | str | None)
    return (value or False), others  # type: ignore[return-value]


def _exit_status(step: Callable[[], object], interruption: Interruption) -> int:
    """Take a step; a user's mistake becomes one sentence and status 1."""
    try:
        step()
    except KeyboardInterrupt as interrupt:
        interruption.say(str(interrupt) or STARTS_OVER)
        return interruption.status
    except BaseException as raised:
        if interruption.heard:
            # Libraries may raise an error of their own where a signal has interrupted them.
            interruption.say(_MAY_CONTINUE)
            return interruption.status
        error = raised.__cause__ if isinstance(raised, SystemExit) else raised
        if not isinstance(error, USER_ERRORS):
            raise
        if _SHOWS_TRACEBACK:
            raise error from error.__cause__
        sys.stderr.write(f"error: {user_message(error)}\n")
        return 1
    return 0
