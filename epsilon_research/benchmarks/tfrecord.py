"""TFRecord files without TensorFlow: records in order, every checksum checked.

A record is its length (little-endian uint64), the masked CRC32C of these eight bytes, the data and
the masked CRC32C of the data, https://www.tensorflow.org/tutorials/load_data/tfrecord.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")
FRAME_BYTES = _HEADER.size + _FOOTER.size
"""Bytes of a record beside its data."""

_MASK = 0xA282EAD8
"""Mask of the format: checksums of data that holds checksums itself would be weak without it."""


def read_records(path: Path, *, largest: int) -> Iterator[bytes]:
    """Yield the data of each record, one at a time.

    Args:
        path: An existing file; one without any records is one of the format.
        largest: Bytes of data that a record may have, so that no length in a file is trusted.

    Raises:
        ValueError: A checksum differs, a record is too long, or the file ends within one; names
            the record, counted from 1.
        OSError: The file cannot be read.
    """
    with path.open("rb", buffering=1 << 20) as handle:
        number = 1
        while header := handle.read(_HEADER.size):
            yield _read_record(handle, header, largest=largest, what=f"record {number} of {path}")
            number += 1


def masked_crc(data: bytes) -> int:
    """CRC32C of `data`, rotated and shifted as the format demands."""
    # Imported late: only the first reading of a file needs it.
    import google_crc32c

    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF


def _read_record(handle: BinaryIO, header: bytes, *, largest: int, what: str) -> bytes:
    _check_whole(header, _HEADER.size, what=f"the header of {what}")
    length, length_crc = _HEADER.unpack(header)
    _check_crc(header[:8], length_crc, what=f"the length of {what}")
    if length > largest:
        raise ValueError(
            f"{what} must have at most {largest:,} bytes, got a length of {length:,}: it is "
            "another kind of file, pass the official one"
        )
    body = handle.read(length + _FOOTER.size)
    _check_whole(body, length + _FOOTER.size, what=what)
    data = body[:length]
    _check_crc(data, _FOOTER.unpack_from(body, length)[0], what=what)
    return data


def _check_whole(found: bytes, size: int, *, what: str) -> None:
    if len(found) < size:
        raise ValueError(
            f"{what} must have {size} bytes, got {len(found)} before the file ends: it is "
            "truncated, download it again"
        )


def _check_crc(data: bytes, expected: int, *, what: str) -> None:
    found = masked_crc(data)
    if found != expected:
        raise ValueError(
            f"{what} must have the masked CRC32C {expected:08x}, got {found:08x}: the file is "
            "damaged or no TFRecord file, download it again"
        )
