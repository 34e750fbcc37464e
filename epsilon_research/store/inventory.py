"""What lies in a store's folder: shelf by shelf, with sizes, damage and the age of the code.

Whatever lies there is reported, and nothing of it is imported or run.
"""

import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epsilon_research.atomic_file import ASIDE_SUFFIX
from epsilon_research.source_digest import code_versions
from epsilon_research.store.folder import DAMAGED, IDENTITY
from epsilon_research.store.part import SUFFIX, DamagedPartError, read_part, read_regular

CURRENT, OLD, UNKNOWN = "current", "old", "unknown"
"""Whether today's code would use a shelf; unknown where its identity cannot be read, or names code
that is not the project's, which is not looked for."""

_NAME = re.compile(r"[0-9a-f]{12}")
"""Name of a shelf: the hash of its identity."""

_PROJECT = "epsilon_research"

_ABANDONED_SECONDS = 3600
"""Nothing takes so long to write: an older file aside is one whose process was killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfRecord:
    """One shelf as it lies on disk."""

    name: str
    folder: Path
    identity: Mapping[str, Any] | None
    """None where it cannot be read."""
    parts: tuple[Path, ...]
    num_bytes: int
    code: str
    """`CURRENT`, `OLD` or `UNKNOWN`."""

    def count(self) -> int:
        """Distinct architectures in its sound parts."""
        keys: set[bytes] = set()
        for path in self.parts:
            try:
                keys.update(read_part(path)[0].keys)
            except (DamagedPartError, OSError):
                # `verify` reports it; here it only has nothing to count.
                continue
        return len(keys)


def shelves(folder: Path) -> list[ShelfRecord]:
    """Return all shelves in a store's folder, in alphabetical order.

    Raises:
        FileNotFoundError: The folder does not exist.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the store must be a folder that a run has written, got {folder}, which does not "
            "exist: pass --store=PATH"
        )
    records = [_record(path) for path in sorted(folder.iterdir()) if path.is_dir()]
    return [one for one in records if one is not None]


def _record(folder: Path) -> ShelfRecord | None:
    """The record of a folder, None if it is not a shelf: other programs have Arrow files, too."""
    if not _NAME.fullmatch(folder.name):
        return None
    parts = tuple(sorted(folder.glob(f"*{SUFFIX}")))
    named = (folder / IDENTITY).is_symlink() or (folder / IDENTITY).exists()
    if not (parts or named or (folder / DAMAGED).is_dir()):
        return None
    identity = _identity(folder / IDENTITY)
    return ShelfRecord(
        name=folder.name,
        folder=folder,
        identity=identity,
        parts=parts,
        num_bytes=sum(_sizes(folder)),
        code=UNKNOWN if identity is None else _age(identity.get("code")),
    )


def _identity(path: Path) -> Mapping[str, Any] | None:
    try:
        found = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError, DamagedPartError):
        return None
    return found if isinstance(found, dict) else None


def _sizes(folder: Path) -> Iterator[int]:
    for path in folder.rglob("*"):
        try:
            status = path.lstat()
        except OSError:  # it has gone, or is in a folder of others: it frees nothing
            continue
        yield status.st_size


def _age(versions: Any) -> str:
    if not isinstance(versions, dict):
        return UNKNOWN
    own = {name: one for name, one in versions.items() if name.split(".")[0] == _PROJECT}
    try:
        if code_versions(*own) != own:
            return OLD
    except ModuleNotFoundError:
        return OLD
    return CURRENT if own == versions else UNKNOWN


def faulty_parts(shelf: ShelfRecord) -> tuple[list[Path], list[Path]]:
    """Parts that are not what was written, those set aside before included; and unreadable ones."""
    damaged, unreadable = [], []
    for path in shelf.parts:
        try:
            read_part(path)
        except DamagedPartError:
            damaged.append(path)
        except FileNotFoundError:  # merged or dropped meanwhile
            continue
        except OSError:
            unreadable.append(path)
    return damaged + sorted((shelf.folder / DAMAGED).glob("*")), unreadable


def abandoned_files(folder: Path) -> list[Path]:
    """Files that a killed process began and never named."""
    limit = time.time() - _ABANDONED_SECONDS
    found = []
    for path in sorted(folder.rglob(f".*{ASIDE_SUFFIX}")):
        try:
            if path.lstat().st_mtime < limit:
                found.append(path)
        except OSError:  # it has its name by now
            continue
    return found


def drop(shelf: ShelfRecord) -> None:
    """Removes a shelf with all it holds; of a link only the link.

    Raises:
        OSError: It may not be removed.
    """
    if shelf.folder.is_symlink():
        shelf.folder.unlink()
    else:
        shutil.rmtree(shelf.folder)
