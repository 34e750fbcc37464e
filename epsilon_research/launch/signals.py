"""Signals that end a program, heard once: what was computed is written, then the program ends."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, and what batch systems and closed terminals send."""

STARTS_OVER = "the same command starts over"
"""Words about work that nothing was kept of."""

_SECONDS_TO_LEAVE = 0.01
"""How long after a lost interrupt it is raised again: outside what has lost it."""


class Interruption:
    """The signal that has come, if any."""

    def __init__(self) -> None:
        self._number = signal.SIGINT
        self.heard = False

    @property
    def status(self) -> int:
        """Exit status after it, as shells have it: 130, 143 or 129."""
        return 128 + self._number

    def hear(self, number: int, frame: FrameType | None) -> NoReturn:
        """Interrupt the program once; further signals may not disturb how it ends.

        Programs that are started from now on, such as loky's `pgrep`, ignore them as well.
        """
        self._number = signal.Signals(number)
        self.heard = True
        for one in _ENDING:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    def say(self, kept: str) -> None:
        """Write the one sentence about the interruption, with what becomes of the work."""
        sys.stderr.write(f"\nInterrupted before the end: {kept}.\n")

    def raise_again(self, number: int, frame: FrameType | None) -> NoReturn:
        """Interrupt the program once more, since nobody has caught the first interrupt."""
        raise KeyboardInterrupt

    def lost(self, raised: "UnraisableHookArgs") -> None:
        """Take what Python cannot raise; an interrupt among it comes again a moment later.

        A signal is heard wherever the main thread is. In `__del__`, in callbacks of weak
        references and in those that C calls, Python reports what is raised and goes on: without
        this, a Ctrl-C there would be as if it had not been.
        """
        if issubclass(raised.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, _SECONDS_TO_LEAVE)
        else:
            sys.__unraisablehook__(raised)


@contextmanager
def interruptible(*, ends: bool = False) -> Iterator[Interruption]:
    """Take each of the signals for Ctrl-C, unless it is ignored already, as `nohup` has it.

    Args:
        ends: Whether the program ends with this: then nothing is heard until the very end, which a
            signal would make a death by it, though all is done and reported.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = {one: signal.getsignal(one) for one in _ENDING}
    heard = [one for one, handler in before.items() if handler is not signal.SIG_IGN]
    for one in heard:
        signal.signal(one, interruption.hear)
    alarm = signal.signal(signal.SIGALRM, interruption.raise_again)
    hook, sys.unraisablehook = sys.unraisablehook, interruption.lost
    try:
        yield interruption
    finally:
        sys.unraisablehook = hook
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, alarm)
        for one in heard:
            signal.signal(one, signal.SIG_IGN if ends else before[one])
        # Where a signal interrupts source that is run from a string, as that of dataclasses is,
        # Python 3.11 notes that nobody caught it, and `python -m` dies by SIGINT in the end. To run
        # another string takes the note back.
        exec("")
