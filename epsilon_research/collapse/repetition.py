"""Loops of layers as loops of instructions."""

from collections.abc import Sequence

from epsilon_research.collapse.groups import ZERO, Groups
from epsilon_research.collapse.plan import Instruction
from epsilon_research.collapse.registry import Registry
from epsilon_research.programs.loops import Loop
from epsilon_research.programs.operations import Size


class NotRepeatedError(Exception):
    """The rounds of a loop may differ in their instructions."""


def repeated_loop(
    low: Registry, loop: Loop, first: int, values: Sequence[Groups], sizes: Sequence[Size]
) -> Loop:
    """Return the loop of instructions that a loop of layers is, once its first round is lowered.

    A further round has the same instructions if its input has the channel groups that the first
    one's has, and if those of the first, from `first` on, are new and read nothing but each other
    and that input.

    Raises:
        NotRepeatedError: This is not so.
    """
    ((source, last),) = loop.carried
    before, after = values[source], values[last]
    if sizes[source] != sizes[last] or [n for n, _ in before] != [n for n, _ in after]:
        raise NotRepeatedError
    carried = dict(zip([r for _, r in before], [r for _, r in after], strict=True))
    known = {*carried, *range(first, len(low.instructions))}
    if (
        [carried[register] for _, register in before] != [register for _, register in after]
        or len(set(carried.values())) < len(carried)
        or min(carried.values()) < first
        or any(low.is_vector(one) != low.is_vector(other) for one, other in carried.items())
        or any(not known.issuperset(one.sources) for one in low.instructions[first:])
        # Sums over what a norm has centred are seen across rounds.
        or low.has_norms
    ):
        raise NotRepeatedError
    # What equals an instruction of the body, behind it, is not what the last round computes.
    low.forget(first)
    return Loop(first, len(low.instructions), loop.times, tuple(carried.items()))


def reachable(
    instructions: Sequence[Instruction], loops: Sequence[Loop], *, output: int
) -> tuple[tuple[Instruction, ...], tuple[Loop, ...]]:
    """Return the instructions that `output` needs, renumbered, and their loops.

    Raises:
        NotRepeatedError: A further round of a loop reads what is computed behind the output, which
            is the last instruction of a plan.
    """
    if output == ZERO:
        return (), ()
    needed = _needed(instructions, loops, output=output)
    if all(needed):
        return tuple(instructions), tuple(loops)
    numbers: list[int] = []
    kept: list[Instruction] = []
    for is_needed, instruction in zip(needed, instructions, strict=True):
        numbers.append(len(kept))
        if is_needed:
            operands = tuple([(numbers[operand], n) for operand, n in instruction.operands])
            kept.append(instruction._replace(operands=operands))
    numbers.append(len(kept))
    kept_loops = []
    for first, stop, times, carried in loops:
        pairs = [(numbers[one], numbers[other]) for one, other in carried if needed[one]]
        kept_loops.append(Loop(numbers[first], numbers[stop], times, tuple(pairs)))
    return tuple(kept), tuple(kept_loops)


def _needed(
    instructions: Sequence[Instruction], loops: Sequence[Loop], *, output: int
) -> list[bool]:
    needed = [False] * len(instructions)
    needed[output] = True
    for loop in loops:
        for _, register in loop.carried:
            if register > output:
                raise NotRepeatedError
            needed[register] = True
    for register in range(output, -1, -1):
        if needed[register]:
            for operand in instructions[register].sources:
                needed[operand] = True
    return needed
