"""The data files at hand: named by the user, or found in a folder under their usual names."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from experiments.paper.kinds import KINDS, Kind

logger = logging.getLogger(__name__)

DATA_VARIABLE = "EPSILON_DATA"
"""Environment variable with the usual folder of data files."""


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
        """What makes `run.py` take a file of this kind; None if there is none."""
        if kind.name in self.paths:
            return kind.settings(self.paths[kind.name])
        return dict(kind.download) if self.download and kind.download is not None else None

    def stamps(self, kinds: Sequence[Kind]) -> dict[str, list[int]]:
        """Size in bytes and time of change in ns of the files of `kinds` that are there."""
        found = {
            kind.name: self.paths[kind.name].stat() for kind in kinds if kind.name in self.paths
        }
        return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in found.items()}


def find_files(
    named: Mapping[str, Path], *, folder: Path | None = None, download: bool = False
) -> Files:
    """The files that a user named, and those that are in a folder under usual names.

    Args:
        named: By name of their kind; they come before what is in the folder.
        folder: Looked through, without its subfolders; None: not.
        download: See `Files`.

    Raises:
        FileNotFoundError: A named file or the folder does not exist.
    """
    kinds = {kind.name: kind for kind in KINDS}
    for name, path in named.items():
        if not path.exists():
            raise FileNotFoundError(
                f"{kinds[name].option} must be an existing file or folder, got {str(path)!r}: "
                "check the path"
            )
    found: dict[str, Path] = {}
    if folder is not None:
        if not folder.is_dir():
            raise FileNotFoundError(
                f"--data (or {DATA_VARIABLE}) must be an existing folder, got {str(folder)!r}: "
                "check the path"
            )
        found = _look_through(folder)
    # Not resolved: a link may have a known name where its target has none.
    paths = {name: path.absolute() for name, path in {**found, **named}.items()}
    return Files(paths=paths, folder=folder and folder.absolute(), download=download)


def _look_through(folder: Path) -> dict[str, Path]:
    names = sorted(path.name for path in folder.iterdir())
    found: dict[str, Path] = {}
    for kind in KINDS:
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
