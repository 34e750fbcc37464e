"""MD5 of many messages of one length at once, compiled; and the benchmark's iterated use of it.

hashlib takes about 15 s for the 24 million digests behind the keys of the whole space; here
`LANES` labellings of one graph, whose messages differ in content but never in length, go through
every step together, in vector registers.

References:
    Rivest, "The MD5 Message-Digest Algorithm", RFC 1321.
"""

import math

import numpy as np
from numba import uint32

from epsilon_research.compiled import njit

LANES = 16
"""Labellings hashed together."""

_SINES = np.array([int(abs(math.sin(i + 1)) * 2**32) for i in range(64)], np.uint32)
_SHIFTS = np.array(
    [s for row in ((7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21))
     for _ in range(4) for s in row], np.uint32)  # fmt: skip
_WORDS = np.array(
    [[i, (5 * i + 1) % 16, (3 * i + 5) % 16, 7 * i % 16][i // 16] for i in range(64)], np.int64
)
_START = np.array([0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476], np.uint32)
_BLOCK_WORDS = 16
_MESSAGE_WORDS = 5 * _BLOCK_WORDS  # The longest message, a list of seven digests, has 252 bytes.
_HEX_WORDS = 8
_PAIRS = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), "<u2").astype("u4")
"""Both hexadecimal digits of a byte, as a message has them."""
_BAR = ord("|")
_OPEN, _BETWEEN, _CLOSE = (int.from_bytes(text, "little") for text in (b"['", b"', '", b"']"))
_END = 0x80


@njit(cache=True)
def _step(work, words, first, step, lane, mixed):
    """One of a block's 64 steps in one lane; `mixed` is the round's function of b, c and d."""
    a, b = (64 - step) % 4, (65 - step) % 4
    # Numba computes with 64 bits unless every result is cut back.
    total = uint32(work[a, lane] + mixed + _SINES[step] + words[first + _WORDS[step], lane])
    shift = _SHIFTS[step]
    turned = uint32(total << shift) | uint32(total >> uint32(32 - shift))
    work[a, lane] = uint32(work[b, lane] + turned)


@njit(cache=True)
def _compress(state, work, words, first):  # noqa: C901  # four rounds, vectorised one by one
    """Adds the block that begins at row `first` of `words` to the states, uint32 [4, LANES]."""
    work[:] = state
    for step in range(64):
        b, c, d = (65 - step) % 4, (66 - step) % 4, (67 - step) % 4
        if step < 16:
            for lane in range(LANES):
                mixed = (work[b, lane] & work[c, lane]) | (~work[b, lane] & work[d, lane])
                _step(work, words, first, step, lane, mixed)
        elif step < 32:
            for lane in range(LANES):
                mixed = (work[d, lane] & work[b, lane]) | (~work[d, lane] & work[c, lane])
                _step(work, words, first, step, lane, mixed)
        elif step < 48:
            for lane in range(LANES):
                mixed = work[b, lane] ^ work[c, lane] ^ work[d, lane]
                _step(work, words, first, step, lane, mixed)
        else:
            for lane in range(LANES):
                mixed = work[c, lane] ^ (work[b, lane] | ~work[d, lane])
                _step(work, words, first, step, lane, mixed)
    state += work


@njit(cache=True)
def md5(words, length, state, work):
    """Writes the digests, uint32 [4, LANES], of messages of `length` bytes into `state`.

    `words`, uint32 [words, LANES], has the messages with the bit that follows them and zeros
    behind; their length is added here. `work` is memory of the shape of `state`.
    """
    num_words = ((length + 8) // 64 + 1) * _BLOCK_WORDS
    words[num_words - 2] = 8 * length
    for lane in range(LANES):
        state[:, lane] = _START
    for first in range(0, num_words, _BLOCK_WORDS):
        _compress(state, work, words, first)


@njit(cache=True)
def _write_hex(digests, hexes):
    """The hexadecimal digits, uint32 [LANES, 8], of digests, uint32 [4, LANES]."""
    for lane in range(LANES):
        for word in range(4):
            value = digests[word, lane]
            for half in range(2):
                two = value >> uint32(16 * half)
                low, high = _PAIRS[two & 255], _PAIRS[(two >> 8) & 255]
                hexes[lane, 2 * word + half] = low | high << uint32(16)


@njit(cache=True)
def _swapped(word):
    """A word with its bytes in reverse, as digests are compared."""
    word = np.uint64(word)
    return (
        (word & 0xFF) << np.uint64(24)
        | (word & 0xFF00) << np.uint64(8)
        | (word >> np.uint64(8)) & 0xFF00
        | word >> np.uint64(24)
    )


@njit(cache=True)
def _sort(digests, order, ranks):
    """Brings the vertices in each lane's `order`, [LANES, vertices], by their digests.

    By the first half of a digest: no two different ones of this space agree in it, which the
    published checksum of all keys confirms.
    """
    for lane in range(LANES):
        for vertex in range(len(digests)):
            high, low = digests[vertex, 0, lane], digests[vertex, 1, lane]
            # Cast, since Numba gives signed numbers here and compares them as such.
            rank = np.uint64(_swapped(high) << np.uint64(32) | _swapped(low))
            place = vertex
            while place and rank < ranks[place - 1]:
                order[lane, place] = order[lane, place - 1]
                ranks[place] = ranks[place - 1]
                place -= 1
            order[lane, place] = vertex
            ranks[place] = rank


@njit(cache=True)
def _append(words, at, lane, hexes, carry, shift):
    """Writes a digest at row `at`, `shift` bits into it, behind `carry`; returns the new carry."""
    for word in range(_HEX_WORDS):
        value = np.uint64(hexes[word]) << np.uint64(shift) | carry
        words[at + word, lane] = uint32(value)
        carry = value >> np.uint64(32)
    return carry


@njit(cache=True)
def _write_vertex(words, matrix, vertex, hexes, order):
    """Writes what a vertex is hashed from: the digests of what feeds it, of what it feeds, its own.

    Returns the length in bytes.
    """
    at = 0
    for lane in range(LANES):
        at = 0
        carry = np.uint64(0)
        for place in range(len(matrix)):
            if matrix[order[lane, place], vertex]:
                carry = _append(words, at, lane, hexes[order[lane, place], lane], carry, 0)
                at += _HEX_WORDS
        carry = np.uint64(_BAR)
        for place in range(len(matrix)):
            if matrix[vertex, order[lane, place]]:
                carry = _append(words, at, lane, hexes[order[lane, place], lane], carry, 8)
                at += _HEX_WORDS
        carry |= np.uint64(_BAR << 8)
        carry = _append(words, at, lane, hexes[vertex, lane], carry, 16)
        at += _HEX_WORDS
        words[at, lane] = uint32(carry | np.uint64(_END << 16))
    words[at + 1 :] = 0
    return 4 * at + 2


@njit(cache=True)
def _write_list(words, hexes, order):
    """Writes the sorted digests of all vertices as Python prints a list of strings."""
    at = 0
    for lane in range(LANES):
        at = 0
        carry = np.uint64(_OPEN)
        for place in range(len(hexes)):
            if place:
                value = np.uint64(_BETWEEN) << np.uint64(16) | carry
                words[at, lane] = uint32(value)
                carry = value >> np.uint64(32)
                at += 1
            carry = _append(words, at, lane, hexes[order[lane, place], lane], carry, 16)
            at += _HEX_WORDS
        words[at, lane] = uint32(np.uint64(_CLOSE << 16) | carry)
        words[at + 1, lane] = _END
    words[at + 2 :] = 0
    return 4 * at + 4


@njit(cache=True)
def iterated_md5(matrix, first_digests, keys):
    """Writes the keys, uint32 [labellings, 4], of one graph in several labellings.

    Args:
        matrix: bool [vertices, vertices].
        first_digests: uint32 [labellings, vertices, 4]: what every vertex starts from.
        keys: The result, little-endian words of digests.
    """
    num_vertices = len(matrix)
    words = np.zeros((_MESSAGE_WORDS, LANES), np.uint32)
    digests = np.zeros((num_vertices, 4, LANES), np.uint32)
    work = np.empty((4, LANES), np.uint32)
    hexes = np.zeros((num_vertices, LANES, _HEX_WORDS), np.uint32)
    order = np.zeros((LANES, num_vertices), np.int64)
    ranks = np.zeros(num_vertices, np.uint64)
    for first in range(0, len(keys), LANES):
        count = min(LANES, len(keys) - first)
        for lane in range(count):
            digests[:, :, lane] = first_digests[first + lane]
        for turn in range(num_vertices + 1):
            _sort(digests, order, ranks)
            for vertex in range(num_vertices):
                _write_hex(digests[vertex], hexes[vertex])
            if turn < num_vertices:
                for vertex in range(num_vertices):
                    length = _write_vertex(words, matrix, vertex, hexes, order)
                    md5(words, length, digests[vertex], work)
        md5(words, _write_list(words, hexes, order), digests[0], work)
        for lane in range(count):
            keys[first + lane] = digests[0, :, lane]
