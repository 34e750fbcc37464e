"""What is known of maps that were computed before: everything but the maps.

Where much is hidden (`dominance.py`), many architectures become one function of one weight. A plan
is first walked on the numbers of earlier plans: where each of its values has been computed before,
so has its output. A value's key is the hash of its expression without what is left out.
"""

from typing import NamedTuple

import numpy as np

from epsilon_research.collapse.columns import (
    FACTOR,
    HEIGHT,
    INPUT,
    KERNEL_SIZE,
    OP,
    PADDING,
    PARAMETER,
    POWER,
    SLOT,
    STRIDE,
    VECTOR,
    WIDTH,
)
from epsilon_research.collapse.kernels import NUM_MOMENTS
from epsilon_research.compiled import njit

_CAPACITY = 2**18
"""Values that are remembered, of 150 bytes each; then all are forgotten."""

_FULL = 0.7
"""Share of the places that may be taken before a plan begins; more, and they are long to find."""

WHOLE = False
"""Nothing is left out of a value."""

_FIELDS = (OP, POWER, KERNEL_SIZE, STRIDE, PADDING, HEIGHT, WIDTH, VECTOR)


class Memo(NamedTuple):
    """Places for registers by key: open addressing, a key of 0 is an empty place."""

    keys: np.ndarray
    """uint64 [places]."""
    numbers: np.ndarray
    """float64 [places, 3 + moments + 2]: a register's numbers, moments and size."""
    flags: np.ndarray
    """int64 [places, 5]: likewise."""
    taken: np.ndarray
    """int64 [1]: how many there are."""

    @classmethod
    def empty(cls) -> "Memo":
        """A memo that knows nothing."""
        return cls(
            np.zeros(_CAPACITY, np.uint64),
            np.zeros((_CAPACITY, 3 + NUM_MOMENTS + 2)),
            np.zeros((_CAPACITY, 5), np.int64),
            np.zeros(1, np.int64),
        )

    @property
    def full(self) -> bool:
        """Whether it should be emptied before the next plan."""
        return self.taken[0] > _FULL * _CAPACITY


@njit(cache=True, nogil=True)
def _mixed(key, value):
    """A hash of both (splitmix64, Steele, Lea and Flood 2014)."""
    key = (key ^ value) + np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))


@njit(cache=True, nogil=True)
def key_of(start, row, bits, used, keys, left_out):
    """The key of a register whose operands have theirs.

    Args:
        start: The hash of the weight.
        row: Of an encoded plan's table.
        bits: Those of the instruction's parameters, uint64 [2].
        used: (register, multiplicity) of the operands that are not left out.
        keys: uint64 [instructions].
        left_out: Whether others are.
    """
    key = start
    for field in _FIELDS:
        key = _mixed(key, np.uint64(row[field]))
    if row[OP] == INPUT:
        key = _mixed(key, np.uint64(row[SLOT]))
    key = _mixed(key, bits[FACTOR])
    key = _mixed(key, bits[PARAMETER])
    total = np.uint64(left_out)
    for i in range(len(used)):
        total += _mixed(keys[used[i, 0]], np.uint64(used[i, 1]))
    return _mixed(key, total)


@njit(cache=True, nogil=True)
def sort_by_key(used, keys):
    """Puts operands in the order of their keys.

    So equal values are added in one order, and equal keys mean equal bits, whichever plan was the
    first.
    """
    for i in range(1, len(used)):
        register, multiplicity = used[i]
        place = i
        while place > 0 and keys[used[place - 1, 0]] > keys[register]:
            used[place] = used[place - 1]
            place -= 1
        used[place, 0] = register
        used[place, 1] = multiplicity


@njit(cache=True, nogil=True)
def _place_of(key, memo):
    """The place of a key, or, if it is not there, the free one where it belongs."""
    mask = np.uint64(len(memo.keys) - 1)
    place = key & mask
    while memo.keys[place] != key and memo.keys[place] != 0:
        place = (place + np.uint64(1)) & mask
    return place


@njit(cache=True, nogil=True)
def recall(key, memo, numbers, flags, moments, size):
    """Reads what is known of a value; returns whether anything is."""
    place = _place_of(key, memo)
    if memo.keys[place] == 0:
        return False
    known = memo.numbers[place]
    numbers[:] = known[:3]
    moments[:] = known[3:-2]
    size[:] = known[-2:]
    flags[:] = memo.flags[place]
    return True


@njit(cache=True, nogil=True)
def remember(keys, memo, numbers, flags, moments, sizes):
    """Adds the registers of a plan that has run; a key of 0 stands for none."""
    for register in range(len(keys)):
        place = _place_of(keys[register], memo)
        if keys[register] == 0 or memo.keys[place] != 0:
            continue
        memo.keys[place] = keys[register]
        memo.numbers[place, :3] = numbers[register]
        memo.numbers[place, 3:-2] = moments[register]
        memo.numbers[place, -2:] = sizes[register]
        memo.flags[place] = flags[register]
        memo.taken[0] += 1
