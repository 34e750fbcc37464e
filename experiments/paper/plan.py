"""What each study of the paper runs with: the data files at hand, and its command."""

import logging
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from epsilon_research.benchmarks.nb101_official import URL as NB101_URL
from epsilon_research.benchmarks.nbnlp_official import ARCHIVES
from epsilon_research.checks import check_choice
from epsilon_research.data.cifar import RELEASES
from epsilon_research.launch.declared import ComposedStudy
from epsilon_research.launch.options import quoted
from epsilon_research.studies import Report

logger = logging.getLogger(__name__)

DATA_VARIABLE = "EPSILON_DATA"
"""Environment variable with the usual folder of data files."""

_URLS = {
    "nb101": NB101_URL,
    **{f"nbnlp_{name}": archive.url for name, archive in ARCHIVES.items()},
    **{f"cifar{classes}": release.url for classes, release in RELEASES.items()},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of file; `kinds.yaml` explains the fields."""

    name: str
    what: str
    source: str
    patterns: Sequence[str]
    reads: Mapping[str, Mapping[str, str]]
    download: Mapping[str, str] | None = None

    @property
    def option(self) -> str:
        """The option of the command that names a file of this kind."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def advice(self) -> str:
        """Return what to do where it is missing."""
        named = " or ".join(self.patterns)
        source = self.source.format(**_URLS)
        return f"{self.what}: from {source}; pass {self.option} PATH, or --data with {named}"

    def settings(self, path: Path) -> dict[str, str]:
        """Return the settings that make `run.py` read a file of this kind.

        Raises:
            ValueError: It is a damaged parquet file.
        """
        keys = [path.suffix, "other"]
        if path.suffix == ".parquet" and len(self.reads) > 1:
            try:
                keys = [*pq.read_schema(path).names, *keys]
            except pa.ArrowInvalid as error:
                raise ValueError(
                    f"{path} must be a whole parquet file, got another content: copy it again"
                ) from error
        chosen = next(self.reads[key] for key in keys if key in self.reads)
        return {name: str(path) if value == "PATH" else value for name, value in chosen.items()}


KINDS: Mapping[str, Kind] = {
    name: Kind(name=name, **fields)
    for name, fields in yaml.safe_load(
        Path(__file__).with_name("kinds.yaml").read_text(encoding="utf-8")
    ).items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files at hand: the absolute path of each kind that is there, by the kind's name.

    With `download`, what is not there and can be fetched counts as at hand. Of the folder where
    files are looked for, a page shows the variable instead.
    """

    paths: Mapping[str, Path]
    download: bool = False
    folder: Path | None = None

    def settings(self, kind: Kind) -> dict[str, str] | None:
        """Return what makes `run.py` take a file of this kind; None if there is none."""
        if kind.name in self.paths:
            return kind.settings(self.paths[kind.name])
        return dict(kind.download) if self.download and kind.download is not None else None

    def stamps(self, kinds: Sequence[Kind]) -> dict[str, list[int]]:
        """Return size in bytes and time of change in ns of the files of `kinds` that are there."""
        names = [kind.name for kind in kinds if kind.name in self.paths]
        found = {name: self.paths[name].stat() for name in names}
        return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in found.items()}


def find_files(
    named: Mapping[str, Path], *, folder: Path | None = None, download: bool = False
) -> Files:
    """Return the files that a user named, and those that are in a folder under usual names.

    Named ones, by the name of their kind, come first; subfolders are not looked through.

    Raises:
        FileNotFoundError: A named file or the folder does not exist.
    """
    for name, path in named.items():
        if not path.exists():
            raise FileNotFoundError(
                f"{KINDS[name].option} must be an existing file or folder, got {str(path)!r}: "
                "check the path"
            )
    if folder is not None and not folder.is_dir():
        raise FileNotFoundError(
            f"--data (or {DATA_VARIABLE}) must be an existing folder, got {str(folder)!r}: "
            "check the path"
        )
    found = {} if folder is None else _look_through(folder)
    # Not resolved: a link may have a known name where its target has none.
    paths = {name: path.absolute() for name, path in {**found, **named}.items()}
    return Files(paths=paths, folder=folder and folder.absolute(), download=download)


def _look_through(folder: Path) -> dict[str, Path]:
    names = sorted(path.name for path in folder.iterdir())
    found: dict[str, Path] = {}
    for kind in KINDS.values():
        # By pattern first: official names come before others. A file is of one kind only.
        fitting = [
            folder / name
            for pattern in kind.patterns
            for name in names
            if fnmatchcase(name, pattern) and folder / name not in found.values()
        ]
        if fitting:
            found[kind.name] = fitting[0]
        for other in dict.fromkeys(fitting[1:]):
            logger.info("%s: %s is taken, %s is not", kind.name, fitting[0].name, other.name)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A study and what it runs with: what files of these kinds at hand add to its command.

    With a kind missing that it needs, it cannot run.
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
        names = list(dict.fromkeys([*report.needs, *report.uses]))
        for name in names:
            check_choice("a kind of report.needs or report.uses", name, KINDS)
    except ValueError as error:
        raise ValueError(f"study {study.name}: {error}") from error
    settings: dict[str, str] = {}
    kinds: list[Kind] = []
    missing: list[Kind] = []
    for name in names:
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
