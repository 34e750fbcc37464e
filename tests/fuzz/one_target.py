"""One target for a bounded time: `python -m tests.fuzz.one_target MODULE NAME SECONDS FOLDER`.

In a process of its own, since a reader may hang or take the whole process down. What it does at the
end is in the exit status, and the number of inputs on the last line of the output.
"""

import importlib
import importlib.util
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fuzz.target import Target

INPUTS = "inputs tried: "
INPUT_SECONDS = 30
"""For one input; generous, since the machine may be busy. Most take less than a millisecond."""

MEMORY_MEGABYTES = 2048
"""Of the whole process, of which the libraries take half a gigabyte."""

_LIBRARIES = ("epsilon_research", "tarfile", "zipfile", "numpy.lib")
"""Code whose coverage guides the search."""


def main(module: str, name: str, seconds: float, folder: Path) -> int:
    """The exit status: 0 if every answer was right."""
    os.environ["EPSILON_STORE"] = "none"
    folder.mkdir(parents=True, exist_ok=True)
    if importlib.util.find_spec("atheris") is None:
        return _unguided(_target(module, name), seconds, folder)
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=list(_LIBRARIES)):
        target = _target(module, name)
    return _guided(atheris, target, seconds, folder)


def _target(module: str, name: str) -> "Target":
    found = {target.name: target for target in importlib.import_module(module).TARGETS}
    return found[name]


def _unguided(target: "Target", seconds: float, folder: Path) -> int:
    """Mutations of the seeds; the input that is being tried lies in the folder."""
    from tests.fuzz.mutation import mutated

    seeds = list(target.seeds())
    rng = random.Random(0)
    limit = MEMORY_MEGABYTES * 2**20 + _address_space()
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # Its default action ends the process, also in the middle of compiled code.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    current = folder / f"{target.name}.input"
    end = time.monotonic() + seconds
    tried = 0
    while tried < len(seeds) or time.monotonic() < end:
        if tried < len(seeds):
            data = seeds[tried]
        else:
            data = mutated(rng.choice(seeds), seeds, rng, max_bytes=target.max_bytes)
        current.write_bytes(data)
        signal.alarm(INPUT_SECONDS)
        target.run(data)
        signal.alarm(0)
        tried += 1
    current.unlink()
    sys.stdout.write(f"{INPUTS}{tried}\n")
    return 0


def _address_space() -> int:
    """Bytes that the process has now; libraries reserve much that they never touch."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def _guided(atheris: Any, target: "Target", seconds: float, folder: Path) -> int:
    from tests.fuzz.mutation import mutated

    seeds = list(target.seeds())
    corpus = folder / "corpus" / target.name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed{number}").write_bytes(seed)

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if rng.random() < 0.5:
            return atheris.Mutate(data, max_size)
        return mutated(bytes(data), seeds, rng, max_bytes=max_size)

    arguments = [
        "fuzz",
        f"-max_total_time={max(1, int(seconds))}",
        f"-timeout={INPUT_SECONDS}",
        f"-rss_limit_mb={MEMORY_MEGABYTES}",
        f"-max_len={max(target.max_bytes, *map(len, seeds))}",
        f"-artifact_prefix={folder}/{target.name}.",
        "-print_final_stats=1",
        "-verbosity=0",
        str(corpus),
    ]
    atheris.Setup(arguments, _without_copy(target.run), custom_mutator=mutate)
    atheris.Fuzz()
    return 0


def _without_copy(run: Callable[[bytes], None]) -> Callable[[bytes], None]:
    return lambda data: run(bytes(data))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), Path(sys.argv[4])))
