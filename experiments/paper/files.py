"""Data files: the kinds of `kinds.yaml`, and those that are named or found in a folder."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from epsilon_research.benchmarks.nb101_official import URL as NB101_URL
from epsilon_research.benchmarks.nbnlp_official import ARCHIVES
from epsilon_research.data.cifar import RELEASES

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
            keys = [*_columns(path), *keys]
        chosen = next(self.reads[key] for key in keys if key in self.reads)
        return {name: str(path) if value == "PATH" else value for name, value in chosen.items()}


def _columns(path: Path) -> list[str]:
    try:
        return pq.read_schema(path).names
    except pa.ArrowInvalid as error:
        raise ValueError(
            f"{path} must be a whole parquet file, got another content: copy it again"
        ) from error


KINDS: Mapping[str, Kind] = {
    name: Kind(name=name, **fields)
    for name, fields in yaml.safe_load(
        Path(__file__).with_name("kinds.yaml").read_text(encoding="utf-8")
    ).items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files at hand.

    Args:
        paths: Absolute path of each kind that is there, by the kind's name.
        download: Whether what is not there, and can be fetched, counts as at hand.
        folder: Where files are looked for; a page shows its variable instead.
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
        paths = {kind.name: self.paths[kind.name] for kind in kinds if kind.name in self.paths}
        return {
            name: [path.stat().st_size, path.stat().st_mtime_ns] for name, path in paths.items()
        }


def find_files(
    named: Mapping[str, Path], *, folder: Path | None = None, download: bool = False
) -> Files:
    """Return the files that a user named, and those that are in a folder under usual names.

    Args:
        named: Files by the name of their kind; they come before what is in the folder.
        folder: Looked through, without its subfolders; None: not.
        download: See `Files`.

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
