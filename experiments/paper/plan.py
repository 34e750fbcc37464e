"""What each study of the paper runs with: the files it takes, and its command."""

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from epsilon_research.launch.declared import ComposedStudy
from epsilon_research.launch.options import quoted
from epsilon_research.studies import Report
from experiments.paper.files import DATA_VARIABLE, KINDS, Files, Kind


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
    kinds: Sequence[Kind]
    missing: Sequence[Kind]

    @property
    def lacks(self) -> str:
        """Names of the missing kinds."""
        return ", ".join(kind.name for kind in self.missing)

    def command(self, extra: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the command as a user would type it, word by word, with further settings."""
        settings = (f"{name}={_typed(value)}" for name, value in self.settings.items())
        return ("python", "run.py", f"study={self.name}", *settings, *extra)

    def folder_setting(self, folder: Path) -> str:
        """Return the setting that puts the study's results into `folder`."""
        return f"hydra.{'sweep' if self.sweeps else 'run'}.dir={_typed(str(folder))}"


def plans(studies: Sequence[ComposedStudy], files: Files) -> list[Plan]:
    """Return the studies that have a report, in the order of the page.

    Raises:
        ValueError: A report is not as `Report` says, or names a kind of file that does not exist.
    """
    found = [plan(study, files) for study in studies if study.report is not None]
    return sorted(found, key=lambda one: (one.report.order or math.inf, one.name))


def plan(study: ComposedStudy, files: Files) -> Plan:
    """Return what a study runs with, or lacks; see `plans`."""
    try:
        report = Report.from_block(study.report)
        unknown = [name for name in (*report.needs, *report.uses) if name not in KINDS]
        if unknown:
            raise ValueError(
                f"report.needs and report.uses must be of {', '.join(KINDS)}, got {unknown[0]}: "
                "correct it"
            )
    except ValueError as error:
        raise ValueError(f"study {study.name}: {error}") from error
    settings: dict[str, str] = {}
    kinds: list[Kind] = []
    missing: list[Kind] = []
    for name in dict.fromkeys([*report.needs, *report.uses]):
        found = files.settings(KINDS[name])
        if "task" in study.swept:
            # A path of one benchmark must not reach the jobs of another: tasks take their own.
            path = files.paths.get(name)
            found = None if path is None else {f"files.{name}": str(path)}
        if found is None and name in report.needs:
            missing.append(KINDS[name])
        elif found is not None and not set(found) & set(settings):
            settings |= found
            kinds.append(KINDS[name])
    return Plan(
        name=study.name, report=report, sweeps=study.sweeps, settings=settings, kinds=kinds,
        missing=missing,
    )  # fmt: skip


_UNQUOTED = re.compile(r"[\w/.@%+-]+(?:[ ]+[\w/.@%+-]+)*", re.ASCII)
"""What Hydra takes as it is."""


def _typed(value: str) -> str:
    """A value as one would type it: in quotes only where Hydra's grammar wants them."""
    return value if _UNQUOTED.fullmatch(value) else quoted(value)


def without_folder(text: str, data: Path | None) -> str:
    """Return a text in which the folder of data files is replaced by its variable."""
    return text if data is None else text.replace(f"{data}/", f"${DATA_VARIABLE}/")


def shown(words: Sequence[str], *, data: Path | None = None) -> str:
    """Return a command as a shell takes it, with files of the folder `data` by its variable."""
    return " ".join(_shown(word, data) for word in words)


def _shown(word: str, data: Path | None) -> str:
    name, _, value = word.partition("=")
    if data is None or not value.startswith(f"{data}/") or not _UNQUOTED.fullmatch(value):
        return shlex.quote(word)
    # In double quotes a shell puts the folder in; nothing else in the value is special there.
    return f'"{name}=${DATA_VARIABLE}{value.removeprefix(str(data))}"'
