"""The collapse in 80-bit arithmetic: slow, simple, and the truth for rounding errors.

NumPy runs the instructions of a plan one by one in `numpy.longdouble`. On x86 that is a number of
64 significant bits whose 15-bit exponent holds every map without a carried exponent: 2,048 times
finer than float64. Elsewhere it may be float64 under another name, and is refused.
"""

from collections.abc import Callable, Sequence

import numpy as np

from epsilon_research.collapse.any_program import AnyPlan
from epsilon_research.collapse.extended_general import GENERAL
from epsilon_research.collapse.plan import Instruction, Op, Plan
from epsilon_research.collapse.recurrent import RecurrentPlan
from epsilon_research.programs.recurrent import LEAKY_SLOPE, CellNode, CellOperation

Wide = np.longdouble


def check_extended() -> None:
    """Refuse machines whose `numpy.longdouble` is not an 80-bit number or wider.

    Raises:
        ValueError: The type has fewer significant bits or a smaller range of exponents.
    """
    limits = np.finfo(Wide)
    if limits.nmant < 63 or limits.minexp > -16000:
        raise ValueError(
            "extended precision must have 64 significant bits and a 15-bit exponent (x86), got "
            f"{limits.nmant + 1} bits: use engine=collapsed engine.dtype=float64 on this machine"
        )


def run_extended(plan: AnyPlan, inputs: np.ndarray, *, weight: float) -> np.ndarray:
    """Return the outputs of a connected plan for one constant weight.

    Args:
        plan: A plan as `lower` returns it.
        inputs: Images (batch, channels, height, width) or embedded tokens (time, batch, embedding).
        weight: The constant, positive.

    Returns:
        longdouble [values]; of a recurrent network time first.

    Raises:
        ValueError: This machine has no extended precision.
    """
    check_extended()
    # What overflows here does so in the network: cells that square their states, an exponential.
    with np.errstate(all="ignore"):
        if isinstance(plan, RecurrentPlan):
            return _run_recurrent(plan, inputs.sum(axis=2, dtype=Wide), Wide(weight))
        return _run_image_plan(plan, inputs.astype(Wide), Wide(weight))


def _run_image_plan(plan: Plan, images: np.ndarray, weight: np.longdouble) -> np.ndarray:
    # A register's last reader, behind which its memory is free.
    last_use = {
        register: position
        for position, instruction in enumerate(plan.instructions)
        for register, _ in instruction.operands
    }
    registers: dict[int, np.ndarray] = {}
    for position, instruction in enumerate(plan.instructions):
        operands = [registers[register] for register, _ in instruction.operands]
        registers[position] = _result(instruction, operands, images, weight)
        for register in {register for register, _ in instruction.operands}:
            if last_use[register] == position:
                del registers[register]
    outputs = registers[len(plan.instructions) - 1]
    if plan.repeats == (1,):
        return outputs.ravel()
    parts = outputs.reshape(len(images), len(plan.repeats), -1)
    return np.repeat(parts, plan.repeats, axis=1).ravel()


def _result(
    instruction: Instruction,
    operands: Sequence[np.ndarray],
    images: np.ndarray,
    weight: np.longdouble,
) -> np.ndarray:
    """The value of an instruction, (batch, height, width)."""
    op = instruction.op
    if op == Op.INPUT:
        return images[:, int(instruction.factor)]
    if op == Op.FILL:
        number = Wide(instruction.factor) * weight**instruction.power
        return np.full((len(images), *instruction.size), number)
    if op in GENERAL:
        # A function has the power of the weight in its parameters.
        power = 0 if op == Op.APPLY else instruction.power
        return GENERAL[op](operands, instruction, weight) * weight**power
    counts = [Wide(n) for _, n in instruction.operands]
    terms = [value * n for value, n in zip(operands, counts, strict=True)]
    return _OPERATIONS[op](sum(terms[1:], terms[0]), instruction, weight)


def _scale(x: np.ndarray, instruction: Instruction, weight: np.longdouble) -> np.ndarray:
    return x * Wide(instruction.factor) * weight**instruction.power


def _normalise(x: np.ndarray, instruction: Instruction, weight: np.longdouble) -> np.ndarray:
    centred = x - x.mean()
    return (
        centred
        / np.sqrt((centred**2).mean() + Wide(instruction.parameter))
        * weight**instruction.power
    )


def _box(x: np.ndarray, instruction: Instruction, weight: np.longdouble) -> np.ndarray:
    return weight * _slide(x, instruction, np.add, outside=0)


def _average(x: np.ndarray, instruction: Instruction, weight: np.longdouble) -> np.ndarray:
    if instruction.parameter:
        return _slide(x, instruction, np.add, outside=0) / Wide(instruction.kernel_size**2)
    inside = _slide(np.ones_like(x[:1]), instruction, np.add, outside=0)
    return _slide(x, instruction, np.add, outside=0) / inside


def _maximum(x: np.ndarray, instruction: Instruction, weight: np.longdouble) -> np.ndarray:
    return _slide(x, instruction, np.maximum, outside=-np.inf)


def _slide(
    x: np.ndarray, instruction: Instruction, reduce: np.ufunc, *, outside: float
) -> np.ndarray:
    """Reduce each window of the padded maps [batch, height, width], one axis after the other."""
    for axis, length in zip((1, 2), instruction.size, strict=True):
        widths = [(0, 0), (0, 0), (0, 0)]
        widths[axis] = (instruction.padding, instruction.padding + instruction.stride)
        padded = np.moveaxis(np.pad(x, widths, constant_values=outside), axis, 0)
        reach = (length - 1) * instruction.stride + 1
        total = padded[: reach : instruction.stride]
        for step in range(1, instruction.kernel_size):
            total = reduce(total, padded[step : step + reach : instruction.stride])
        x = np.moveaxis(total, 0, axis)
    return x


def _mean(x: np.ndarray, instruction: Instruction, weight: np.longdouble) -> np.ndarray:
    return x.mean(axis=(1, 2), keepdims=True)


_OPERATIONS: dict[Op, Callable[[np.ndarray, Instruction, np.longdouble], np.ndarray]] = {
    Op.SCALE: _scale,
    Op.NORMALISE: _normalise,
    Op.RECTIFY: lambda x, instruction, weight: np.maximum(x, 0),
    Op.COMBINE: lambda x, instruction, weight: x,
    Op.BOX: _box,
    Op.AVERAGE: _average,
    Op.MAXIMUM: _maximum,
    Op.MEAN: _mean,
}


def _run_recurrent(plan: RecurrentPlan, values: np.ndarray, weight: np.longdouble) -> np.ndarray:
    cell = plan.cell
    for layer, (input_units, hidden_units) in enumerate(plan.layer_sizes):
        units = (Wide(input_units if layer else 1), Wide(hidden_units))
        states = [np.full(values.shape[1:], weight) for _ in range(cell.num_hidden)]
        passed_on = []
        for x in values:
            registers = [x, *states]
            for node in cell.nodes:
                operands = [registers[position] for position in node.inputs]
                registers.append(_apply(node, operands, weight=weight, units=units))
            states = [registers[position] for position in cell.outputs]
            passed_on.append(states[0])
        values = np.array(passed_on)
    return values.ravel()


def _apply(
    node: CellNode,
    operands: Sequence[np.ndarray],
    *,
    weight: np.longdouble,
    units: tuple[np.longdouble, np.longdouble],
) -> np.ndarray:
    first = operands[0]
    if node.operation == CellOperation.LINEAR:
        terms = [
            weight * units[position > 0] * value
            for position, value in zip(node.inputs, operands, strict=True)
        ]
        return sum(terms[1:], terms[0]) + weight
    if node.operation == CellOperation.BLEND:
        return first * operands[1] + (1 - first) * operands[2]
    simple: dict[CellOperation, Callable[[], np.ndarray]] = {
        CellOperation.PRODUCT: lambda: first * operands[1],
        CellOperation.SUM: lambda: first + operands[1],
        CellOperation.TANH: lambda: np.tanh(first),
        CellOperation.SIGMOID: lambda: 1 / (1 + np.exp(-first)),
        CellOperation.LEAKY_RELU: lambda: np.where(first > 0, first, first * Wide(LEAKY_SLOPE)),
    }
    return simple[node.operation]()
