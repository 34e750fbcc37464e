"""Archives whose members lead outside: no reader writes a single file, whatever they are called."""

import gzip
import io
import json
import os
import stat
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from epsilon_research.benchmarks.nbnlp_logs import read_runs
from epsilon_research.data.cifar import read_archive
from epsilon_research.data.text_corpus import TextCorpus
from tests.fuzz.texts import LOG

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES = ("os.mkdir", "os.rename", "os.link", "os.symlink", "os.remove", "os.chmod", "os.chown")

_seen: list[str] = []
_watching = [False]


def _watch(event: str, arguments: tuple) -> None:
    """Told by Python of everything that touches files; it cannot be taken away again."""
    if not _watching[0]:
        return
    # Sockets and pipes are opened by number.
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
        _seen.append(f"{event} {arguments[0]!r}")
    elif event in _CHANGES:
        _seen.append(f"{event} {arguments!r}")


sys.addaudithook(_watch)


@contextmanager
def nothing_written() -> Iterator[None]:
    """Fails if a file is opened to be written, made, moved or linked."""
    _seen.clear()
    _watching[0] = True
    try:
        yield
    finally:
        _watching[0] = False
    assert _seen == []


NAMES = [
    "../{}", "../../../../../../etc/{}", "/{}", "//{}", "..\\{}", "C:\\{}", "a/../../{}", "./{}",
    "~/{}", "{}", "\u202e/{}",
]  # fmt: skip
LINKS = ["/etc/passwd", "../../outside", "."]


def zip_of(path: Path, members: dict[str, bytes], links: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        for name, target in links.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, target)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_logs_in_a_zip_archive_are_only_read(name: str, tmp_path: Path) -> None:
    log = json.dumps(LOG).encode()
    path = zip_of(tmp_path / "a.zip", {name.format("1.json"): log, "2.json": log}, {})
    read_runs(path, epoch="last")  # what is imported late writes its compiled code
    with nothing_written():
        assert len(read_runs(path, epoch="last")) == 2


@pytest.mark.parametrize("target", LINKS)
def test_a_link_in_a_zip_archive_is_its_own_text(target: str, tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {}, {"1.json": target})
    with nothing_written(), pytest.raises(ValueError, match="must be a JSON object"):
        read_runs(path, epoch="last")


@pytest.mark.parametrize("name", NAMES)
def test_texts_in_a_zip_archive_are_only_read(name: str, tmp_path: Path) -> None:
    texts = {f"ptb/{split}.txt": b"a b c d e f\n" for split in ("train", "valid", "test")}
    members = texts | {name.format("ptb/train.txt"): b"other words, still too few\n", name: b"x"}
    dataset = TextCorpus(
        corpus="ptb",
        root=str(zip_of(tmp_path / "a.zip", members, {"ptb/ptb.train.txt": "/etc/passwd"})),
        sequence_length=2,
    )
    with nothing_written():
        dataset.tokens(batch_size=3, rng=np.random.default_rng(0))


def tar_of(path: Path, entries: list[tarfile.TarInfo]) -> Path:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for entry in entries:
            entry.size = 4 if entry.isreg() else 0
            archive.addfile(entry, io.BytesIO(b"evil") if entry.isreg() else None)
    path.write_bytes(gzip.compress(buffer.getvalue()))
    return path


@pytest.mark.parametrize("name", NAMES)
def test_batches_in_a_tar_archive_are_only_read(name: str, tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar.gz", [tarfile.TarInfo(name.format("a/train"))])
    with nothing_written():
        assert read_archive(path, ("train",)) == [b"evil"]


@pytest.mark.parametrize("target", LINKS)
@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE,
        tarfile.DIRTYPE,
    ],
)  # fmt: skip
def test_links_and_devices_in_a_tar_archive_are_no_batches(
    kind: bytes, target: str, tmp_path: Path
) -> None:
    link = tarfile.TarInfo("a/train")
    link.type, link.linkname, link.devmajor, link.devminor = kind, target, 1, 5
    path = tar_of(tmp_path / "a.tar.gz", [link])
    with nothing_written(), pytest.raises(ValueError, match="must contain train, got none"):
        read_archive(path, ("train",))


def test_writing_would_be_seen(tmp_path: Path) -> None:
    with pytest.raises(AssertionError), nothing_written():
        (tmp_path / "a").write_bytes(b"")
    with pytest.raises(AssertionError), nothing_written():
        (tmp_path / "b").symlink_to("a")
    with pytest.raises(AssertionError), nothing_written():
        (tmp_path / "c").mkdir()
