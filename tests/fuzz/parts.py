"""Parts of the score store, under the name that their content demands."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from unittest import mock

import numpy as np

from epsilon_research.store import Evaluation, FolderStore, folder
from epsilon_research.store.part import KEY_BYTES, SUFFIX, DamagedPartError, encode, read_part
from tests.fuzz.target import Target, answered, in_file, scratch

_KEYS = [bytes([number]) * KEY_BYTES for number in range(3)]


def _named(data: bytes) -> str:
    return sha256(data).hexdigest()[:32] + SUFFIX


def _part(data: bytes) -> None:
    """Also under the right name, so that more than the checksum is tried."""
    path = in_file(data, _named(data))
    try:
        with answered(DamagedPartError):
            part, _ = read_part(path)
            with path.open("rb") as file:
                for row in range(len(part.keys)):
                    part.read(row, file)
    finally:
        path.unlink()


@cache
def _shelf_folder() -> Path:
    shelf = FolderStore(path=scratch() / "store").shelf({"code": {}})
    shelf.add(bytes(KEY_BYTES), Evaluation(values=np.ones(2)))
    shelf.flush()
    (identity,) = (scratch() / "store").glob("*/identity.json")
    return identity.parent


def _shelf(data: bytes) -> None:
    """A shelf sets aside what it cannot read, and goes on."""
    path = _shelf_folder() / _named(data)
    path.write_bytes(data)
    try:
        with mock.patch.object(folder, "logger"), answered():
            store = FolderStore(path=scratch() / "store")
            shelf = store.shelf({"code": {}})
            places = np.full(len(_KEYS), -1)
            shelf.locate({key: place for place, key in enumerate(_KEYS)}, places)
            for place in places[places >= 0].tolist():
                shelf.read(place)
    finally:
        path.unlink(missing_ok=True)
        (path.parent / "damaged" / path.name).unlink(missing_ok=True)


def _seeds() -> Sequence[bytes]:
    rows = [
        Evaluation(values=np.array([1.0, 2.0]), columns={"a": 1}, seconds=0.5),
        Evaluation(values=np.array([np.nan, 2.0]), failure="not_finite"),
        Evaluation(values=np.empty(0), failure="too_deep"),
    ]
    contents = [
        content
        for count in (len(rows), 1)
        for _, _, content in encode(list(zip(_KEYS, rows, strict=True))[:count])
    ]
    return [*contents, b""]


TARGETS = (
    Target(name="store_part", run=_part, seeds=_seeds),
    Target(name="store_shelf", run=_shelf, seeds=_seeds),
)
