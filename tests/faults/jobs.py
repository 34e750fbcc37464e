"""The commands that are disturbed, and what they find when nobody disturbs them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.commands import summary_of
from tests.faults.leavings import assert_same, numbers
from tests.faults.processes import command, start, succeed, until

QUICK = ("dataset=random_normal", "batch_size=32", "bootstrap_resamples=50", "tracker=none")
TWO = "executor.processes=2"
JOBS = {
    "scoring": (
        *QUICK, TWO, "search_space.num_architectures=300", "metric=[epsilon,num_parameters]",
        "benchmark=none",
    ),
    "search": (
        *QUICK, TWO, "search_space.num_architectures=60", "search=ageing_evolution",
        "search.budget=40", "search.repeats=8", "search.warmup_pool=30",
        "search.population_size=16", "search.tournament_size=4",
        "search.selection_runs=20", "search.sample_sizes=[10]",
    ),
    "sweep": (*QUICK, TWO, "-m", "search_space.num_architectures=30", "minibatch_seed=1,2,3"),
    "cells": (*QUICK, TWO, "search_space=nb101", "search_space.first=500", "benchmark=none"),
    "small": (*QUICK, "search_space.num_architectures=40", "executor=serial"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Undisturbed:
    """What a command finds when nobody disturbs it, and how long that takes."""

    found: dict[str, Any]
    begin_seconds: float
    """Until its settings were saved."""
    part_seconds: float
    """Until the first part was in the store."""
    scored_seconds: float
    """Until the first table of scores was there."""
    seconds: float
    num_parts: int
    """In the store at the end."""


Undisturb = Callable[[str], Undisturbed]


def words(what: str, folder: Path, *more: str, fault: str = "frequent_parts") -> list[str]:
    """The command whose run, or sweep, and whose store lie in `folder`."""
    place = "hydra.sweep.dir" if what == "sweep" else "hydra.run.dir"
    settings = [word for word in JOBS[what] if not _replaced(word, more)]
    if not _replaced("store=", more):
        settings.append(f"store={folder}/store")
    return command(fault, *settings, *more, f"{place}={folder}/run")


def _replaced(word: str, more: tuple[str, ...]) -> bool:
    return any(other.partition("=")[0] == word.partition("=")[0] for other in more)


def undisturbed(what: str, folder: Path) -> Undisturbed:
    """Runs a command twice, which must agree, and times the second."""
    for name in ("first", "second"):
        (folder / name).mkdir()
    # The first may compile, and leaves that for all that follow.
    succeed(words(what, folder / "first"))
    place = folder / "second"
    begin = time.monotonic()
    process = start(words(what, place))
    moments = []
    for event in (has_begun, num_parts, has_scores):
        until(lambda event=event: bool(event(place)), process=process)
        moments.append(time.monotonic() - begin)
    process.communicate()
    seconds = time.monotonic() - begin
    assert process.returncode == 0
    found = numbers(place / "run")
    assert_same(folder / "first" / "run", found)
    begun, part, scored = moments
    return Undisturbed(
        found=found,
        begin_seconds=begun,
        part_seconds=part,
        scored_seconds=scored,
        seconds=seconds,
        num_parts=num_parts(place),
    )


def has_begun(folder: Path) -> bool:
    """Whether a run has saved its settings, and with that begins its work."""
    # Hydra has saved its own before.
    found = (folder / "run").glob("**/config.yaml")
    return any(path.parent.name != ".hydra" for path in found)


def has_scores(folder: Path, since: float = 0) -> bool:
    """Whether there is a table of scores, written after a time of day."""
    found = (folder / "run").glob("**/scores.parquet")
    return any(path.stat().st_mtime >= since for path in found)


def num_parts(folder: Path, since: float = 0) -> int:
    """How many parts the store has, written after a time of day."""
    found = (folder / "store").glob("*/*.arrow")
    return sum(path.stat().st_mtime >= since for path in found)


def stage_of(folder: Path, since: float) -> str:
    """The last that a run has left that was started at a time of day, and how many of that."""
    run = folder / "run"
    stages = {
        "gathered": "study.json",
        "summary": "**/summary.json",
        "search": "**/search_curves.parquet",
        "figures": "**/figures/**/*.p*",
        "scores": "**/scores.parquet",
    }
    for name, pattern in stages.items():
        count = sum(path.stat().st_mtime >= since for path in run.glob(pattern))
        if count:
            return f"{name} ({count})"
    parts = num_parts(folder, since)
    return f"parts ({parts})" if parts else "nothing yet"


def counted(run: Path, what: str) -> int:
    """A count of a run's summary, or of those of a sweep's jobs together."""
    folders = [path.parent for path in run.glob("**/summary.json")]
    return sum(summary_of(folder)["counts"][what] for folder in folders)
