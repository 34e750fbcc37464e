"""NAS-Bench-101's TFRecord file: frames, JSON, base64, protobuf."""

from collections.abc import Sequence

from epsilon_research.benchmarks.nb101_conversion import convert
from epsilon_research.benchmarks.nb101_record import parse_record
from epsilon_research.benchmarks.tfrecord import read_records
from tests.benchmarks.tfrecords import (
    evaluation,
    fields,
    framed,
    metrics,
    nested,
    record,
    tag,
    varint,
)
from tests.fuzz.target import Target, answered, in_file

_LARGEST = 1 << 16
_BORDER = b"\x00next\x00"
"""Between the records of a file whose frames are valid."""

_RECORDS = (
    record(),
    record(fields("1")),
    record(fields("101000100001001100101-c1-c3-mp-c1-mp", module_hash="a" * 32)),
)


def _frames(data: bytes) -> None:
    with answered():
        for content in read_records(in_file(data, "a.tfrecord"), largest=_LARGEST):
            assert len(content) <= _LARGEST


def _record(data: bytes) -> None:
    with answered():
        found = parse_record(data, what="record 1")
        assert 0 <= found.test_accuracy <= 1


def _message(data: bytes) -> None:
    """The protobuf alone, in a record that is right otherwise."""
    with answered():
        parse_record(record(fields(message=data)), what="record 1")


def _file(data: bytes) -> None:
    """Several records in valid frames, so that what they say of each other matters."""
    path = in_file(b"".join(map(framed, data.split(_BORDER))), "b.tfrecord")
    with answered():
        rows = convert(path, epochs=108)
        assert rows["architecture_id"].is_unique


def _frame_seeds() -> Sequence[bytes]:
    promise = (10**12).to_bytes(8, "little")
    return [
        b"",
        b"".join(map(framed, _RECORDS)),
        # A length that is none, with the right checksum.
        promise + framed(promise)[12 + 8 :] + b"x" * 8,
    ]


def _message_seeds() -> Sequence[bytes]:
    return [
        metrics(),
        nested(1, evaluation(0.0)) * 3 + tag(2, 0) + varint(5),
        nested(1, b"") * 3,
        tag(1, 2) + varint(2**63),
    ]


TARGETS = (
    Target(name="tfrecord", run=_frames, seeds=_frame_seeds),
    Target(name="nb101_record", run=_record, seeds=lambda: _RECORDS, max_bytes=1 << 16),
    Target(name="nb101_metrics", run=_message, seeds=_message_seeds),
    Target(
        name="nb101_file",
        run=_file,
        seeds=lambda: [_BORDER.join(_RECORDS), _BORDER.join(_RECORDS * 3)],
    ),
)
