"""What each study of the paper runs with: the files it takes, and its command."""

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from epsilon_research.launch.declared import ComposedStudy
from epsilon_research.studies import Report
from experiments.paper.files import DATA_VARIABLE, Files
from experiments.paper.kinds import Kind, kind_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A study and what it runs with.

    Args:
        name: `study=NAME` runs it.
        report: What it asks.
        sweeps: Whether it is a sweep.
        settings: What the files at hand add to its command, by name.
        kinds: Kinds of these files.
        missing: Kinds that it needs and that are not at hand; if any, it cannot run.
    """

    name: str
    report: Report
    sweeps: bool
    settings: Mapping[str, str]
    kinds: tuple[Kind, ...]
    missing: tuple[Kind, ...]


def plans(studies: Sequence[ComposedStudy], files: Files) -> list[Plan]:
    """The studies that have a report, in the order of the page.

    Raises:
        ValueError: A report is not as `Report` says, or names a kind of file that does not exist.
    """
    found = [plan(study, files) for study in studies if study.report is not None]
    return sorted(found, key=lambda one: (one.report.order or math.inf, one.name))


def plan(study: ComposedStudy, files: Files) -> Plan:
    """What a study runs with, or lacks; see `plans`."""
    try:
        report = Report.from_block(study.report)
    except ValueError as error:
        raise ValueError(f"study {study.name}: {error}") from error
    by_task = "task" in study.swept
    settings: dict[str, str] = {}
    kinds: list[Kind] = []
    missing: list[Kind] = []
    for name in dict.fromkeys([*report.needs, *report.uses]):
        kind = kind_named(name, study=study.name)
        found = _settings(kind, files, by_task=by_task)
        if found is None and name in report.needs:
            missing.append(kind)
        elif found is not None and not set(found) & set(settings):
            settings |= found
            kinds.append(kind)
    return Plan(
        name=study.name,
        report=report,
        sweeps=study.sweeps,
        settings=settings,
        kinds=tuple(kinds),
        missing=tuple(missing),
    )


def _settings(kind: Kind, files: Files, *, by_task: bool) -> dict[str, str] | None:
    """What makes a study take a file of a kind; None if there is none."""
    if not by_task:
        return files.settings(kind)
    # A path of one benchmark must not reach the jobs of another: their tasks take their own.
    path = files.paths.get(kind.name)
    return None if path is None else {f"files.{kind.name}": str(path)}


_UNQUOTED = re.compile(r"[\w/.@%+-]+(?:[ ]+[\w/.@%+-]+)*", re.ASCII)
"""What Hydra takes as it is."""


def quoted(value: str) -> str:
    """A value of a setting as Hydra's grammar wants it: a path with a comma would be a sweep."""
    if _UNQUOTED.fullmatch(value):
        return value
    # A backslash means itself, but before a quote.
    escaped = re.sub(r"(\\*)'", r"\1\1\'", value)
    trailing = len(value) - len(value.rstrip("\\"))
    return f"'{escaped}{chr(92) * trailing}'"


def command(planned: Plan, extra: Sequence[str] = ()) -> tuple[str, ...]:
    """The command of a study as a user would type it, word by word.

    Args:
        planned: The study.
        extra: Further settings, the same for all studies.
    """
    settings = (f"{name}={quoted(value)}" for name, value in planned.settings.items())
    return ("python", "run.py", f"study={planned.name}", *settings, *extra)


def folder_setting(planned: Plan, folder: Path) -> str:
    """The setting that puts the study's results into `folder`."""
    return f"hydra.{'sweep' if planned.sweeps else 'run'}.dir={quoted(str(folder))}"


def without_folder(text: str, data: Path | None) -> str:
    """A text in which the folder of data files is replaced by its variable."""
    return text if data is None else text.replace(f"{data}/", f"${DATA_VARIABLE}/")


def shown(words: Sequence[str], *, data: Path | None = None) -> str:
    """A command as a shell takes it, with files of the folder `data` by its variable."""
    return " ".join(_shown(word, data) for word in words)


def _shown(word: str, data: Path | None) -> str:
    name, _, value = word.partition("=")
    if data is None or not value.startswith(f"{data}/") or not _UNQUOTED.fullmatch(value):
        return shlex.quote(word)
    # In double quotes a shell puts the folder in; nothing else in the value is special there.
    return f'"{name}=${DATA_VARIABLE}{value.removeprefix(str(data))}"'
