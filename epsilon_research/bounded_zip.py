"""Reads members of zip archives from outside, within limits, and extracts nothing to disk."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Others may reserve gigabytes before the first byte, and official archives do not use them."""

_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Largest contents that an archive may have.

    Args:
        num_members: Members that are read.
        member_bytes: Bytes of one member, unpacked.
        total_bytes: Bytes of all members that are read, unpacked.
        archive_bytes: Bytes of the archive.
        directory_bytes: Bytes of its list of members, which is read as a whole and takes seven
            times as much in memory.
    """

    num_members: int
    member_bytes: int
    total_bytes: int
    archive_bytes: int = 128 * 1024**2
    directory_bytes: int = 16 * 1024**2


class BoundedZip:
    """An open archive whose chosen members fit the limits."""

    __slots__ = ("_archive", "_what", "members")

    def __init__(
        self, archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], *, what: str
    ) -> None:
        self._archive = archive
        self._what = what
        self.members = members

    @contextmanager
    def open(self, member: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
        """The member's bytes as a stream, never more of them than it promises.

        Raises:
            ValueError: The member is damaged, found while it is read.
        """
        with _readable(self._what, member.filename), self._archive.open(member) as handle:
            yield handle


@contextmanager
def open_zip(
    path: Path, *, choose: Callable[[PurePosixPath], bool], limits: Limits, setting: str
) -> Iterator[BoundedZip]:
    """An archive and those of its members whose path `choose` takes, in its own order.

    The sizes that an archive promises are checked before anything is unpacked, and unpacking stops
    at them. A member's path is a name to look at, never a place to write to.

    Args:
        path: The archive, an existing file.
        choose: Says of a path inside the archive whether the member is read.
        limits: Limits of what is chosen.
        setting: What set the path, for error messages.

    Raises:
        ValueError: The file is not a zip archive, is damaged, or exceeds the limits.
    """
    what = f"{setting} {path}"
    size = path.stat().st_size
    if size > limits.archive_bytes:
        raise ValueError(
            f"{what} must have at most {limits.archive_bytes:,} bytes, got {size:,}: it is not the "
            "archive that it should be"
        )
    with _Source(path, largest_read=limits.directory_bytes) as source:
        with _readable(what, None):
            archive = zipfile.ZipFile(source)
        source.largest_read = None
        # Not `is_dir`, which fails on a name without characters.
        members = [
            member
            for member in archive.infolist()
            if not member.filename.endswith("/") and choose(PurePosixPath(member.filename))
        ]
        _check(members, limits=limits, what=what)
        yield BoundedZip(archive, members, what=what)


class _Source(io.FileIO):
    """A file that refuses to read more at once than it may."""

    def __init__(self, path: Path, *, largest_read: int) -> None:
        super().__init__(path)
        self.largest_read: int | None = largest_read

    def read(self, size: int | None = -1, /) -> bytes:
        """See `io.FileIO`.

        Raises:
            BadZipFile: It is too much.
        """
        if self.largest_read is not None and (size or 0) > self.largest_read:
            raise zipfile.BadZipFile(f"a list of members of {size:,} bytes")
        return super().read(size) or b""


def _check(members: Sequence[zipfile.ZipInfo], *, limits: Limits, what: str) -> None:
    if len(members) > limits.num_members:
        raise ValueError(
            f"{what} must hold at most {limits.num_members:,} such files, got {len(members):,}: "
            "pass the archive itself, not a larger one around it"
        )
    for member in members:
        if member.file_size > limits.member_bytes:
            raise ValueError(
                f"{_shown(member.filename)} in {what} must have at most {limits.member_bytes:,} "
                f"bytes, got {member.file_size:,}: it is not the file that it should be"
            )
        if member.compress_type not in _METHODS or member.flag_bits & _ENCRYPTED:
            raise ValueError(
                f"{_shown(member.filename)} in {what} must be stored or deflated without a "
                "password, got another packing: write the archive again"
            )
    total = sum(member.file_size for member in members)
    if total > limits.total_bytes:
        raise ValueError(
            f"{what} must hold at most {limits.total_bytes:,} bytes in such files, got {total:,}: "
            "it is not the archive that it should be"
        )


@contextmanager
def _readable(what: str, member: str | None) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        reason = " ".join((str(error) or type(error).__name__).split())[:160]
        where = "" if member is None else f" in {_shown(member)}"
        raise ValueError(
            f"{what} must be a whole zip archive, got {reason!r}{where}: it is damaged or another "
            "file, get it again"
        ) from error


def _shown(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:77]}...")


# What zipfile raises on damaged archives; the list is of what damaged files were seen to raise.
_DAMAGE = (
    EOFError,
    NotImplementedError,
    OSError,
    UnicodeDecodeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
