"""Shelves in a folder.

    <folder>/<shelf>/identity.json      what its evaluations depend on, for people and `drop`
    <folder>/<shelf>/<checksum>.arrow   parts
    <folder>/<shelf>/damaged/           parts that are not what they were

A part is written once, whole, under a name that is its content's checksum, and never changed. So
any number of processes read and write at a time without locks: two that compute the same write it
twice at worst, and whichever part comes first in alphabetical order is read, by all alike.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from epsilon_research.atomic_file import write_atomically
from epsilon_research.store.base import ABSENT, Evaluation, Shelf, Store
from epsilon_research.store.part import SUFFIX, DamagedPartError, Part, encode, read_part

IDENTITY = "identity.json"
DAMAGED = "damaged"
_ROW_BITS = 32

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderStore(Store):
    """Evaluations in a folder, which is made when something is written.

    Args:
        path: The folder.
    """

    path: Path
    keeps: bool = True
    _damaged: list[str] = field(default_factory=list, init=False, compare=False)

    @property
    def damaged(self) -> Sequence[str]:
        """See `Store`."""
        return tuple(self._damaged)

    def check(self) -> None:
        """See `Store`; leaves the folder behind."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path / ".writable", lambda handle: None)
        except OSError as error:
            raise _unusable(error, self.path) from error

    def shelf(self, identity: Mapping[str, Any]) -> Shelf:
        """See `Store`.

        Raises:
            OSError: The folder cannot be written.
        """
        text = json.dumps(identity, sort_keys=True, indent=1)
        folder = self.path / blake2b(text.encode(), digest_size=6).hexdigest()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / IDENTITY).exists():
                write_atomically(folder / IDENTITY, lambda handle: handle.write(text.encode()))
        except OSError as error:
            raise _unusable(error, self.path) from error
        return FolderShelf(folder, damaged=self._damaged)


class FolderShelf(Shelf):
    """One identity's parts."""

    def __init__(self, folder: Path, *, damaged: list[str]) -> None:
        self._folder = folder
        self._damaged = damaged
        self._parts: list[Part] = []
        self._known: set[str] = set()
        self._looked_at = -1
        self._keys: list[bytes] = []
        self._evaluations: list[Evaluation] = []

    def locate(self, rows: Mapping[bytes, int], places: np.ndarray) -> None:
        """See `Shelf`; parts that are damaged are set aside."""
        for part in self._new_parts():
            number = len(self._parts)
            self._parts.append(part)
            for row, key in enumerate(part.keys):
                position = rows.get(key)
                if position is not None and places[position] == ABSENT:
                    places[position] = number << _ROW_BITS | row

    def _new_parts(self) -> list[Part]:
        # Before the names are read, so that a part that comes meanwhile is seen next time.
        changed = self._folder.stat().st_mtime_ns
        if changed == self._looked_at:
            return []
        self._looked_at = changed
        names = {path.name for path in self._folder.glob(f"*{SUFFIX}")}
        new = sorted(names - self._known)
        self._known |= names
        return [part for name in new if (part := self._open(self._folder / name)) is not None]

    def _open(self, path: Path) -> Part | None:
        try:
            return read_part(path)
        except DamagedPartError as error:
            self._set_aside(path)
            sentence = f"the store's parts must be as they were written, but {error}: it is in "
            sentence += f"{DAMAGED}/ now, and what it held is computed again"
            logger.warning(sentence)
            self._damaged.append(sentence)
        except FileNotFoundError:
            # Another process has set it aside since the folder was listed, and has told of it.
            logger.info("%s has gone", path)
        return None

    def _set_aside(self, path: Path) -> None:
        target = path.parent / DAMAGED
        target.mkdir(exist_ok=True)
        path.replace(target / path.name)

    def read(self, place: int) -> Evaluation:
        """See `Shelf`."""
        return self._parts[place >> _ROW_BITS].read(place & (1 << _ROW_BITS) - 1)

    def add(self, key: bytes, evaluation: Evaluation) -> None:
        """See `Shelf`."""
        self._keys.append(key)
        self._evaluations.append(evaluation)

    def flush(self) -> None:
        """See `Shelf`."""
        if not self._keys:
            return
        name, content = encode(self._keys, self._evaluations)
        try:
            write_atomically(self._folder / name, lambda handle: handle.write(content))
        except OSError as error:
            raise _unusable(error, self._folder.parent) from error
        # What this process wrote it has no need to read again.
        self._known.add(name)
        self._keys, self._evaluations = [], []


def _unusable(error: OSError, folder: Path) -> OSError:
    reason = error.strerror or str(error)
    message = (
        f"the score store must be writable, got '{reason}': make room or correct permissions, or "
        "choose another folder with store=PATH or none with store=none; what it holds is kept"
    )
    return OSError(error.errno, message, str(folder))
