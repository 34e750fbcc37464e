"""Files that are whole or absent, whenever the program or the machine stops."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

ASIDE_SUFFIX = ".part"
"""Suffix of a file that is still being written; one that was never renamed is of no use."""

_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)
"""Answers of file systems, some on networks, that know no sync of a folder."""


def write_atomically(
    path: Path,
    write: Callable[[BinaryIO], object],
    *,
    before_named: Callable[[Path], object] = lambda aside: None,
    keep: bool = True,
) -> None:
    """Writes a file aside, makes it durable, then gives it its name.

    Args:
        path: Where to; its folder exists. An older file is replaced.
        write: Writes the content to an open binary file.
        before_named: Called with the file aside when it is whole, e.g. to set its permissions.
        keep: Whether the file gets its name; otherwise this is only a trial.

    Raises:
        OSError: The file cannot be written; nothing is left behind.
    """
    # In the same folder, since a rename is atomic only within one file system.
    # Not the process id: machines that share the folder may have the same.
    aside = path.with_name(f".{path.name}.{uuid4().hex}{ASIDE_SUFFIX}")
    try:
        with aside.open("wb") as handle:
            write(handle)
            handle.flush()
            os.fsync(handle.fileno())
        before_named(aside)
        if not keep:
            return
        aside.replace(path)
    except OSError as error:
        # A full disk is met while the file is written, and its name is not known there.
        if error.filename in (None, str(aside)):
            error.filename = str(path)
        raise
    finally:
        aside.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # The rename itself lies in the folder, and survives a power cut only once that is on disk.
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # a folder may be one to write in and not to read
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)
