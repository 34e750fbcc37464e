"""Steps that are applied several times in a row, each time to what they gave before."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Loop(NamedTuple):
    """Consecutive steps of a list, the body, that run more than once.

    A step reads the results of steps by their positions in the list, and a body reads nothing
    before it but what is carried. What comes behind a loop reads its last round.
    """

    first: int
    stop: int
    """One past the last step of the body."""
    times: int
    carried: tuple[tuple[int, int], ...]
    """Pairs of what the first round reads, before the body, and what each further one reads in its
    place, in the body, of the round before."""


def unrolled(
    sources: Sequence[Sequence[int]], loops: Sequence[Loop]
) -> Iterator[tuple[int, list[int]]]:
    """Yield every step of a list whose loops are written out.

    Args:
        sources: Positions that each step of the list reads.
        loops: Loops of the list, one after the other, without overlap.

    Yields:
        The step's position in the list, and the positions, among all that are yielded, which it
        reads.
    """
    places = list(range(len(sources)))
    done = 0
    position = 0
    for loop in (*loops, Loop(len(sources), len(sources), 0, ())):
        rounds = [(range(position, loop.first), ())]
        rounds += [
            (range(loop.first, loop.stop), loop.carried if number else ())
            for number in range(loop.times)
        ]
        for steps, carried in rounds:
            carried_places = {before: places[inside] for before, inside in carried}
            for step in steps:
                read = [carried_places.get(source, places[source]) for source in sources[step]]
                places[step] = done
                done += 1
                yield step, read
        position = loop.stop
