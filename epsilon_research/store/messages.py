"""The messages of an Arrow file, looked at before anything of them is decoded.

A compressed message says itself how large it becomes, and Arrow believes it. Parts are not
compressed, so that what they decode to lies in their own bytes.
"""

import struct

import pyarrow as pa

_BEFORE = 8
"""Bytes before the first message: a magic word."""

_BATCH = "record batch"
_COMPRESSIBLE = ("dictionary", _BATCH)

# Places in the tables of Arrow's format (Message.fbs), which are flatbuffers.
_HEADER = 2
_DATA = 1
_COMPRESSION = 3


def open_messages(content: pa.Buffer) -> pa.RecordBatchReader:
    """Return a reader of the one batch in a file, whose messages hold nothing compressed.

    Raises:
        ValueError: The file has other messages.
        ArrowException, struct.error: It is none of Arrow's.
    """
    stream = content.slice(_BEFORE)
    num_batches = 0
    for message in pa.ipc.MessageReader.open_stream(pa.BufferReader(stream)):
        num_batches += message.type == _BATCH
        if message.type in _COMPRESSIBLE and _is_compressed(message):
            raise ValueError("values that are compressed")
    if num_batches != 1:
        raise ValueError(f"{num_batches} batches instead of one")
    # As a stream: the list of places at the end of a file could name others.
    return pa.ipc.open_stream(pa.BufferReader(stream))


def _is_compressed(message: pa.Message) -> bool:
    metadata = memoryview(message.metadata)
    batch = _table(metadata, _field(metadata, _table(metadata, 0), _HEADER))
    if message.type == "dictionary":
        batch = _table(metadata, _field(metadata, batch, _DATA))
    return _field(metadata, batch, _COMPRESSION) is not None


def _table(metadata: memoryview, place: int | None) -> int:
    """Where a table begins that is referred to from `place`."""
    if place is None:
        raise ValueError("a message without content")
    return place + struct.unpack_from("<I", metadata, place)[0]


def _field(metadata: memoryview, table: int, number: int) -> int | None:
    """Where a field of a table lies, None if the table does not have it."""
    names = table - struct.unpack_from("<i", metadata, table)[0]
    size = struct.unpack_from("<H", metadata, names)[0]
    place = 4 + 2 * number
    if place + 2 > size:
        return None
    offset = struct.unpack_from("<H", metadata, names + place)[0]
    return table + offset if offset else None
