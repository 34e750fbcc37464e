"""Files that are whole or absent, whenever the program or the machine stops."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

ASIDE_SUFFIX = ".part"
"""Ending of a file that is still being written; one that was never renamed is of no use."""


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Writes a file aside, makes it durable, then gives it its name.

    Args:
        path: Where to; its folder exists. An older file is replaced.
        write: Writes the content to an open binary file.

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
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # The rename itself lies in the folder, and survives a power cut only once that is on disk.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
