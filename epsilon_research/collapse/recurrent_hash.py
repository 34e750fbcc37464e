"""The canonical hash of a recurrent network under constant weights."""

from collections.abc import Sequence
from hashlib import blake2b

from epsilon_research.collapse.recurrent import RecurrentPlan
from epsilon_research.programs.recurrent import Cell, CellOperation

_MAX_STATES = 8
_ROUNDS = 2 * _MAX_STATES
"""Steps after which states of two cells, _MAX_STATES each, differ if they ever do."""

_Terms = dict[bytes, int]
"""A value as a sum: how often each term occurs, by the term's digest."""


def recurrent_hash(plan: RecurrentPlan) -> str:
    """Hash of the function of minibatch and weight that a plan computes, 32 hex digits.

    Equal hashes mean equal functions; names, dead nodes and the order of states and of commuting
    operands do not matter. All states start equal, so two states are the same number for ever if
    `_ROUNDS` steps of what they are computed from look the same (partition refinement).

    Raises:
        ValueError: The cell has more states than `_ROUNDS` can distinguish.
    """
    cell = plan.cell
    if cell.num_hidden > _MAX_STATES:
        raise ValueError(f"a cell must have at most {_MAX_STATES} states, got {cell.num_hidden}")
    states: list[_Terms] = [{b"start": 1}] * cell.num_hidden
    for _ in range(_ROUNDS):
        states = _step(cell, states)
    return _digest(_single(states[0]), repr(plan.layer_sizes).encode()).hex()


def _step(cell: Cell, states: Sequence[_Terms]) -> list[_Terms]:
    values: list[_Terms] = [{b"x": 1}, *({_single(state): 1} for state in states)]
    for operation, inputs in cell.nodes:
        operands = [values[source] for source in inputs]
        if operation is CellOperation.SUM:
            values.append(_add(operands))
        else:
            values.append({_digest(operation.encode(), *_ordered(operation, operands)): 1})
    return [values[output] for output in cell.outputs]


def _ordered(operation: CellOperation, operands: Sequence[_Terms]) -> list[bytes]:
    """Return what distinguishes one use of `operation` from another."""
    if operation is CellOperation.LINEAR:
        return [_single(_add(operands))]
    digests = [_single(operand) for operand in operands]
    return sorted(digests) if operation is CellOperation.PRODUCT else digests


def _add(operands: Sequence[_Terms]) -> _Terms:
    total: _Terms = {}
    for terms in operands:
        for digest, count in terms.items():
            total[digest] = total.get(digest, 0) + count
    return total


def _single(terms: _Terms) -> bytes:
    """One digest for a sum."""
    if len(terms) == 1 and next(iter(terms.values())) == 1:
        return next(iter(terms))
    return _digest(*(b"%d*%b" % (count, digest) for digest, count in sorted(terms.items())))


def _digest(*parts: bytes) -> bytes:
    return blake2b(b"|".join(parts), digest_size=16).digest()
