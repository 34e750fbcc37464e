"""`run.py` with a fault built in: `python -m tests.faults.run_with FAULT[:ARGUMENT] SETTINGS...`.

Everything else is as a user has it: the same program, in a process of its own.
"""

import errno
import io
import itertools
import os
import random
import runpy
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.commands import ROOT

STAGES = {
    "reading": "epsilon_research.scoring.scoring:Scoring.describe",
    "scoring": "epsilon_research.scoring.scoring:Scoring.score",
    "table": "epsilon_research.pipeline.pipeline:write_table",
    "statistics": "epsilon_research.stages.correlate:summarise_metrics",
    "figures": "epsilon_research.stages.figures:Figures.run",
    "search": "epsilon_research.stages.search.base:run_variant",
    "search_tables": "epsilon_research.stages.search.base:curves_frame",
    "summary": "epsilon_research.pipeline.pipeline:write_json",
}
"""Where each stage of a run begins."""


def frequent_parts() -> None:
    """Writes a part after every chunk, so that a kill often meets one that is being written."""
    from epsilon_research.scoring import shelves

    shelves._SECONDS_BETWEEN_PARTS = 0.005


def failing_store(seed: str, rate: str) -> None:
    """The store's file system refuses a share of the calls that open, list, sync and name files."""
    frequent_parts()
    rng = random.Random(int(seed))

    def now_and_then(function: Callable) -> Callable:
        def instead(path: Any, *arguments: Any, **keywords: Any) -> Any:
            is_open = isinstance(path, int)
            name = str(Path(f"/proc/self/fd/{path}").readlink() if is_open else path)
            if "/store/" in name and rng.random() < float(rate):
                number = rng.choice(PASSING)
                raise OSError(number, os.strerror(number), name)
            return function(path, *arguments, **keywords)

        return instead

    calls = [(os, name) for name in ("open", "fsync", "replace", "scandir")] + [(io, "open")]
    for module, name in calls:
        setattr(module, name, now_and_then(getattr(module, name)))


PASSING = (errno.ESTALE, errno.EIO, errno.EMFILE, errno.ENOMEM, errno.ETIMEDOUT, errno.EBUSY)


def interrupt(stage: str, seconds: str) -> None:
    """Presses Ctrl-C so long after a stage has begun."""
    frequent_parts()

    def then(*_: Any, **__: Any) -> None:
        timer = threading.Timer(float(seconds), os.kill, (os.getpid(), signal.SIGINT))
        timer.daemon = True
        timer.start()

    before_first_call(STAGES[stage], then)


def odd_clock(seed: str) -> None:
    """The time of day jumps back and forth by up to a day; the other clock leaps, as after sleep.

    Only where the clock is asked for as `time.time()`: what the standard library keeps for itself
    (locks, queues) runs on.
    """
    frequent_parts()
    rng = random.Random(int(seed))
    now, monotonic = time.time, time.monotonic
    leaps = itertools.accumulate(iter(lambda: rng.choice([0, 0, 0, 0.5, 7.0]), None))
    time.time = lambda: now() + rng.uniform(-86_400, 86_400)
    time.monotonic = lambda: monotonic() + next(leaps)


def broken_tracker(method: str, kind: str) -> None:
    """The tracker raises from one of its methods: `none` stands for any."""
    from epsilon_research.tracking import NoTracker

    kinds = {
        "OSError": OSError("no route\nto host"),
        "RuntimeError": RuntimeError(),
        "KeyError": KeyError("run_id"),
        "MemoryError": MemoryError(),
        "KeyboardInterrupt": KeyboardInterrupt(),
    }

    def fail(*_: Any, **__: Any) -> None:
        raise kinds[kind]

    setattr(NoTracker, method, fail)


def small_files(stage: str, kilobytes: str) -> None:
    """From a stage on no file may grow beyond so much: what a disk or a quota that is full does."""
    import resource

    limit = int(kilobytes) * 1024

    def then(*_: Any, **__: Any) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    before_first_call(STAGES[stage], then)


def no_memory(stage: str) -> None:
    """A stage asks for more memory than any machine has."""

    def then(*_: Any, **__: Any) -> None:
        import numpy as np

        np.empty(2**60, np.uint8)

    before_first_call(STAGES[stage], then)


def hungry(number: str) -> None:
    """The architecture that is scored so many places after the first has no room in memory."""
    import numpy as np

    frequent_parts()
    from epsilon_research.scoring.evaluate import Evaluate

    deliver, count = Evaluate._deliver, itertools.count()

    def instead(self: Any, *order: Any) -> Any:
        if next(count) == int(number):
            np.empty(2**60, np.uint8)
        return deliver(self, *order)

    Evaluate._deliver = instead


def before_first_call(name: str, then: Callable[..., None]) -> None:
    """Calls `then` when the function of that name is called for the first time."""
    from importlib import import_module

    module, _, path = name.partition(":")
    owner: Any = import_module(module)
    *parents, last = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    function, calls = getattr(owner, last), itertools.count()

    def wrapped(*arguments: Any, **keywords: Any) -> Any:
        if next(calls) == 0:
            then(*arguments, **keywords)
        return function(*arguments, **keywords)

    setattr(owner, last, wrapped)


FAULTS: dict[str, Callable[..., None]] = {
    "frequent_parts": frequent_parts,
    "failing_store": failing_store,
    "interrupt": interrupt,
    "odd_clock": odd_clock,
    "broken_tracker": broken_tracker,
    "small_files": small_files,
    "no_memory": no_memory,
    "hungry": hungry,
}


if __name__ == "__main__":
    _, fault, *settings = sys.argv
    name, *arguments = fault.split(":")
    FAULTS[name](*arguments)
    program = str(ROOT / "run.py")
    sys.argv = [program, *settings]
    runpy.run_path(program, run_name="__main__")
