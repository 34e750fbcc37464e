"""Reads an offline W&B run back: wandb itself has no reader of its own files any more."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def records(run_dir: Path) -> Iterator[Any]:
    """The records of the one run below `run_dir`: LevelDB's log format, blocks of 32 KiB."""
    from wandb.proto import wandb_internal_pb2

    (path,) = run_dir.glob("wandb/offline-run-*/*.wandb")
    content = path.read_bytes()
    assert content[:4] == b":W&B"
    position, parts = 7, b""
    while position < len(content):
        left = 32768 - position % 32768
        if left < 7:  # too short for a header: padding
            position += left
            continue
        _, length, kind = struct.unpack_from("<IHB", content, position)
        parts += content[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (1, 4):  # whole, or the last part of one
            record = wandb_internal_pb2.Record()  # pyright: ignore[reportAttributeAccessIssue]
            record.ParseFromString(parts)
            yield record
            parts = b""
    assert parts == b"", "the file ends within a record"
