"""What lies in a store's folder: shelf by shelf, with sizes, damage and the age of the code."""

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epsilon_research.atomic_file import ASIDE_SUFFIX
from epsilon_research.source_digest import code_versions
from epsilon_research.store.folder import DAMAGED, IDENTITY
from epsilon_research.store.part import SUFFIX, DamagedPartError, read_part

_ABANDONED_SECONDS = 3600
"""Nothing takes so long to write: an older file aside is one whose process was killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfRecord:
    """One shelf as it lies on disk."""

    name: str
    folder: Path
    identity: Mapping[str, Any]
    parts: tuple[Path, ...]
    num_bytes: int
    current: bool
    """Whether today's code would use it."""

    def count(self) -> int:
        """Distinct architectures in its sound parts."""
        keys: set[bytes] = set()
        for path in self.parts:
            try:
                keys.update(read_part(path).keys)
            except DamagedPartError:
                # `verify` tells of it; here it only has nothing to count.
                continue
        return len(keys)


def shelves(folder: Path) -> list[ShelfRecord]:
    """All shelves in a store's folder, in alphabetical order.

    Raises:
        FileNotFoundError: The folder does not exist.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the store must be a folder that a run has written, got {folder}, which does not "
            "exist: pass --store=PATH"
        )
    return [_record(path.parent) for path in sorted(folder.glob(f"*/{IDENTITY}"))]


def _record(folder: Path) -> ShelfRecord:
    identity = json.loads((folder / IDENTITY).read_text(encoding="utf-8"))
    files = [path for path in folder.rglob("*") if path.is_file()]
    return ShelfRecord(
        name=folder.name,
        folder=folder,
        identity=identity,
        parts=tuple(sorted(folder.glob(f"*{SUFFIX}"))),
        num_bytes=sum(path.stat().st_size for path in files),
        current=_is_current(identity["code"]),
    )


def _is_current(versions: Mapping[str, str]) -> bool:
    try:
        return code_versions(*versions) == dict(versions)
    except ModuleNotFoundError:
        return False


def damaged_parts(shelf: ShelfRecord) -> list[Path]:
    """Parts that are not what was written, those that were set aside before included."""
    found = []
    for path in shelf.parts:
        try:
            read_part(path)
        except DamagedPartError:
            found.append(path)
    return found + sorted((shelf.folder / DAMAGED).glob("*"))


def abandoned_files(folder: Path) -> list[Path]:
    """Files that a killed process began and never named."""
    limit = time.time() - _ABANDONED_SECONDS
    aside = folder.rglob(f".*{ASIDE_SUFFIX}")
    return sorted(path for path in aside if path.stat().st_mtime < limit)


def drop(shelf: ShelfRecord) -> None:
    """Removes a shelf with all it holds."""
    shutil.rmtree(shelf.folder)
