"""Zip and tar archives, valid around hostile members, and hostile themselves."""

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping, Sequence

import numpy as np

from epsilon_research.benchmarks.nbnlp_logs import read_runs
from epsilon_research.data.cifar import read_archive
from epsilon_research.data.text_corpus import TextCorpus
from tests.fuzz.target import Target, answered, in_file
from tests.fuzz.texts import LOG

_TEXT = b" the cat sat on the mat \n\n the dog sat \n"
_TEXTS = {f"datasets/ptb/{split}.txt": _TEXT for split in ("train", "valid", "test")}
_MEMBERS = ("data_batch_1", "data_batch_2")


def zipped(members: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(members: Mapping[str, bytes], *, kind: int = tarfile.GNU_FORMAT) -> bytes:
    """A tar archive, not compressed."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _logs(data: bytes) -> None:
    path = in_file(data, "logs.zip")
    with answered():
        read_runs(path, epoch="last")


def _texts(data: bytes) -> None:
    dataset = TextCorpus(corpus="ptb", root=str(in_file(data, "datasets.zip")), sequence_length=2)
    with answered():
        dataset.check(batch_size=3)
        dataset.tokens(batch_size=3, rng=np.random.default_rng(0))


def _text_member(data: bytes) -> None:
    _texts(zipped(_TEXTS | {"datasets/ptb/valid.txt": data}))


def _tar(data: bytes) -> None:
    _tar_gz(gzip.compress(data, 1))


def _tar_gz(data: bytes) -> None:
    path = in_file(data, "cifar.tar.gz")
    with answered():
        assert len(read_archive(path, _MEMBERS)) == len(_MEMBERS)


def _tar_seeds() -> Sequence[bytes]:
    members = {f"cifar/{name}": name.encode() * 3 for name in _MEMBERS}
    long = {f"{'a' * 120}/{'ü' * 120}/{name}": b"x" for name in _MEMBERS}
    return [
        tarred(members),
        tarred(long),
        tarred(long, kind=tarfile.PAX_FORMAT),
        tarred(members, kind=tarfile.USTAR_FORMAT),
    ]


_LOG = json.dumps(LOG).encode()

TARGETS = (
    Target(
        name="zip_logs",
        run=_logs,
        seeds=lambda: [
            zipped({"logs/1.json": _LOG, "logs/2.json": _LOG}),
            zipped({"1.json": _LOG}, method=zipfile.ZIP_STORED),
            zipped({}),
        ],
    ),
    Target(name="zip_corpus", run=_texts, seeds=lambda: [zipped(_TEXTS)]),
    Target(name="corpus_text", run=_text_member, seeds=lambda: [_TEXT, b"\xff", b"a" * 3000]),
    Target(name="cifar_tar", run=_tar, seeds=_tar_seeds, max_bytes=1 << 15),
    Target(
        name="cifar_tar_gz",
        run=_tar_gz,
        seeds=lambda: [gzip.compress(seed, 1) for seed in _tar_seeds()],
    ),
)
