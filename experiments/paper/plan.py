"""What each study of the paper runs with: the files it takes, and its command."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.paper.declared import DeclaredStudy
from experiments.paper.files import DATA_VARIABLE, Files
from experiments.paper.kinds import Kind, kind_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A study and what it runs with.

    Args:
        study: The study.
        settings: What the files at hand add to its command, by name.
        kinds: Of these files.
        missing: Kinds that it needs and that are not at hand; if any, it cannot run.
    """

    study: DeclaredStudy
    settings: Mapping[str, str]
    kinds: tuple[Kind, ...]
    missing: tuple[Kind, ...]


def plan(study: DeclaredStudy, files: Files) -> Plan:
    """What a study runs with, or lacks.

    Raises:
        ValueError: It names a kind that does not exist, is not for its search space, or gives a
            setting that the study sweeps.
    """
    names = dict.fromkeys([*study.report.needs, *study.report.uses])
    useful = [kind_named(name, study=study.name) for name in names]
    settings: dict[str, str] = {}
    kinds: list[Kind] = []
    for kind in useful:
        _check_fits(kind, study)
        found = _settings(kind, study, files)
        if found is not None and not set(found) & set(settings):
            settings |= found
            kinds.append(kind)
    needed = (kind for kind in useful if kind.name in study.report.needs)
    missing = tuple(kind for kind in needed if _settings(kind, study, files) is None)
    return Plan(study=study, settings=settings, kinds=tuple(kinds), missing=missing)


def _settings(kind: Kind, study: DeclaredStudy, files: Files) -> dict[str, str] | None:
    """What makes a study take a file of a kind; None if there is none."""
    if len(study.spaces) == 1:
        return files.settings(kind)
    # A path of one benchmark must not reach the jobs of another: their tasks take their own.
    path = files.paths.get(kind.name)
    return None if path is None else {f"files.{kind.name}": str(path)}


def _check_fits(kind: Kind, study: DeclaredStudy) -> None:
    if not set(study.spaces) & set(kind.spaces):
        raise ValueError(
            f"study {study.name} must be about {' or '.join(kind.spaces)} to take "
            f"{kind.name}, got search_space {', '.join(study.spaces)}: leave the kind out of its "
            "report"
        )
    if kind.group in study.swept:
        raise ValueError(
            f"study {study.name} must not sweep {kind.group} and take {kind.name}, got both: the "
            "file's setting would win over the swept one, leave the kind out of its report"
        )


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
    return ("python", "run.py", f"study={planned.study.name}", *settings, *extra)


def folder_setting(study: DeclaredStudy, folder: Path) -> str:
    """The setting that puts the study's results into `folder`."""
    return f"hydra.{'sweep' if study.sweeps else 'run'}.dir={quoted(str(folder))}"


def without_folder(text: str, data: Path | None) -> str:
    """A text in which the folder of data files is told by its variable."""
    return text if data is None else text.replace(f"{data}/", f"${DATA_VARIABLE}/")


def shown(words: Sequence[str], *, data: Path | None = None) -> str:
    """A command as a shell takes it, with files of the folder `data` told by its variable."""
    return " ".join(_shown(word, data) for word in words)


def _shown(word: str, data: Path | None) -> str:
    name, _, value = word.partition("=")
    if data is None or not value.startswith(f"{data}/") or not _UNQUOTED.fullmatch(value):
        return shlex.quote(word)
    # In double quotes a shell puts the folder in; nothing else in the value is special there.
    return f'"{name}=${DATA_VARIABLE}{value.removeprefix(str(data))}"'
