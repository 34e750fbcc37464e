"""What is done to valid files: cuts, flips, inflated lengths, deep nesting, repetitions."""

import random
import re
from collections.abc import Callable, Sequence

_SIZES = (
    0,
    1,
    0x7F,
    0xFF,
    0x7FFF,
    0xFFFF,
    2**31 - 1,
    2**31,
    2**32 - 1,
    10**12,
    2**63 - 1,
    2**64 - 1,
)
"""Lengths that a header may promise."""

_DEPTH = 3000
"""Deeper than Python's recursion."""

_BRACKETS = (b"[", b"{", b"(", b'{"a":', b"[[],", b"]", b"}")
_NUMBERS = (b"-1", b"1000000000000", b"1e999", b"nan", b"9" * 5000, b"0x10", b"")


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _flip(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _replace(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _promise(data: bytearray, rng: random.Random) -> None:
    """A length field of any width, in either byte order."""
    width = rng.choice((1, 2, 4, 8))
    size = rng.choice(_SIZES) % 256**width
    place = rng.randrange(len(data))
    data[place : place + width] = size.to_bytes(width, rng.choice(("little", "big")))


def _number(data: bytearray, rng: random.Random) -> None:
    found = list(re.finditer(rb"-?\d+(\.\d+)?", data))
    if found:
        chosen = rng.choice(found)
        data[chosen.start() : chosen.end()] = rng.choice(_NUMBERS)


def _delete(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.choice((1, 2, 4, 16, 64))]


def _repeat(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    piece = data[start : start + rng.choice((1, 2, 4, 16, 64, 512))]
    data[start:start] = piece * rng.choice((1, 1, 2, 16))


def _nest(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(data) + 1)
    data[place:place] = rng.choice(_BRACKETS) * rng.choice((1, 3, _DEPTH))


def _insert(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(data) + 1)
    data[place:place] = rng.randbytes(rng.choice((1, 2, 4, 16)))


_CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _cut, _flip, _flip, _replace, _promise, _promise, _number, _delete, _repeat, _nest, _insert,
)  # fmt: skip


def mutated(data: bytes, others: Sequence[bytes], rng: random.Random, *, max_bytes: int) -> bytes:
    """`data` after one to four changes, perhaps with the end of another input.

    Args:
        data: A valid input.
        others: To take ends from.
        rng: Of this module's own kind, since inputs are made by the million.
        max_bytes: Of the result.
    """
    content = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        if not content:
            content += rng.randbytes(8)
        rng.choice(_CHANGES)(content, rng)
    if others and rng.random() < 0.1:
        other = rng.choice(others)
        content = (
            content[: rng.randrange(len(content) + 1)] + other[rng.randrange(len(other) + 1) :]
        )
    return bytes(content[:max_bytes])
