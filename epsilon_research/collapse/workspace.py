"""A minibatch in the executor's own layout, with the memory that plans run in."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from epsilon_research.collapse.execute import execute
from epsilon_research.collapse.kernels import (
    AREA,
    HIGHEST,
    LANES,
    LOWEST,
    NUM_MOMENTS,
    PIVOT,
    SQUARES,
)
from epsilon_research.collapse.plan import Op, Plan
from epsilon_research.collapse.rounding import input_area, over_spread


class CollapsedOutput(NamedTuple):
    """What a network with one constant weight gives, up to a positive factor."""

    values: np.ndarray
    """float64 [values]: the outputs divided by a power of two."""
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
    num_map_slots: int
    num_vector_slots: int
    map_pixels: int
    """Pixels of the largest map."""


class _Slots:
    """Hands out the lowest free number."""

    def __init__(self, reserved: int = 0) -> None:
        self._free: list[int] = []
        self.count = reserved

    def take(self) -> int:
        if self._free:
            return self._free.pop()
        self.count += 1
        return self.count - 1

    def give_back(self, slot: int) -> None:
        self._free.append(slot)


def _allocate(  # noqa: C901  # one pass over the plan
    plan: Plan, *, num_inputs: int
) -> tuple[list[int], int, int]:
    """The slot of each register, and how many map and vector slots that takes.

    Registers that differ in numbers only share the memory of the map that they view; a slot is
    free again after the last instruction that reads any of them. Inputs keep theirs.
    """
    instructions = plan.instructions
    owner = list(range(len(instructions)))
    last_use = list(range(len(instructions)))
    for register, instruction in enumerate(instructions):
        if instruction.op in (Op.SCALE, Op.NORMALISE, Op.RECTIFY):
            owner[register] = owner[instruction.operands[0][0]]
        for operand, _ in instruction.operands:
            last_use[owner[operand]] = register
    last_use[owner[-1]] = len(instructions)
    maps, vectors = _Slots(reserved=num_inputs), _Slots()
    slots = [0] * len(instructions)
    for register, instruction in enumerate(instructions):
        if owner[register] != register:
            slots[register] = slots[owner[register]]
        elif instruction.op == Op.INPUT:
            slots[register] = int(instruction.factor)
        else:
            slots[register] = (vectors if instruction.vector else maps).take()
        # Freed after the result has its own slot: no kernel may write what it reads.
        for source in {owner[operand] for operand, _ in instruction.operands}:
            if last_use[source] == register and instructions[source].op != Op.INPUT:
                pool = vectors if instructions[source].vector else maps
                pool.give_back(slots[source])
    return slots, maps.count, vectors.count


def _encode(plan: Plan, *, num_inputs: int) -> _EncodedPlan:
    """The arrays of a connected plan for minibatches of `num_inputs` channels."""
    slots, num_map_slots, num_vector_slots = _allocate(plan, num_inputs=num_inputs)
    table: list[int] = []
    parameters: list[float] = []
    operands: list[int] = []
    num_operands = 0
    for instruction, slot in zip(plan.instructions, slots, strict=True):
        op, used, factor, power, kernel_size, stride, padding, parameter, size, vector = instruction
        table += (op, num_operands, len(used), power, kernel_size, stride, padding)
        table += (*size, slot, vector)
        parameters += (factor, parameter)
        for operand in used:
            operands += operand
        num_operands += len(used)
    count = len(plan.instructions)
    return _EncodedPlan(
        np.array(table, np.int64).reshape(count, -1),
        np.array(parameters, np.float64).reshape(count, -1),
        np.array(operands, np.int64).reshape(num_operands, 2),
        num_map_slots,
        num_vector_slots,
        max([i.size[0] * i.size[1] for i in plan.instructions]),
    )


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
        self._blocks = -(-self.batch_size // LANES)
        self._inputs = self._pack(images)
        self._input_moments = np.array([_moments(images[:, c]) for c in range(self.num_channels)])
        self._input_moments[:, AREA] = input_area(images)
        self._maps = self._inputs
        self._vectors = np.zeros((0, self._blocks * LANES))

    def _pack(self, images: np.ndarray) -> np.ndarray:
        """[channels, blocks · height · width · LANES] in the layout of `kernels.py`."""
        padded = np.zeros((self._blocks * LANES, *images.shape[1:]), self._dtype)
        padded[: self.batch_size] = images
        blocks = padded.reshape(self._blocks, LANES, *images.shape[1:])
        return np.ascontiguousarray(np.moveaxis(blocks, (2, 1), (0, 4))).reshape(
            self.num_channels, -1
        )

    def _reserve(self, plan: _EncodedPlan) -> None:
        capacity = max(plan.map_pixels * self._blocks * LANES, self._maps.shape[1])
        slots = max(plan.num_map_slots, len(self._maps))
        if self._maps.shape != (slots, capacity):
            self._maps = np.zeros((slots, capacity), self._dtype)
            self._maps[: self.num_channels, : self._inputs.shape[1]] = self._inputs
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
        return [self._run(encoded, float(weight)) for weight in weights]

    def _run(self, encoded: "_EncodedPlan", weight: float) -> CollapsedOutput:
        values, noise, kept = execute(
            encoded.table,
            encoded.parameters,
            encoded.operands,
            self.batch_size,
            weight,
            self._maps,
            self._input_moments,
            self._vectors,
        )
        return CollapsedOutput(values, over_spread(float(noise), values), bool(kept))


def _moments(channel: np.ndarray) -> np.ndarray:
    """Moments of one channel of the minibatch, in the columns of `kernels.py`."""
    values = channel.astype(np.float64)
    moments = np.zeros(NUM_MOMENTS)
    moments[PIVOT] = values.mean()
    moments[SQUARES] = ((values - values.mean()) ** 2).sum()
    moments[LOWEST], moments[HIGHEST] = values.min(), values.max()
    return moments
