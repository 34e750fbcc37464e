"""The first that a program runs: signals are heard before anything large is imported."""

import sys
from collections.abc import Sequence

from epsilon_research.launch.signals import STARTS_OVER, interruptible


def launch(argv: Sequence[str] | None = None) -> int:
    """Run what a command line asks for, then gather it if it is a sweep.

    Without `argv` the arguments are those of the process, which ends afterwards.

    Returns:
        The exit status of what went worst: 0, 1 after a mistake or a failed job, 130 after Ctrl-C,
        143 after SIGTERM, 129 after SIGHUP.
    """
    with interruptible(ends=argv is None) as interruption:
        try:
            from epsilon_research.launch.cli import run
        except BaseException:
            # Libraries raise errors of their own where a signal interrupts their import.
            if not interruption.heard:
                raise
            interruption.say(STARTS_OVER)
            return interruption.status
        return run(sys.argv if argv is None else argv, interruption)
