"""TFRecord files and NAS-Bench-101's records, written byte by byte as the official ones are."""

import base64
import json
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

import google_crc32c

OPERATIONS = {"c3": "conv3x3-bn-relu", "c1": "conv1x1-bn-relu", "mp": "maxpool3x3"}


def masked_crc(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    rotated = (crc >> 15) | (crc << 17) & 0xFFFFFFFF
    return struct.pack("<I", (rotated + 0xA282EAD8) % 2**32)


def framed(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + masked_crc(length) + data + masked_crc(data)


def write_records(path: Path, records: Iterable[bytes]) -> Path:
    path.write_bytes(b"".join(map(framed, records)))
    return path


def varint(number: int) -> bytes:
    digits = b""
    while number > 127:
        digits += bytes([number & 127 | 128])
        number >>= 7
    return digits + bytes([number])


def tag(field: int, wire_type: int) -> bytes:
    return varint(field << 3 | wire_type)


def double(field: int, number: float) -> bytes:
    return tag(field, 1) + struct.pack("<d", number)


def nested(field: int, message: bytes) -> bytes:
    return tag(field, 2) + varint(len(message)) + message


def evaluation(*numbers: float) -> bytes:
    """Epoch, training time, training, validation and test accuracy."""
    return b"".join(double(field, number) for field, number in enumerate(numbers, 1))


def metrics(
    *,
    validation: float = 0.9,
    test: float = 0.8,
    training_time: float = 1000.0,
    parameters: int = 5_000_000,
) -> bytes:
    """A protobuf as of the official file: three evaluations, parameters, total time."""
    evaluations = (
        evaluation(0.0, 0.0, 0.1, 0.1, 0.1),
        evaluation(54.0, training_time / 2, 0.7, 0.6, 0.5),
        evaluation(108.0, training_time, 1.0, validation, test),
    )
    return (
        b"".join(nested(1, one) for one in evaluations)
        + tag(2, 0) + varint(parameters) + double(3, 1.2 * training_time)
    )  # fmt: skip


def adjacency(architecture_id: str) -> str:
    """The digits of the matrix, row by row."""
    triangle, *operations = architecture_id.split("-")
    size = len(operations) + 2
    digits = iter(triangle)
    return "".join(next(digits) if x < y else "0" for x in range(size) for y in range(size))


def fields(
    architecture_id: str = "110011-c3-mp",
    *,
    module_hash: str = "0" * 32,
    epochs: int = 108,
    message: bytes | None = None,
) -> list:
    """What the JSON of a record says."""
    interior = [OPERATIONS[name] for name in architecture_id.split("-")[1:]]
    return [
        module_hash,
        epochs,
        adjacency(architecture_id),
        ",".join(["input", *interior, "output"]),
        # With line breaks, as Python's older encoder makes them.
        base64.encodebytes(metrics() if message is None else message).decode(),
    ]


def record(values: Sequence | None = None) -> bytes:
    return json.dumps(fields() if values is None else list(values)).encode()
