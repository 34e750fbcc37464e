"""The collapse of a recurrent network: one number per time step and sample.

With all weights and biases w, every unit of a layer is the same number: a linear operation gives
w · Σ units · a + w, the others act on each unit, and hidden states start equal. The embedding
enters through the sum of each token's row only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from epsilon_research.collapse.recurrent_kernels import (
    BLEND,
    FIRST,
    LEAKY_RELU,
    LINEAR,
    PRODUCT,
    SIGMOID,
    SUM,
    TANH,
    run_layers,
)
from epsilon_research.collapse.rounding import over_spread
from epsilon_research.collapse.workspace import CollapsedOutput
from epsilon_research.programs.recurrent import Cell, CellOperation, RecurrentProgram

_CODES = {
    CellOperation.LINEAR: LINEAR,
    CellOperation.BLEND: BLEND,
    CellOperation.PRODUCT: PRODUCT,
    CellOperation.SUM: SUM,
    CellOperation.TANH: TANH,
    CellOperation.SIGMOID: SIGMOID,
    CellOperation.LEAKY_RELU: LEAKY_RELU,
}
_COLUMNS = FIRST + 3

_FLOAT64_OVER_FLOAT32 = 2.0**-29
"""Unit roundoff of float64 over that of float32."""

_LOST = 1e-2
"""Error of float32 over the size of outputs, from which it is not a multiple of its roundoff."""


@dataclass(frozen=True, slots=True)
class RecurrentPlan:
    """A recurrent program without what its output does not depend on."""

    cell: Cell
    layer_sizes: tuple[tuple[int, int], ...]
    """(input size, hidden size) of each layer."""
    connected: bool
    """True if the output depends on the minibatch, at once or over time."""


def lower_recurrent(program: RecurrentProgram) -> RecurrentPlan:
    """The plan of `program`, for minibatches of any length and size."""
    cell = program.cell
    needed = _needed(cell)
    return RecurrentPlan(
        cell=_without_dead_parts(cell, needed),
        layer_sizes=program.layer_sizes,
        connected=0 in needed,
    )


def _needed(cell: Cell) -> set[int]:
    """Positions of the values that the first new hidden state depends on, over all steps."""
    needed = {cell.outputs[0]}
    waiting = [cell.outputs[0]]
    while waiting:
        position = waiting.pop()
        if position == 0:
            continue
        is_state = position < cell.first_node
        sources = (
            (cell.outputs[position - 1],)
            if is_state
            else cell.nodes[position - cell.first_node].inputs
        )
        fresh = set(sources) - needed
        needed |= fresh
        waiting += fresh
    return needed


def _without_dead_parts(cell: Cell, needed: set[int]) -> Cell:
    # The first state stays, read again or not: it is the output.
    states = [s for s in range(cell.num_hidden) if s == 0 or 1 + s in needed]
    places = {0: 0} | {1 + state: 1 + place for place, state in enumerate(states)}
    nodes = []
    for position, node in enumerate(cell.nodes, start=cell.first_node):
        if position in needed:
            places[position] = 1 + len(states) + len(nodes)
            nodes.append(node._replace(inputs=tuple([places[source] for source in node.inputs])))
    return Cell(len(states), tuple(nodes), tuple([places[cell.outputs[s]] for s in states]))


class RecurrentWorkspace:
    """Runs recurrent plans on one minibatch of embedded tokens.

    Args:
        row_sums: Sum of each embedded token over the embedding, (time, batch).
    """

    def __init__(self, row_sums: Float[np.ndarray, "time batch"]) -> None:
        self._row_sums = row_sums.astype(np.float64)

    @classmethod
    def of_inputs(cls, inputs: Float[np.ndarray, "time batch embedding"]) -> "RecurrentWorkspace":
        """A workspace for embedded tokens; their rows are summed in float64."""
        return cls(inputs.sum(axis=2, dtype=np.float64))

    def run(self, plan: RecurrentPlan, *, weights: Sequence[float]) -> list[CollapsedOutput]:
        """The outputs of a plan for each constant weight, flat [time · batch], time first.

        What over- or underflows or saturates in the network in float64 does so here.

        Raises:
            ValueError: A weight is not a positive finite number.
        """
        for weight in weights:
            if not 0 < weight < np.inf:
                raise ValueError(f"a weight must be positive and finite, got {weight}")
        table = _table(plan.cell)
        outputs = np.array(plan.cell.outputs, np.int64)
        units = np.array(plan.layer_sizes, np.float64)
        units[0, 0] = 1.0  # The rows are summed already.
        return [self._run(table, outputs, units, float(weight)) for weight in weights]

    def _run(
        self, table: np.ndarray, outputs: np.ndarray, units: np.ndarray, weight: float
    ) -> CollapsedOutput:
        exact = self._row_sums.copy()
        run_layers(table, outputs, units, weight, exact)
        # What is too large for float32 becomes infinite, as it does in the published code.
        with np.errstate(over="ignore"):
            single = self._row_sums.astype(np.float32)
            single_weight = np.float32(weight)
        run_layers(table, outputs, units.astype(np.float32), single_weight, single)
        return CollapsedOutput(
            exact.ravel(),
            over_spread(_noise(exact, single), exact),
            has_spread(single),
            # Functions that saturate tie outputs that differ behind the last digit.
            exact_ties=False,
        )


def _noise(exact: np.ndarray, single: np.ndarray) -> float:
    """The estimated standard deviation of float64's rounding errors.

    Both precisions run the same operations in the same order, so float64 errs as float32 does,
    2^29 times less; at least it rounds the outputs themselves. Where float32 has lost the outputs
    to more than a hundredth, errors grow too fast for that, and no better estimate is at hand.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        errors = exact - single
        known = errors[np.isfinite(errors)]
        measured = math.sqrt(np.mean(known**2)) if known.size else 0.0
        size = math.sqrt(np.mean(exact**2))
    if measured > _LOST * size:
        return measured
    return math.hypot(np.finfo(np.float64).eps / 2 * size, _FLOAT64_OVER_FLOAT32 * measured)


def has_spread(values: np.ndarray) -> bool:
    """Return whether epsilon can normalise `values`: all finite, and not all the same."""
    with np.errstate(over="ignore", invalid="ignore"):
        spread = values.max() - values.min()
    return bool(np.isfinite(spread) and spread > 0)


def _table(cell: Cell) -> np.ndarray:
    """The nodes of a cell in the columns of `recurrent_kernels.py`; a value's register is its own.

    Columns behind the last operand are never read.
    """
    table = np.zeros((len(cell.nodes), _COLUMNS), np.int64)
    for row, (operation, inputs) in zip(table, cell.nodes, strict=True):
        row[:FIRST] = _CODES[operation], 0, len(inputs)
        row[FIRST : FIRST + len(inputs)] = inputs
    table[:, 1] = cell.first_node + np.arange(len(cell.nodes))
    return table
