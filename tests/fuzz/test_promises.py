"""Small files that promise much, or hold it: they are refused before memory is taken."""

import bz2
import gzip
import io
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from epsilon_research import bounded_table
from epsilon_research.bounded_zip import Limits, open_zip
from epsilon_research.data import cifar
from epsilon_research.data.cifar import read_archive
from tests.fuzz.archives import zipped
from tests.fuzz.records import framed
from tests.fuzz.target import in_file
from tests.fuzz.targets import TARGETS

MOST_MEGABYTES = 100
HUGE = 10**12


def npy(shape: str, kind: str = "|u1") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + b"\0" * 64


def tfrecord(length: int) -> bytes:
    """A right checksum of a wrong length."""
    field = struct.pack("<Q", length)
    return field + framed(field)[12 + 8 :] + b"x" * 64


def promising_zip() -> bytes:
    content = bytearray(zipped({"1.json": b"{}", "ptb/train.txt": b"a"}))
    place = content.index(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 2**32 - 2)
    return bytes(content)


def long_directory() -> bytes:
    """Of some half a million members without content."""
    entry = bytearray(46) + b"a"
    entry[:4] = b"PK\x01\x02"
    entry[28:30] = struct.pack("<H", 1)
    count = 18 * 1024**2 // len(entry)
    listed = bytes(entry) * count
    return listed + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, len(listed), 0, 0)


def tar_header(size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """The header of a member of any size, a negative one too."""
    header = bytearray(tarfile.TarInfo("a/data_batch_1").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = (
        b"\xff" + (size % 2**88).to_bytes(11, "big")
        if size < 0
        else (b"\x80" + size.to_bytes(11, "big"))
    )
    header[156:157] = kind
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def pickled(operation: bytes, size: int, width: int) -> bytes:
    return b"\x80\x05" + operation + size.to_bytes(width, "little") + b"x" * 64 + b"."


def repeated_rows() -> bytes:
    """Many rows in a few bytes."""
    values = pa.array(np.zeros(bounded_table.MOST_VALUES // 2 + 1, np.int8))
    return _table({"architecture_id": values, "test_accuracy": values})


def repeated_text() -> bytes:
    """A text of a megabyte that all rows refer to: 100 GB."""
    texts = pa.array(["x" * 2**20])
    references = pa.array(np.zeros(100_000, np.int32))
    ids = pa.DictionaryArray.from_arrays(references, texts)
    return _table({"architecture_id": ids, "test_accuracy": pa.array(np.zeros(100_000))})


def _table(columns: dict[str, "pa.Array"]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(
        pa.table(columns),
        buffer,
        compression="zstd",
        dictionary_pagesize_limit=2**24,
        write_statistics=False,
    )
    return buffer.getvalue()


CASES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "npy": ("npy_images", lambda: npy(f"({HUGE}, 32, 32, 3)")),
    "npy beyond 64 bits": ("npy_images", lambda: npy(f"({HUGE}, {HUGE}, {HUGE}, 3)")),
    "npy of one huge value": ("npy", lambda: npy("(1,)", f"|V{2**31 - 1}")),
    "npy labels": ("npy_labels", lambda: npy(f"({HUGE},)", "<i8")),
    "npy tokens": ("npy_tokens", lambda: npy(f"({HUGE},)", "<i8")),
    "npy with a long header": ("npy", lambda: b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 64),
    "tfrecord": ("tfrecord", lambda: tfrecord(HUGE)),
    "tfrecord of all bits": ("tfrecord", lambda: tfrecord(2**64 - 1)),
    "zip": ("zip_logs", promising_zip),
    "zip of texts": ("zip_corpus", promising_zip),
    "zip bomb": ("zip_logs", lambda: zipped({"1.json": b"\0" * 2**24})),
    "zip with a long directory": ("zip_logs", long_directory),
    "tar": ("cifar_tar", lambda: tar_header(HUGE) + b"\0" * 2048),
    "tar of a negative size": ("cifar_tar", lambda: tar_header(-1024) * 3 + b"\0" * 1024),
    "tar with a long name": ("cifar_tar", lambda: tar_header(HUGE, b"L") + b"\0" * 2048),
    "tar with a long pax header": ("cifar_tar", lambda: tar_header(HUGE, b"x") + b"\0" * 2048),
    "pickled text": ("pickle", lambda: pickled(b"\x8d", HUGE, 8)),
    "pickled bytes": ("pickle", lambda: pickled(b"\x8e", HUGE, 8)),
    "pickled bytearray": ("pickle", lambda: pickled(b"\x96", HUGE, 8)),
    "pickled frame": ("pickle", lambda: pickled(b"\x95", HUGE, 8)),
    "pickled number": ("pickle", lambda: pickled(b"\x8b", 2**31 - 1, 4)),
    "pickled memo": ("pickle", lambda: b"Nr\xff\xff\xff\xff."),
    "pickled batch": ("cifar_batch", lambda: pickled(b"B", 2**31 - 1, 4)),
    "bz2 bomb": ("nats_file", lambda: bz2.compress(b"\0" * 2**22)),
    "csv of commas": ("table_csv", lambda: b"," * 2**20),
    "csv of many columns": ("column_csv", lambda: b"a" + b",a" * 2**19 + b"\n"),
    "csv of a giant field": ("table_csv", lambda: b"architecture_id,test_acc\n" + b"a" * 2**20),
    "csv of an open quote": ("column_csv", lambda: b'architecture_id,test_acc\n"' + b"a" * 2**20),
    "parquet of many rows": ("table_parquet", repeated_rows),
    "parquet of a long text": ("table_parquet", repeated_text),
    "column of many rows": ("column_parquet", repeated_rows),
    "column of a long text": ("column_parquet", repeated_text),
    "nested JSON": ("nbnlp_log", lambda: b"[" * 2**20),
    "nested recipe": ("nbnlp_text", lambda: b'{"a":' * 2**16),
    "nested graph": ("nb101_text", lambda: b'{"matrix":' + b"[" * 2**16),
    "large graph": ("nb101_text", lambda: b'{"matrix":[' + b"[],"[:3] * 2**16 + b'[]],"ops":[]}'),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", [*CASES])
def test_a_small_file_takes_little_memory(case: str) -> None:
    target, make = CASES[case]
    data = make()
    before = pa.default_memory_pool().max_memory() or 0
    tracemalloc.start()
    try:
        TARGETS[target].run(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    peak += max((pa.default_memory_pool().max_memory() or 0) - before, 0)
    assert peak < MOST_MEGABYTES * 2**20 + 3 * len(data)


def test_an_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cifar, "_LARGEST_ARCHIVE", 2**20)
    path = tmp_path / "a.tar.gz"
    # What a name may be is what follows its header.
    path.write_bytes(gzip.compress(tar_header(2**30, b"L") + b"a" * 2**22))
    with pytest.raises(ValueError, match="got 'more than 1,048,576 bytes'"):
        read_archive(path, ("data_batch_1",))


def test_the_list_of_members_has_a_limit_and_members_have_not_the_same() -> None:
    path = in_file(zipped({"a": b"x" * 5000}, method=zipfile.ZIP_STORED), "limited.zip")
    limits = Limits(num_members=1, member_bytes=10_000, total_bytes=10_000, directory_bytes=300)
    with (
        open_zip(path, choose=lambda name: True, limits=limits, setting="s") as archive,
        archive.open(archive.members[0]) as handle,
    ):
        assert len(handle.read()) == 5000
    tight = Limits(num_members=1, member_bytes=10_000, total_bytes=10_000, directory_bytes=30)
    with (
        pytest.raises(ValueError, match="must be a whole zip archive, got 'a list of members of"),
        open_zip(path, choose=lambda name: True, limits=tight, setting="s"),
    ):
        pass
