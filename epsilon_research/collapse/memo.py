"""What is known of maps that were computed before: everything but the maps.

Where much is hidden (`dominance.py`), many architectures become one function of one weight. A plan
is first walked on the numbers of earlier plans: where each of its values has been computed before,
so has its output. A value's key is the hash of its expression without what is left out. Rounding
errors are no part of what is known: what a plan leaves out is among its own.
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
    SCALE,
    SLOT,
    STRIDE,
    VECTOR,
    WIDTH,
)
from epsilon_research.collapse.kernels import NOISE, NUM_MOMENTS
from epsilon_research.collapse.registers import X_ZERO
from epsilon_research.compiled import njit

_CAPACITY = 2**18
"""Values that are remembered, of 150 bytes each; then all are forgotten."""

_FULL = 0.7
"""Share of the places that may be taken before a plan begins; more, and they are long to find."""

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
def key_of(start, row, bits, used, keys):
    """The key of a register whose operands have theirs.

    Args:
        start: The hash of the weight.
        row: Of an encoded plan's table.
        bits: Those of the instruction's parameters, uint64 [2].
        used: (register, multiplicity) of the operands that are not left out.
        keys: uint64 [instructions].
    """
    key = start
    for field in _FIELDS:
        key = _mixed(key, np.uint64(row[field]))
    if row[OP] == INPUT:
        key = _mixed(key, np.uint64(row[SLOT]))
    key = _mixed(key, bits[FACTOR])
    key = _mixed(key, bits[PARAMETER])
    total = np.uint64(0)
    for i in range(len(used)):
        total += _mixed(keys[used[i, 0]], np.uint64(used[i, 1]))
    return _mixed(key, total)


@njit(cache=True, nogil=True)
def key_of_multiple(start, row, factor, key):
    """The key of a multiple of a value, as a plan has it that says so.

    Args:
        start: The hash of the weight.
        row: Of a sum.
        factor: A float.
        key: Of the value.
    """
    scaled = row.copy()
    scaled[OP] = SCALE
    bits = np.array([factor, 0.0]).view(np.uint64)
    return key_of(start, scaled, bits, np.array([[0, 1]]), np.array([key]))


@njit(cache=True, nogil=True)
def canonical(used, keys, flags, moments):
    """Operands in the order of their keys, equal ones as one, without zeros.

    So equal values are added in one order, and equal keys mean equal bits, whichever plan was the
    first. Of equal values the one with the largest rounding error stands for all.

    Args:
        used: (register, multiplicity), int64 [operands, 2].
        keys: uint64 [instructions].
        flags: int64 [instructions, 5].
        moments: float64 [instructions, NUM_MOMENTS].

    Returns:
        (register, multiplicity), int64 [distinct operands, 2].
    """
    found = np.empty((len(used), 2), np.int64)
    count = 0
    for i in range(len(used)):
        register, multiplicity = used[i]
        if flags[register, X_ZERO]:
            continue
        place = count
        while place > 0 and keys[found[place - 1, 0]] > keys[register]:
            place -= 1
        if place > 0 and keys[found[place - 1, 0]] == keys[register]:
            found[place - 1, 1] += multiplicity
            if moments[register, NOISE] > moments[found[place - 1, 0], NOISE]:
                found[place - 1, 0] = register
            continue
        found[place + 1 : count + 1] = found[place:count].copy()
        found[place, 0] = register
        found[place, 1] = multiplicity
        count += 1
    return found[:count]


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
