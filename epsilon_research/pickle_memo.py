"""What a pickle will do, found without running it and fast enough for every file."""

import pickle
import pickletools
import re
from typing import NamedTuple

_ARGUMENTS = {op.code: 0 if op.arg is None else op.arg.n for op in pickletools.opcodes}
"""Size of each operation's argument in bytes, or how it ends, from Python's own table."""

_LENGTH_SIZES = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}

_COUNTED = {
    ord(code): _LENGTH_SIZES[size] for code, size in _ARGUMENTS.items() if size in _LENGTH_SIZES
}
"""Bytes of the length that stands before an argument, by operation."""

_LINES = {"c": 2, "i": 2}
"""Operations whose argument has two lines, where others that end at a line break have one."""

_STOP, _PUT, _LONG_BINPUT, _FRAME = b".pr\x95"

_PERSID, _BINPERSID = b"PQ"
"""Operations that ask whoever reads the pickle for an object."""

_TUPLES = b"t\x85\x86\x87"
"""Operations that make a tuple of values."""

_LOOKED_AT = bytes((_STOP, _PUT, _LONG_BINPUT, _FRAME, _PERSID, _BINPERSID)) + _TUPLES

_FRAME_BYTES = 8
"""Size of the length of a frame, which says how much Python may read ahead."""

_SHORT = 32
"""Counted arguments below this length need no look; most texts are shorter."""

_LONGEST_NUMBER = 5000
"""Python refuses to read a longer one."""


def _plain_run() -> re.Pattern[bytes]:
    """As many operations in a row as need no look at their argument.

    One match in C takes the place of a loop over some 50,000 operations of a NATS-Bench entry.
    """
    forms: dict[bytes, bytes] = {}
    # Tried in order: those without an argument and with a short one are the frequent ones.
    for code, size in sorted(_ARGUMENTS.items(), key=lambda item: item[1] % 1000):
        byte = code.encode("latin1")
        if byte[0] in _LOOKED_AT or _COUNTED.get(byte[0], 1) > 1:
            continue
        if byte[0] in _COUNTED:
            lengths = (re.escape(bytes([n])) + b".{%d}" % n for n in range(_SHORT))
            form = b"(?:" + b"|".join(lengths) + b")"
        elif size == pickletools.UP_TO_NEWLINE:
            form = rb"[^\n]*+\n" * _LINES.get(code, 1)
        else:
            form = b".{%d}" % size
        forms[form] = forms.get(form, b"") + re.escape(byte)
    parts = [b"[" + codes + b"]" + form for form, codes in forms.items()]
    return re.compile(b"(?:" + b"|".join(parts) + b")*+", re.DOTALL)


_PLAIN_RUN = _plain_run()


class Plan(NamedTuple):
    """The operations of a pickle that have been read, and what they will do.

    Attributes:
        largest_memo_index: The largest index that PUT or LONG_BINPUT names; -1 if neither occurs.
            BINPUT has no index above 255, and MEMOIZE counts up by one.
        is_persistent: Whether it asks for objects from outside.
        announcing: The same pickle, but after each operation that makes a tuple of values, Python
            calls `persistent_load` with it. It is one frame, whose length counts no byte too many.
    """

    largest_memo_index: int
    is_persistent: bool
    announcing: bytes


def plan_of(source: bytes) -> Plan:
    """Return what a pickle will do; where it is damaged, as far as the damage.

    Raises:
        ValueError: An index is not a number, or an argument is longer than the pickle.
    """
    largest, position, is_persistent = -1, 0, False
    pieces, start = [], 0
    while True:
        # A pattern that may match nothing always matches.
        position = _PLAIN_RUN.match(source, position).end()  # pyright: ignore[reportOptionalMemberAccess]
        code = source[position] if position < len(source) else _STOP
        position += 1
        if code in _TUPLES:
            pieces += source[start:position], pickle.BINPERSID
            start = position
        elif code == _FRAME:
            pieces.append(source[start : position - 1])
            position += _FRAME_BYTES
            start = position
        elif code in _COUNTED:
            position = _counted_end(source, position, code)
        elif code == _LONG_BINPUT:
            largest = max(largest, int.from_bytes(source[position : position + 4], "little"))
            position += 4
        elif code == _PUT:
            index, position = _put(source, position)
            largest = max(largest, index)
        elif code in (_PERSID, _BINPERSID):
            is_persistent = True
            position += len(source[position:].partition(b"\n")[0]) + 1 if code == _PERSID else 0
        else:
            pieces.append(source[start:])
            frame = pickle.FRAME + sum(map(len, pieces)).to_bytes(_FRAME_BYTES, "little")
            return Plan(largest, is_persistent, b"".join([frame, *pieces]))


def _counted_end(source: bytes, position: int, code: int) -> int:
    """The end of an argument whose length stands before it."""
    start = position + _COUNTED[code]
    end = start + int.from_bytes(source[position:start], "little")
    # Python would reserve the promised length first.
    if end > len(source):
        raise ValueError("an argument that is longer than the pickle")
    return end


def _put(source: bytes, position: int) -> tuple[int, int]:
    """The index that a PUT names, and where it ends."""
    line, end, _ = source[position : position + _LONGEST_NUMBER].partition(b"\n")
    index = int(line)
    # Python reads on to the end of the line, and would not agree on what comes next.
    if not end:
        raise ValueError("an index that does not end")
    return index, position + len(line) + 1
