"""Compiled: in which order the instructions of an encoded plan run, and where their maps lie."""

import numpy as np

from epsilon_research.collapse.columns import (
    BOX,
    COMBINE,
    COUNT,
    FIRST,
    INPUT,
    MEAN,
    NORMALISE,
    OP,
    POWER,
    RECTIFY,
    SCALE,
    SLOT,
    VECTOR,
)
from epsilon_research.compiled import njit


@njit(cache=True, nogil=True)
def write_out(table, operands, loops, carried):
    """Writes the loops of an encoded plan out.

    Args:
        table: int64 [instructions, 16].
        operands: int64 [operands of all instructions, 2].
        loops: int64 [loops, 3]: the first instruction, one past the last, and the rounds.
        carried: int64 [loops, instructions]: of what the first round of a loop reads before it,
            what each further round reads in its place; else -1.

    Returns:
        Table and operands of all rounds, and for each row its instruction, int64.
    """
    num_rows, num_operands = len(table), len(operands)
    for first, stop, times in loops:
        num_rows += (times - 1) * (stop - first)
        num_operands += (times - 1) * table[first:stop, COUNT].sum()
    steps = np.empty(num_rows, np.int64)
    rows = np.empty((num_rows, table.shape[1]), np.int64)
    pairs = np.empty((num_operands, 2), np.int64)
    places = np.arange(len(table))
    done = 0
    used = 0
    position = 0
    for number in range(len(loops) + 1):
        first, stop, times = len(table), len(table), 0
        if number < len(loops):
            first, stop, times = loops[number]
        for turn in range(-1, times):
            # What is before the loop, then its rounds.
            start, end = (position, first) if turn < 0 else (first, stop)
            before = places.copy()
            for step in range(start, end):
                row = table[step]
                rows[done] = row
                rows[done, FIRST] = used
                for i in range(row[FIRST], row[FIRST] + row[COUNT]):
                    source = operands[i, 0]
                    inside = carried[number, source] if turn > 0 else -1
                    pairs[used, 0] = places[source] if inside < 0 else before[inside]
                    pairs[used, 1] = operands[i, 1]
                    used += 1
                places[step] = done
                steps[done] = step
                done += 1
        position = stop
    return rows, pairs, steps


_LONGEST = 256
"""Instructions of a section that are put in another order; it takes the square of the time."""


@njit(cache=True, nogil=True)
def _sections(table, operands, sections):
    """Cuts a plan where one value alone, or inputs, is read on the other side.

    What a section computes can be left out only if nothing behind the section sees it. Written are
    the first position of each one's section, and one past its last position.
    """
    count = len(table)
    last_read = np.arange(count)
    for register in range(count):
        row = table[register]
        for i in range(row[FIRST], row[FIRST] + row[COUNT]):
            last_read[operands[i, 0]] = register
    start = 0
    reach = 0
    for register in range(count):
        if reach <= register:
            sections[start : register + 1, 0] = start
            sections[start : register + 1, 1] = register + 1
            start = register + 1
        if table[register, OP] != INPUT:
            reach = max(reach, last_read[register])


@njit(cache=True, nogil=True)
def _levels(table, operands):
    """The fewest convolutions on a path from the images to the output through each value.

    At a small weight what lies on a path with more of them is hidden by what does not.
    """
    count = len(table)
    before = np.zeros(count, np.int64)
    behind = np.full(count, count)
    behind[count - 1] = 0
    weighs = (table[:, OP] == BOX) | ((table[:, OP] == SCALE) & (table[:, POWER] > 0))
    for register in range(count):
        row = table[register]
        if row[COUNT]:
            before[register] = before[operands[row[FIRST] : row[FIRST] + row[COUNT], 0]].min()
        before[register] += weighs[register]
    for register in range(count - 1, -1, -1):
        row = table[register]
        for i in range(row[FIRST], row[FIRST] + row[COUNT]):
            source = operands[i, 0]
            behind[source] = min(behind[source], behind[register] + weighs[register])
    return before + behind


@njit(cache=True, nogil=True)
def _order(table, operands, sections, order):
    """Puts what is probably large before what it may hide, within each section."""
    levels = _levels(table, operands)
    done = np.zeros(len(table), np.bool_)
    for position in range(len(table)):
        start, stop = sections[position]
        chosen = position
        sums = False
        plain = stop - start <= _LONGEST
        for register in range(start, stop):
            sums = sums or table[register, OP] == COMBINE
            plain = plain and table[register, OP] <= MEAN
        if plain and sums:
            chosen = -1
            for register in range(start, stop):
                if done[register] or (chosen >= 0 and levels[chosen] <= levels[register]):
                    continue
                row = table[register]
                ready = True
                for i in range(row[FIRST], row[FIRST] + row[COUNT]):
                    ready = ready and done[operands[i, 0]]
                if ready:
                    chosen = register
        done[chosen] = True
        order[position] = chosen


@njit(cache=True, nogil=True)
def _allocate(table, operands, order, num_inputs):  # noqa: C901  # one pass over the plan
    """Writes the slot of each register; returns how many map and vector slots that takes.

    Registers that differ in numbers only share the memory of the map that they view; a slot is
    free again after the last instruction that reads any of them. Inputs keep theirs.
    """
    count = len(table)
    owner = np.arange(count)
    last_read = np.zeros(count, np.int64)
    for position in range(count):
        row = table[order[position]]
        last_read[order[position]] = position
        if row[OP] in (SCALE, NORMALISE, RECTIFY):
            owner[order[position]] = owner[operands[row[FIRST], 0]]
        for i in range(row[FIRST], row[FIRST] + row[COUNT]):
            last_read[owner[operands[i, 0]]] = position
    last_read[owner[order[-1]]] = count
    free = np.empty((2, count), np.int64)
    num_free = np.zeros(2, np.int64)
    num_slots = np.array([num_inputs, 0])
    for position in range(count):
        register = order[position]
        row = table[register]
        if owner[register] != register:
            row[SLOT] = table[owner[register], SLOT]
        elif row[OP] != INPUT:
            pool = row[VECTOR]
            if num_free[pool]:
                num_free[pool] -= 1
                row[SLOT] = free[pool, num_free[pool]]
            else:
                row[SLOT] = num_slots[pool]
                num_slots[pool] += 1
        # Freed after the result has its own slot: no kernel may write what it reads.
        for i in range(row[FIRST], row[FIRST] + row[COUNT]):
            source = owner[operands[i, 0]]
            if last_read[source] == position and table[source, OP] != INPUT:
                pool = table[source, VECTOR]
                free[pool, num_free[pool]] = table[source, SLOT]
                num_free[pool] += 1
                last_read[source] = -1
    return num_slots[0], num_slots[1]


@njit(cache=True, nogil=True)
def schedule(table, operands, num_inputs):
    """Arranges an encoded plan, and writes the slots of its registers into `table`.

    Args:
        table: int64 [instructions, 16]; inputs have their slots already.
        operands: int64 [operands of all instructions, 2].
        num_inputs: Slots that hold the minibatch.

    Returns:
        The registers in the order in which they are computed, int64 [instructions]; for each
        position the first and one past the last of its section, int64 [instructions, 2]; how many
        map and vector slots there are.
    """
    order = np.empty(len(table), np.int64)
    sections = np.empty((len(table), 2), np.int64)
    _sections(table, operands, sections)
    _order(table, operands, sections, order)
    num_map_slots, num_vector_slots = _allocate(table, operands, order, num_inputs)
    return order, sections, num_map_slots, num_vector_slots
