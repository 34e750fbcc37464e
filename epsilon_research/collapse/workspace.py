"""A minibatch in the executor's own layout, with the memory that plans run in."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from epsilon_research.collapse.columns import (
    COUNT,
    FACTOR,
    FIRST,
    FIRST_INDEX,
    FIRST_NUMBER,
    HEIGHT,
    NUM_INDICES,
    NUM_NUMBERS,
    OP,
    WIDTH,
)
from epsilon_research.collapse.dominance import cut_of
from epsilon_research.collapse.execute import DOMINATES, execute
from epsilon_research.collapse.images import image_moments, write_images
from epsilon_research.collapse.kernels import AREA, LANES, NOISE, NUM_MOMENTS
from epsilon_research.collapse.memo import Memo, remember
from epsilon_research.collapse.plan import Op, Plan
from epsilon_research.collapse.registers import (
    X_ALIVE,
    X_FINITE,
    X_SCALE,
    X_SHIFT,
    X_SLOT,
    X_THRESHOLD,
    X_ZERO,
)
from epsilon_research.collapse.rounding import displacement, input_area, moved, over_spread
from epsilon_research.collapse.schedule import schedule, write_out


class CollapsedOutput(NamedTuple):
    """What a network with one constant weight gives, up to a positive factor."""

    values: np.ndarray
    """float64 [values]: the outputs divided by a power of two, without a constant that is much
    larger than their differences."""
    rounding: float
    """Estimated standard deviation of the rounding errors of `values`, over their spread."""
    float32_defined: bool
    """Whether single precision would have kept the output, neither all zero nor infinite."""
    exact_ties: bool = True
    """Whether equal outputs are equal in exact arithmetic, too, as those of dead ReLUs are."""


class _EncodedPlan(NamedTuple):
    """A plan as the arrays that `execute` reads, with the memory it needs."""

    table: np.ndarray
    parameters: np.ndarray
    operands: np.ndarray
    order: np.ndarray
    sections: np.ndarray
    indices: np.ndarray
    numbers: np.ndarray
    general: tuple[int, ...]
    """Positions of the instructions that `general_step.py` runs."""
    num_map_slots: int
    num_vector_slots: int
    map_pixels: int
    """Pixels of the largest map."""


def _encode(plan: Plan, *, num_inputs: int) -> _EncodedPlan:
    """The arrays of a connected plan for minibatches of `num_inputs` channels."""
    table: list[int] = []
    parameters: list[float] = []
    operands: list[int] = []
    indices: list[bytes] = []
    numbers: list[float] = []
    num_operands = num_indices = 0
    for (
        op, used, factor, power, kernel_size, stride, padding, parameter, (height, width), vector,
        kind, own_numbers, own_indices,
    ) in plan.rolled:  # fmt: skip
        slot = int(factor) if op == Op.INPUT else 0
        num_own = len(own_indices) // 4
        table += (
            op, num_operands, len(used), power, kernel_size, stride, padding, height, width, slot,
            vector, kind, num_indices, num_own, len(numbers), len(own_numbers),
        )  # fmt: skip
        parameters += (factor, parameter)
        for operand in used:
            operands += operand
        num_operands += len(used)
        if num_own:
            indices.append(own_indices)
            num_indices += num_own
        numbers += own_numbers
    count = len(plan.rolled)
    rows = np.array(table, np.int64).reshape(count, -1)
    pairs = np.array(operands, np.int64).reshape(num_operands, 2)
    fields = np.array(parameters, np.float64).reshape(count, -1)
    if plan.loops:
        loops = np.array([one[:3] for one in plan.loops], np.int64)
        carried = np.full((len(loops), count), -1)
        for number, loop in enumerate(plan.loops):
            for before, inside in loop.carried:
                carried[number, before] = inside
        rows, pairs, steps = write_out(rows, pairs, loops, carried)
        fields = fields[steps]
    order, sections, num_map_slots, num_vector_slots = schedule(rows, pairs, num_inputs)
    return _EncodedPlan(
        rows,
        fields,
        pairs,
        order,
        sections,
        np.frombuffer(b"".join(indices), np.int32),
        np.array(numbers, np.float64),
        tuple(np.flatnonzero(rows[:, OP] >= Op.FILL).tolist()),
        num_map_slots,
        num_vector_slots,
        int((rows[:, HEIGHT] * rows[:, WIDTH]).max()),
    )


class _Registers(NamedTuple):
    """What is known of a running plan's registers, see `execute`."""

    numbers: np.ndarray
    flags: np.ndarray
    moments: np.ndarray
    sizes: np.ndarray
    keys: np.ndarray

    @classmethod
    def cleared(cls, count: int) -> "_Registers":
        """Those of a plan that has not begun."""
        return cls(
            np.zeros((count, 3)),
            np.zeros((count, 5), np.int64),
            np.zeros((count, NUM_MOMENTS)),
            np.tile([np.inf, -np.inf], (count, 1)),
            np.zeros(count, np.uint64),
        )

    @property
    def noise(self) -> float:
        """The rounding error of the last one's value, but for its exponent."""
        return float(abs(self.numbers[-1, X_SCALE]) * self.moments[-1, NOISE])


_DOUBTFUL = 1e-6
"""A rounding error, over the spread of the outputs, that networks without gates do not have."""


class Workspace:
    """Runs plans on one minibatch; memory is allocated once and grows only when a plan needs it.

    Not safe to share between threads: each needs its own.
    """

    def __init__(
        self,
        images: Float[np.ndarray, "batch channels height width"],
        *,
        dtype: type[np.floating] = np.float32,
    ) -> None:
        self.batch_size, self.num_channels, self.height, self.width = images.shape
        self._dtype = np.dtype(dtype)
        self._cut = cut_of(self._dtype)
        self._blocks = -(-self.batch_size // LANES)
        self._images = np.ascontiguousarray(images)
        self._input_moments = np.zeros((self.num_channels, NUM_MOMENTS))
        image_moments(
            self._images.reshape(self.batch_size, self.num_channels, -1), self._input_moments
        )
        self._input_moments[:, AREA] = input_area(images)
        self._moved: Workspace | None = None
        self._memo = Memo.empty()
        self._known: dict[tuple[int, tuple[int, ...]], CollapsedOutput] = {}
        self._maps = np.zeros((0, 0), self._dtype)
        self._vectors = np.zeros((0, self._blocks * LANES))

    def _reserve(self, plan: _EncodedPlan) -> None:
        capacity = max(plan.map_pixels * self._blocks * LANES, self._maps.shape[1])
        slots = max(plan.num_map_slots, len(self._maps))
        if self._maps.shape != (slots, capacity):
            self._maps = np.zeros((slots, capacity), self._dtype)
            write_images(self._images, self._maps)
        if len(self._vectors) < plan.num_vector_slots:
            self._vectors = np.zeros((plan.num_vector_slots, self._blocks * LANES))

    def run(self, plan: Plan, *, weights: Sequence[float]) -> list[CollapsedOutput]:
        """The outputs of a connected plan for each constant weight.

        Raises:
            ValueError: A weight is not a positive finite number, or the plan was made for images
                of another shape.
        """
        shape = (self.num_channels, self.height, self.width)
        if plan.input_shape != shape:
            raise ValueError(
                f"images must be of (channels, height, width) {plan.input_shape}, for which the "
                f"network was lowered, got {shape}"
            )
        for weight in weights:
            if not 0 < weight < np.inf:
                raise ValueError(f"a weight must be positive and finite, got {weight}")
        encoded = _encode(plan, num_inputs=self.num_channels)
        self._reserve(encoded)
        return [self._resolved(plan, encoded, float(weight)) for weight in weights]

    def _resolved(self, plan: Plan, encoded: _EncodedPlan, weight: float) -> CollapsedOutput:
        """The output, with a measured rounding error where the estimate leaves it in doubt.

        The estimate follows maps, not samples: in gates, which multiply by a sum over all channels,
        it takes for one the samples in which a gate opens, block after block, and grows by orders
        of magnitude. So the images are run once more with their last digits changed.
        """
        output = self._run(plan, encoded, weight)
        if output.rounding <= _DOUBTFUL or self._dtype != np.float64:
            return output
        if self._moved is None:
            self._moved = Workspace(moved(self._images), dtype=np.float64)
        self._moved._reserve(encoded)
        other = self._moved._run(plan, encoded, weight)
        measured = displacement(output.values, other.values)
        return output._replace(rounding=float(np.fmin(output.rounding, measured)))

    def _run(self, plan: Plan, encoded: "_EncodedPlan", weight: float) -> CollapsedOutput:
        known = None if encoded.general else self._recall(plan, encoded, weight)
        if known is not None:
            return known
        count = len(encoded.table)
        registers = _Registers.cleared(count)
        hides = False
        first = 0
        for stop in (*encoded.general, count):
            if first < stop:
                _, hides = self._execute(encoded, first, stop, weight, registers)
            if stop < count:
                self._run_general(encoded, stop, weight, registers[:3])
                # No other value's: equal keys are taken for equal values.
                registers.keys[stop] = 2**64 - 1 - stop
            first = stop + 1
        output = self._output(plan, registers)
        if hides and not encoded.general:
            self._remember(plan, output, registers)
        return output

    def _execute(
        self, encoded: "_EncodedPlan", first: int, stop: int, weight: float,
        registers: "_Registers", *, walks: bool = False,
    ) -> tuple[bool, bool]:  # fmt: skip
        return execute(
            encoded.table, encoded.parameters, encoded.operands, encoded.order, encoded.sections,
            first, stop, self.batch_size, weight, self._cut, self._maps, self._input_moments,
            self._vectors, *registers[:4], encoded.parameters.view(np.uint64), registers.keys,
            self._memo, walks,
        )  # fmt: skip

    def _recall(self, plan: Plan, encoded: "_EncodedPlan", weight: float) -> CollapsedOutput | None:
        """The output, if plans before have computed all of it."""
        registers = _Registers.cleared(len(encoded.table))
        reached, _ = self._execute(encoded, 0, len(encoded.table), weight, registers, walks=True)
        known = self._known.get((int(registers.keys[-1]), plan.repeats)) if reached else None
        if known is None:
            return None
        return known._replace(rounding=over_spread(registers.noise, known.values))

    def _remember(self, plan: Plan, output: CollapsedOutput, registers: "_Registers") -> None:
        if self._memo.full:
            self._memo = Memo.empty()
            self._known.clear()
        remember(registers.keys, self._memo, *registers[:4])
        self._known[int(registers.keys[-1]), plan.repeats] = output

    def _run_general(
        self, encoded: "_EncodedPlan", position: int, weight: float, registers: tuple
    ) -> None:
        # Imported, and compiled, for networks that need it.
        from epsilon_research.collapse.general_step import run_general

        row = encoded.table[position]
        run_general(
            position,
            encoded.table,
            encoded.parameters[position, FACTOR],
            encoded.operands[row[FIRST] : row[FIRST] + row[COUNT]],
            encoded.indices[row[FIRST_INDEX] : row[FIRST_INDEX] + row[NUM_INDICES]],
            encoded.numbers[row[FIRST_NUMBER] : row[FIRST_NUMBER] + row[NUM_NUMBERS]],
            self.batch_size,
            weight,
            self._maps,
            self._vectors,
            self._input_moments[0, AREA],
            *registers,
        )

    def _output(self, plan: Plan, registers: "_Registers") -> CollapsedOutput:
        numbers, flags = registers.numbers[-1], registers.flags[-1]
        kept = bool(flags[X_ALIVE] and flags[X_FINITE])
        last = plan.rolled[-1]
        height, width = (1, 1) if last.vector else last.size
        values = np.zeros(self.batch_size * height * width)
        if not flags[X_ZERO]:
            values = self._read(last.size, numbers, flags[X_SLOT], vector=last.vector)
        if plan.repeats != (1,):
            parts = values.reshape(self.batch_size, len(plan.repeats), -1)
            values = np.repeat(parts, plan.repeats, axis=1)
        values = values.ravel()
        return CollapsedOutput(values, over_spread(registers.noise, values), kept)

    def _read(
        self, size: tuple[int, int], numbers: np.ndarray, slot: int, *, vector: bool
    ) -> np.ndarray:
        """The numbers of a register, samples first, but for its exponent."""
        if vector:
            stored = self._vectors[slot][: self.batch_size]
        else:
            pixels = size[0] * size[1]
            blocks = self._maps[slot][: self._blocks * pixels * LANES]
            blocks = blocks.reshape(self._blocks, pixels, LANES).astype(np.float64)
            stored = np.moveaxis(blocks, 2, 1).reshape(-1, pixels)[: self.batch_size].ravel()
        values = numbers[X_SCALE] * np.maximum(stored, numbers[X_THRESHOLD])
        # Beside a constant that dominates them, differences between outputs would lose digits; it
        # has no part in the score.
        constant = numbers[X_SHIFT]
        return values if abs(constant) > DOMINATES * np.abs(values).max() else values + constant
