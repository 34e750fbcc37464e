"""Shelves in a folder.

    <folder>/<shelf>/identity.json      what its evaluations depend on, for people and `drop`
    <folder>/<shelf>/<checksum>.arrow   parts
    <folder>/<shelf>/damaged/           parts that are not what they were

A part is written once, whole, under a name that is its content's checksum, and never changed. So
any number of processes read and write at a time without locks: two that compute the same write it
twice at worst, and whichever part comes first in alphabetical order is read, by all alike. Small
parts are merged on the way; whoever merges removes what the merged part holds, and others find it
there.

Only content is damage. What cannot be read now is skipped, and what cannot be written is kept in
memory or, where this user may not write, not kept at all: each is remarked upon once.
"""

import errno
import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from epsilon_research.store.base import ABSENT, Evaluation, Shelf, Store
from epsilon_research.store.files import OpenFiles, make_shared, patiently, write_shared
from epsilon_research.store.form import ANY_FORM, Form
from epsilon_research.store.merging import merge_small
from epsilon_research.store.part import SUFFIX, DamagedPartError, Part, encode, read_part

IDENTITY = "identity.json"
DAMAGED = "damaged"
_ROW_BITS = 32

_NOT_OURS = (errno.EACCES, errno.EPERM, errno.EROFS)
"""Errors that another try does not mend: this user may not write there."""

_TRIES = 3
"""Number of tries to list, or to write into, a folder that others change meanwhile."""

_FLUSHES_BETWEEN_MERGES = 8

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderStore(Store):
    """Evaluations in a folder, which is made when something is written.

    Args:
        path: The folder.
    """

    connects: ClassVar[Mapping[str, Callable[[object], bool]]] = {"path": lambda path: True}

    path: Path
    keeps: bool = True
    _remarks: list[str] = field(default_factory=list, init=False, compare=False)
    _files: OpenFiles = field(default_factory=OpenFiles, init=False, compare=False)

    @property
    def remarks(self) -> Sequence[str]:
        """See `Store`."""
        return tuple(self._remarks)

    def check(self) -> None:
        """See `Store`; leaves the folder behind."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            patiently(lambda: write_shared(self.path / ".writable", b"", keep=False))
        except OSError as error:
            if error.errno not in _NOT_OURS or not os.access(self.path, os.R_OK | os.X_OK):
                raise _unusable(error, self.path) from error
            self._remark(_not_kept(error, self.path))

    def shelf(self, identity: Mapping[str, Any], *, form: Form = ANY_FORM) -> Shelf:
        """See `Store`; its folder is made when something is written."""
        text = json.dumps(identity, sort_keys=True, indent=1)
        folder = self.path / blake2b(text.encode(), digest_size=6).hexdigest()
        return FolderShelf(folder, identity=text, form=form, files=self._files, remark=self._remark)

    def _remark(self, sentence: str) -> None:
        if sentence not in self._remarks:
            logger.warning(sentence)
            self._remarks.append(sentence)


class FolderShelf(Shelf):
    """One identity's parts.

    Args:
        folder: Holds them, or does not exist yet.
        identity: Text of `identity.json`.
        form: What evaluations must look like.
        files: Opens parts.
        remark: Takes a sentence about what went wrong.
    """

    def __init__(
        self,
        folder: Path,
        *,
        identity: str,
        form: Form,
        files: OpenFiles,
        remark: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._identity = identity
        self._form = form
        self._files = files
        self._remark = remark
        self._parts: dict[int, Part] = {}
        self._known: set[str] = set()
        self._gone: list[tuple[int, Part]] = []
        self._num_parts = 0
        self._looked_at = -1
        self._rows: list[tuple[bytes, Evaluation]] = []
        self._unreadable: set[int | None] = set()
        self._num_flushes = 0

    def locate(self, rows: Mapping[bytes, int], places: np.ndarray) -> None:
        """See `Shelf`; parts that are damaged are set aside."""
        new = self._new_parts()
        while self._gone:
            number, part = self._gone.pop()
            for key in part.keys:
                position = rows.get(key)
                if position is not None and places[position] >> _ROW_BITS == number:
                    places[position] = ABSENT
        for part in new:
            number, self._num_parts = self._num_parts, self._num_parts + 1
            self._parts[number] = part
            for row, key in enumerate(part.keys):
                position = rows.get(key)
                if position is not None and places[position] == ABSENT:
                    places[position] = number << _ROW_BITS | row

    def _new_parts(self) -> list[Part]:
        found: dict[str, Part] = {}
        try:
            for _ in range(_TRIES):
                # Before the names are read, so that a part that comes meanwhile is seen next time.
                changed = self._folder.stat().st_mtime_ns
                if changed == self._looked_at:
                    break
                with os.scandir(self._folder) as entries:
                    names = {entry.name for entry in entries if entry.name.endswith(SUFFIX)}
                for number, part in list(self._parts.items()):
                    if part.path.name not in names:
                        self._forget(number)
                new = sorted(names - self._known)
                found |= {name: part for name in new if (part := self._open(name)) is not None}
                self._looked_at = changed
        except FileNotFoundError:  # nobody has written to it yet, or somebody has dropped it
            for number in list(self._parts):
                self._forget(number)
        except OSError as error:
            self._skip(self._folder, error)
        return [found[name] for name in sorted(found)]

    def _open(self, name: str) -> Part | None:
        """The part of a name, which is known from then on; None where it cannot be read now."""
        path = self._folder / name
        try:
            try:
                part, _ = read_part(path, form=self._form)
            except DamagedPartError:
                # Once more, since a disk or a network may err in passing.
                part, _ = read_part(path, form=self._form)
        except DamagedPartError as error:
            self._set_aside(path, error)
        except FileNotFoundError:
            # Another process has merged it, set it aside or dropped it since the folder was listed.
            logger.info("%s has gone", path)
        except OSError as error:
            self._skip(path, error)
        else:
            self._known.add(name)
            return part
        return None

    def _set_aside(self, path: Path, error: DamagedPartError) -> None:
        self._known.add(path.name)
        target = path.parent / DAMAGED
        sentence = f"the store's parts must be as they were written, but {error}: it is "
        try:
            make_shared(target)
            path.replace(target / path.name)
            sentence += f"in {DAMAGED}/ now"
        except FileNotFoundError:  # another process has set it aside, and has reported it
            return
        except OSError as refusal:
            sentence += f"left there ({refusal.strerror or refusal})"
        self._remark(f"{sentence}, and what it held is computed again")

    def _skip(self, path: Path, error: OSError) -> None:
        """Remark once on each kind of error: a thousand parts may have the same."""
        if error.errno not in self._unreadable:
            self._unreadable.add(error.errno)
            self._remark(
                f"the score store must be readable, got {error.strerror or str(error)!r} for "
                f"{path}: such parts are skipped, and what they hold is computed again"
            )

    def _forget(self, number: int) -> None:
        part = self._parts.pop(number)
        self._files.close(part.path)
        self._known.discard(part.path.name)
        self._gone.append((number, part))

    def read(self, place: int) -> Evaluation | None:
        """See `Shelf`."""
        number = place >> _ROW_BITS
        part = self._parts.get(number)
        if part is None:
            return None
        try:
            return part.read(place & (1 << _ROW_BITS) - 1, self._files.open(part.path))
        except FileNotFoundError:
            # Merged or dropped: the folder is to be looked at again.
            self._looked_at = -1
        except OSError as error:
            self._skip(part.path, error)
        self._forget(number)
        return None

    def add(self, key: bytes, evaluation: Evaluation) -> None:
        """See `Shelf`."""
        self._rows.append((key, evaluation))

    def flush(self) -> None:
        """See `Shelf`."""
        rows = self._rows[:]
        if not rows:
            return
        try:
            for count, name, content in encode(rows):
                self._write(name, content)
                # What this process wrote it has no need to read again.
                self._known.add(name)
                del self._rows[:count]
        except OSError as error:
            if error.errno not in _NOT_OURS:
                raise _unusable(error, self._folder.parent) from error
            self._remark(_not_kept(error, self._folder))
            del self._rows[: len(rows)]
            return
        self._num_flushes += 1
        if self._num_flushes % _FLUSHES_BETWEEN_MERGES == 0:
            merge_small(self._folder, form=self._form)

    def _write(self, name: str, content: bytes) -> None:
        for last in range(_TRIES):
            try:
                make_shared(self._folder)
                if not (self._folder / IDENTITY).exists():
                    write_shared(self._folder / IDENTITY, self._identity.encode())
                write_shared(self._folder / name, content)
                return
            except FileNotFoundError:  # dropped by another process meanwhile
                if last == _TRIES - 1:
                    raise


def _unusable(error: OSError, folder: Path) -> OSError:
    reason = error.strerror or str(error)
    message = (
        f"the score store must be writable, got '{reason}': make room or correct permissions, or "
        "choose another folder with store=PATH or none with store=none; what it holds is kept"
    )
    return OSError(error.errno, message, str(folder))


def _not_kept(error: OSError, folder: Path) -> str:
    return (
        f"the score store must be writable to keep what is computed, got {error.strerror!r} for "
        f"{folder}: what it holds is used, and nothing is added; correct its permissions, or "
        "choose another folder with store=PATH"
    )
