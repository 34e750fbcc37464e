"""Small parts of a shelf made into one: a run of hours leaves thousands of them."""

import logging
import os
from pathlib import Path

from epsilon_research.store.base import Evaluation
from epsilon_research.store.files import write_shared
from epsilon_research.store.form import Form
from epsilon_research.store.part import SUFFIX, DamagedPartError, encode, read_part

_MANY = 64
"""Small parts from which they are merged."""

_SMALL_BYTES = 1 << 20
_MOST_BYTES = 1 << 26
"""Largest size of all parts that are merged at a time."""

logger = logging.getLogger(__name__)


def merge_small(folder: Path, *, form: Form) -> None:
    """Merges the small parts of a shelf, if there are many; removes what was merged.

    A part goes only when all its rows are in another that is durable, so that whoever merges at the
    same time, or is killed, loses nothing. Parts that cannot be read now are left alone.
    """
    try:
        names = _small(folder)
        if len(names) >= _MANY:
            _merge([folder / name for name in names], form)
    except OSError as error:
        # The parts are as good as one, only slower: the next run tries again.
        logger.info("the parts of %s stay as they are: %s", folder, error)


def _small(folder: Path) -> list[str]:
    """Names of small parts in alphabetical order, of no more bytes than one may have."""
    names, size = [], 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIX) and entry.is_file(follow_symlinks=False):
                num_bytes = entry.stat().st_size
                if num_bytes < _SMALL_BYTES and size + num_bytes <= _MOST_BYTES:
                    names.append(entry.name)
                    size += num_bytes
    return sorted(names)


def _merge(paths: list[Path], form: Form) -> None:
    rows: dict[bytes, Evaluation] = {}
    merged = []
    for path in paths:
        try:
            part, values = read_part(path, form=form)
        except (DamagedPartError, OSError) as error:
            logger.info("%s is not merged: %s", path, error)
            continue
        for key, evaluation in part.rows(values):
            # The first in alphabetical order, as everybody reads them.
            rows.setdefault(key, evaluation)
        merged.append(path)
    if len(merged) < _MANY:
        return
    written = set()
    for _, name, content in encode(sorted(rows.items())):
        write_shared(paths[0].parent / name, content)
        written.add(name)
    for path in merged:
        if path.name not in written:
            path.unlink(missing_ok=True)
