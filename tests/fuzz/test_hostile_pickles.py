"""A pickle that calls something, given to every reader that might read one: nothing is called."""

import bz2
import hashlib
import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from epsilon_research.benchmarks import nb201_analog
from epsilon_research.benchmarks.nats_entry import read_entry
from epsilon_research.benchmarks.nats_official import NatsOfficial
from epsilon_research.benchmarks.nb101_official import Nb101Official
from epsilon_research.benchmarks.table import Table
from epsilon_research.data import cifar
from epsilon_research.data.cifar import RELEASES, Cifar
from epsilon_research.data.imagenet16 import ImageNet16
from epsilon_research.data.npy import Npy
from epsilon_research.data.pickled_batch import load_batch
from epsilon_research.data.user_tokens import UserTokens
from epsilon_research.metrics.column import Column
from epsilon_research.restricted_pickle import NUMPY_ARRAYS, load_pickle
from epsilon_research.store.part import DamagedPartError, read_part
from tests.data.official import Touch, write_archive
from tests.fuzz.pickles import SPLITS
from tests.fuzz.tables import MINIBATCH

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the test's own, and checksums that agree with whatever is there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cifar, "check_sha256", lambda path, *, sha256: None)


def _written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _draw(dataset: Any) -> None:
    dataset.draw(batch_size=3, rng=RNG)


def _cifar_folder(payload: bytes, folder: Path, classes: int) -> None:
    for member in RELEASES[classes].members:
        _written(folder / "batches" / member, payload)
    _draw(Cifar(num_classes=classes, root=str(folder / "batches")))


def _cifar_archive(payload: bytes, folder: Path, classes: int) -> None:
    members = {f"a/{member}": payload for member in RELEASES[classes].members}
    _draw(Cifar(num_classes=classes, root=str(write_archive(folder / "a.tar.gz", members))))


def _imagenet(payload: bytes, folder: Path) -> None:
    for number in range(1, 11):
        _written(folder / f"train_data_batch_{number}", payload)
    _draw(ImageNet16(root=str(folder)))


def _nats_folder(payload: bytes, folder: Path) -> None:
    _written(folder / "000000.pickle.pbz2", bz2.compress(payload))
    NatsOfficial(
        space="topology", path=str(folder), dataset="cifar10", epochs=12, target="test_accuracy"
    ).load()


def _nats_entry(payload: bytes, folder: Path) -> None:
    path = _written(folder / "000000.pickle.pbz2", bz2.compress(payload))
    read_entry(path, epochs=12, splits=SPLITS)


def _analog(payload: bytes, folder: Path) -> None:
    path = _written(folder / "data.anb", payload)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nb201_analog, "_SHA256", hashlib.sha256(payload).hexdigest())
        patch.setattr(nb201_analog, "_locate", lambda: path)
        nb201_analog.Nb201Analog().load()


def _object_array(payload: bytes) -> bytes:
    """A .npy file of objects, whose data are a pickle."""
    buffer = io.BytesIO()
    np.save(buffer, np.array([None], dtype=object), allow_pickle=True)
    whole = buffer.getvalue()
    return whole[: whole.index(b"\n") + 1] + payload


def _archive_of_arrays(payload: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.npy", _object_array(payload))
    return buffer.getvalue()


def _npy(payload: bytes, folder: Path) -> None:
    _draw(Npy(path=str(_written(folder / "a.npy", payload))))


def _npy_labels(payload: bytes, folder: Path) -> None:
    np.save(folder / "images.npy", np.zeros((1, 2, 2, 3), np.uint8))
    labels = _written(folder / "labels.npy", payload)
    _draw(Npy(path=str(folder / "images.npy"), labels_path=str(labels)))


def _npy_tokens(payload: bytes, folder: Path) -> None:
    UserTokens(path=str(_written(folder / "a.npy", payload))).tokens(batch_size=3, rng=RNG)


def _old_arrow(payload: bytes) -> "pa.Table":
    """A table with a type that older versions of pyarrow made by reading a pickle."""
    metadata = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": payload,
    }
    field = pa.field("test_accuracy", pa.float64(), metadata=metadata)
    schema = pa.schema([pa.field("architecture_id", pa.string()), field])
    return pa.table([["a"], [0.5]], schema=schema)


def _parquet(payload: bytes, folder: Path) -> None:
    path = folder / "a.parquet"
    pq.write_table(_old_arrow(payload), path)
    Table(path=str(path)).load()
    Column(path=str(path), column="test_accuracy").scorer(MINIBATCH)
    Nb101Official(path=str(path)).load()


def _part(payload: bytes, folder: Path) -> None:
    sink = pa.BufferOutputStream()
    table = _old_arrow(payload)
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    content = sink.getvalue().to_pybytes()
    read_part(_written(folder / f"{hashlib.sha256(content).hexdigest()[:32]}.arrow", content))


READERS: dict[str, Callable[[bytes, Path], object]] = {
    "cifar10 folder": lambda payload, folder: _cifar_folder(payload, folder, 10),
    "cifar100 folder": lambda payload, folder: _cifar_folder(payload, folder, 100),
    "cifar10 archive": lambda payload, folder: _cifar_archive(payload, folder, 10),
    "cifar100 archive": lambda payload, folder: _cifar_archive(payload, folder, 100),
    "imagenet16": _imagenet,
    "batch": lambda payload, _: load_batch(payload, what="batch"),
    "pickle": lambda payload, _: load_pickle(payload, allowed=NUMPY_ARRAYS, what="file"),
    "nats folder": _nats_folder,
    "nats entry": _nats_entry,
    "nb201 analog": _analog,
    "npy": lambda payload, folder: _npy(_object_array(payload), folder),
    "npy that is a pickle": _npy,
    "npy that is an npz": lambda payload, folder: _npy(_archive_of_arrays(payload), folder),
    "labels": lambda payload, folder: _npy_labels(_object_array(payload), folder),
    "tokens": lambda payload, folder: _npy_tokens(_object_array(payload), folder),
    "parquet": _parquet,
    "store part": _part,
}


class Shell:
    """Pickles as a command of the shell."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple:
        return os.system, (f"touch {self._path}",)


@pytest.mark.parametrize("kind", [Touch, Shell])
def test_the_pickles_do_call_something(kind: type, tmp_path: Path) -> None:
    target = tmp_path / "called"
    pickle.loads(pickle.dumps(kind(target)))
    assert target.exists()


@pytest.mark.parametrize("kind", [Touch, Shell])
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("reader", [*READERS])
def test_nothing_is_called(reader: str, protocol: int, kind: type, tmp_path: Path) -> None:
    target = tmp_path / "called"
    for content in (kind(target), {"data": kind(target), "labels": [0]}, {"12": kind(target)}):
        with pytest.raises((ValueError, DamagedPartError), match=r"^[^\n]+$"):
            READERS[reader](pickle.dumps(content, protocol=protocol), tmp_path)
        assert not target.exists()
