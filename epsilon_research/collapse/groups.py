"""Channel groups: what all channels of a layer are once equal ones are known to be one map."""

from collections.abc import Callable, Iterable, Iterator

ZERO = -1
"""The register of a map that is zero everywhere."""

Groups = tuple[tuple[int, int], ...]
"""Channel groups of one layer from the first channel to the last: (channels, register)."""


Terms = dict[int, int]
"""Counts of each register in a sum; zeros are left out."""


def weighted(groups: Iterable[tuple[int, int]]) -> Terms:
    """The sum of all channels of (channels, register)."""
    terms: Terms = {}
    for channels, register in groups:
        if register != ZERO:
            terms[register] = terms.get(register, 0) + channels
    return terms


def merged(groups: list[tuple[int, int]]) -> Groups:
    """The same channels with neighbours of one register joined."""
    if len(groups) == 1:
        return (groups[0],)
    joined: list[tuple[int, int]] = []
    for channels, register in groups:
        if joined and joined[-1][1] == register:
            joined[-1] = (joined[-1][0] + channels, register)
        else:
            joined.append((channels, register))
    return tuple(joined)


def each(groups: Groups, function: Callable[[int], int]) -> Groups:
    """Every register replaced by `function` of it, called once for each distinct one."""
    if len(groups) == 1:
        ((channels, register),) = groups
        return ((channels, function(register)),)
    found = {register: function(register) for register in dict.fromkeys(r for _, r in groups)}
    return merged([(channels, found[register]) for channels, register in groups])


def boundaries(groups: Groups) -> list[int]:
    """Channel numbers at which a group ends."""
    ends: list[int] = []
    for channels, _ in groups:
        ends.append(channels + (ends[-1] if ends else 0))
    return ends


def aligned(inputs: list[Groups]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """(channels, the register of each input), split at the union of the inputs' boundaries."""
    ends = [boundaries(groups) for groups in inputs]
    cursors = [0] * len(inputs)
    start = 0
    for stop in sorted(set().union(*ends)):
        for branch, branch_ends in enumerate(ends):
            while branch_ends[cursors[branch]] <= start:
                cursors[branch] += 1
        registers = [groups[at][1] for groups, at in zip(inputs, cursors, strict=True)]
        yield stop - start, tuple(registers)
        start = stop


def cut(groups: Groups, size: int) -> Iterator[tuple[int, Groups]]:
    """Consecutive parts of `size` channels, as (how many equal ones follow each other, one)."""
    pending: list[tuple[int, int]] = []
    room = size
    for run, register in groups:
        channels = run
        if pending:
            taken = min(channels, room)
            pending.append((taken, register))
            channels -= taken
            room -= taken
            if room == 0:
                yield 1, merged(pending)
                pending, room = [], size
        whole, rest = divmod(channels, size)
        if whole:
            yield whole, ((size, register),)
        if rest:
            pending.append((rest, register))
            room -= rest


def registers_of(groups: Groups) -> list[int]:
    """The register of every channel."""
    return [register for channels, register in groups for _ in range(channels)]
