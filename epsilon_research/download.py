"""Large files from the web: once, resumed after a break, and checked before anyone reads them."""

import hashlib
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

logger = logging.getLogger(__name__)

PART_SUFFIX = ".part"
"""Suffix of what has come so far."""

LOCK_SUFFIX = ".lock"
"""Suffix of the empty file that makes processes wait for each other."""

_TIMEOUT_SECONDS = 30.0
_BYTES_AT_ONCE = 1 << 16
"""The most that a broken connection loses."""

Check = Callable[[Path], None]
"""Raises a ValueError for a file with another content than it must have."""


def check_sha256(path: Path, *, sha256: str) -> None:
    """Refuses a file with another content.

    Raises:
        ValueError: The checksum differs.
        OSError: The file cannot be read.
    """
    with path.open("rb") as handle:
        found = hashlib.file_digest(handle, "sha256").hexdigest()
    _compare(path, "SHA-256", sha256, found)


def check_git_blob(path: Path, *, blob_id: str) -> None:
    """Refuses a file with another content than git knows by an id.

    The id is the SHA-1 of `blob <size>`, a zero byte and the content: git's choice, which reveals
    damage and is not a signature.

    Raises:
        ValueError: The id differs.
        OSError: The file cannot be read.
    """
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as handle:
        found = hashlib.file_digest(handle, lambda: digest).hexdigest()
    _compare(path, "git blob", blob_id, found)


def _compare(path: Path, kind: str, expected: str, found: str) -> None:
    if found != expected:
        raise ValueError(
            f"{path} must be the official file ({kind} {expected}), got {kind} {found}: it is "
            "damaged or another version, download it again"
        )


def download(url: str, path: Path, *, check: Check, advice: str, size: int | None = None) -> Path:
    """A file from the web, downloaded unless it is there already.

    What comes is written to a file beside, `path` with the suffix .part, which a later call
    continues if the server can. Only a file that passed `check` is renamed to `path`. One that is
    there and does not pass is downloaded again. Several processes take turns.

    Args:
        url: Where the file is.
        path: Where it goes; the folder is made.
        check: Refuses another content, e.g. `check_sha256` with its `sha256` bound.
        advice: What else to do, for the error message, e.g. "pass benchmark.path=FILE".
        size: Bytes of the file, if known: then a server that sends others is left at once.

    Returns:
        `path`.

    Raises:
        FileNotFoundError: It cannot be downloaded; what has come is kept.
        ValueError: What was downloaded has another content, and is removed.
        OSError: It cannot be written.
    """
    if _is_right(path, check):
        return path
    transfer = _Transfer(url=url, path=path, advice=advice, size=size)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _turn(path):
            # Another process may have fetched it meanwhile.
            if not _is_right(path, check):
                if path.exists():
                    logger.warning("%s is not the right file and is downloaded again", path)
                    path.unlink()
                transfer.fetch(check)
    except OSError as error:
        if error.strerror is None:
            raise
        raise OSError(
            f"{path} must be writable, got {error.strerror!r}: check permissions and free space, "
            f"or {advice}"
        ) from error
    return path


def _is_right(path: Path, check: Check) -> bool:
    if not path.is_file():
        return False
    try:
        check(path)
    except ValueError:
        return False
    return True


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Waits until no other process downloads `path`."""
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(path.name + LOCK_SUFFIX))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.info("waiting for another process that downloads %s", path)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Transfer:
    """One file on its way; see `download`."""

    url: str
    path: Path
    advice: str
    size: int | None

    @property
    def part(self) -> Path:
        """What has come so far."""
        return self.path.with_name(self.path.name + PART_SUFFIX)

    @property
    def have(self) -> int:
        """Bytes that have come so far."""
        return self.part.stat().st_size if self.part.exists() else 0

    def fetch(self, check: Check) -> None:
        """Brings the whole file, checks it and gives it its name."""
        resumed = self.have > 0
        self._complete()
        try:
            self._check_part(check)
        except ValueError:
            # The older part may be of another version.
            if not resumed:
                raise
            logger.warning("%s was continued but is not the right file: once more", self.path)
            self._complete()
            self._check_part(check)
        self.part.replace(self.path)

    def _check_part(self, check: Check) -> None:
        try:
            check(self.part)
        except ValueError:
            self.part.unlink()
            raise

    def _complete(self) -> None:
        """Connects again as long as every connection brings something."""
        from requests import RequestException

        while True:
            before = self.have
            try:
                self._connect()
            except RequestException as error:
                if self.have <= before:
                    raise self._broken(error) from error
                logger.info("the connection broke after %s bytes: once more", f"{self.have:,}")
            else:
                return

    def _broken(self, error: Exception) -> FileNotFoundError:
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        kept = f" after {self.have:,} bytes, which are kept" if self.have else ""
        return FileNotFoundError(
            f"{self.path.name} must be downloaded once from {self.url}, got {reason!r}{kept}: "
            f"try again with a network, or {self.advice}"
        )

    def _connect(self) -> None:
        """Brings what is missing over one connection."""
        import requests

        if self.size is not None and self.have >= self.size:
            if self.have == self.size:
                return
            self.part.unlink()
        # Compressed on the way, a part of the file would not be a part of what is sent.
        headers = {"Accept-Encoding": "identity"}
        if self.have:
            headers["Range"] = f"bytes={self.have}-"
        with requests.get(
            self.url, headers=headers, stream=True, timeout=_TIMEOUT_SECONDS
        ) as response:
            # Otherwise all has come already, or more than there is, which the check finds.
            if response.status_code != requests.codes.requested_range_not_satisfiable:
                response.raise_for_status()
                self._receive(response, self._start(response))

    def _start(self, response: "requests.Response") -> int:
        """Where in the file the bytes of an answer begin."""
        import requests

        if response.status_code != requests.codes.partial_content:
            return 0
        found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != self.have:
            self.part.unlink(missing_ok=True)
            raise requests.ConnectionError("an answer that does not continue what has come")
        return self.have

    def _receive(self, response: "requests.Response", place: int) -> None:
        length = response.headers.get("Content-Length", "")
        total = place + int(length) if length.isdigit() else self.size
        if self.size is not None and total != self.size:
            raise self._other_size(total)
        _check_room(self.path.parent, (total or place) - place)
        size = "" if total is None else f" ({_megabytes(total)})"
        logger.info("downloading %s%s to %s", self.url, size, self.path)
        with self.part.open("ab" if place else "wb") as handle, _bar(self.path.name, total) as bar:
            for piece in response.iter_content(_BYTES_AT_ONCE):
                place += len(piece)
                if self.size is not None and place > self.size:
                    raise self._other_size(place)
                handle.write(piece)
                bar(place)
            handle.flush()
            os.fsync(handle.fileno())

    def _other_size(self, found: int | None) -> ValueError:
        return ValueError(
            f"{self.url} must have {self.size:,} bytes, got {found:,} or more: another file is "
            f"there now or something stands in between, {self.advice}"
        )


def _check_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size:
        raise OSError(
            f"{folder} must have {_megabytes(size)} of free space, got {_megabytes(free)}: make "
            "room, the same command then continues"
        )


def _megabytes(size: int) -> str:
    return f"{size / 10**6:,.1f} MB"


@contextmanager
def _bar(name: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on the terminal; what it gives takes how many bytes are there."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=total)
        yield lambda place: progress.update(task, completed=place)
