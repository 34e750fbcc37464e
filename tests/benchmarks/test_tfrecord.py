"""TFRecord framing: what is written is read, and no damage goes unnoticed."""

import struct
import tracemalloc
from itertools import islice
from pathlib import Path

import google_crc32c
import pytest
from benchmarks.tfrecords import framed, write_records
from benchmarks.tfrecords import masked_crc as own_masked_crc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.benchmarks.tfrecord import FRAME_BYTES, masked_crc, read_records

SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path: Path, largest: int = 1000) -> list[bytes]:
    return list(read_records(path, largest=largest))


def test_the_checksum_is_that_of_rfc_3720() -> None:
    # Its appendix B.4; our own checksum is the masked one of it.
    assert google_crc32c.value(bytes(32)) == 0x8A9136AA
    assert google_crc32c.value(bytes(range(32))) == 0x46DD794E


def test_the_mask_is_tensorflows() -> None:
    # Event files of TensorBoard begin with a record of 24 bytes: 18 00 ... a3 7f 4b 22.
    assert masked_crc(b"\x18" + bytes(7)) == 0x224B7FA3


@given(st.binary(max_size=100))
def test_masks_are_computed_alike(data: bytes) -> None:
    assert struct.pack("<I", masked_crc(data)) == own_masked_crc(data)


@SAME_FOLDER
@given(records=st.lists(st.binary(max_size=60), max_size=6))
def test_what_was_written_is_read(records: list[bytes], tmp_path: Path) -> None:
    path = write_records(tmp_path / "t", records)
    assert read(path) == records
    assert path.stat().st_size == sum(len(data) + FRAME_BYTES for data in records)


@SAME_FOLDER
@given(data=st.data(), records=st.lists(st.binary(max_size=60), min_size=1, max_size=4))
def test_no_flipped_bit_goes_unnoticed(
    data: st.DataObject, records: list[bytes], tmp_path: Path
) -> None:
    path = write_records(tmp_path / "t", records)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    ends = [sum(len(one) + FRAME_BYTES for one in records[: n + 1]) for n in range(len(records))]
    number = next(n for n, end in enumerate(ends, 1) if place < end)
    with refused(ValueError, f"record {number} of {path} must have the masked CRC32C", "damaged"):
        read(path)


@SAME_FOLDER
@given(data=st.data(), records=st.lists(st.binary(max_size=60), min_size=1, max_size=4))
def test_a_file_that_ends_within_a_record_is_refused(
    data: st.DataObject, records: list[bytes], tmp_path: Path
) -> None:
    path = write_records(tmp_path / "t", records)
    lost = data.draw(st.integers(1, len(records[-1]) + FRAME_BYTES - 1))
    path.write_bytes(path.read_bytes()[:-lost])
    with refused(ValueError, f"record {len(records)} of {path} must have", "before the file ends"):
        read(path)


def test_the_records_before_a_damaged_one_are_read(tmp_path: Path) -> None:
    path = write_records(tmp_path / "t", [b"one", b"two", b"three"])
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert list(islice(read_records(path, largest=9), 2)) == [b"one", b"two"]


@pytest.mark.parametrize("length", [1001, 10**12, 2**64 - 1])
def test_a_length_is_not_trusted(length: int, tmp_path: Path) -> None:
    path = tmp_path / "t"
    header = struct.pack("<Q", length)
    path.write_bytes(framed(b"one") + header + own_masked_crc(header) + b"short")
    tracemalloc.start()
    with refused(ValueError, f"record 2 of {path} must have at most 1,000 bytes", f"{length:,}"):
        read(path)
    assert tracemalloc.get_traced_memory()[1] < 4 * 1024**2
    tracemalloc.stop()


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text("{'this': 'is a page that says that a file is not there'}", encoding="utf-8")
    with refused(ValueError, "the length of record 1", "damaged or no TFRecord file"):
        read(path)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = write_records(tmp_path / "t", [bytes(10_000)] * 1000)
    tracemalloc.start()
    assert sum(1 for _ in read_records(path, largest=10_000)) == 1000
    assert tracemalloc.get_traced_memory()[1] < 4 * 1024**2
    tracemalloc.stop()
