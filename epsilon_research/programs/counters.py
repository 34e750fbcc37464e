"""Reads a program as numbers: how many parameters it has, how many multiply-adds it costs."""

from collections.abc import Callable
from typing import Any

from epsilon_research.programs.operations import (
    Affine,
    BatchNorm,
    Broadcast,
    ChannelNorm,
    Convolution,
    GroupNorm,
    Linear,
    Operation,
    PReLU,
    Size,
    TransposedConvolution,
    pair,
)
from epsilon_research.programs.program import Program
from epsilon_research.programs.recurrent import CellOperation, RecurrentProgram


def _kernel_weights(op: Convolution | TransposedConvolution, inputs: int) -> int:
    """Weights of the kernels, without biases."""
    height, width = pair(op.kernel_size)
    return op.channels * inputs // op.groups * height * width


# Operations that are not listed have no parameters and cost no multiply-adds.
_PARAMETERS: dict[type[Operation], Callable[[Any, int], int]] = {
    Convolution: lambda op, inputs: _kernel_weights(op, inputs) + op.channels * op.bias,
    TransposedConvolution: lambda op, inputs: _kernel_weights(op, inputs) + op.channels * op.bias,
    BatchNorm: lambda op, inputs: 2 * inputs * op.affine,
    GroupNorm: lambda op, inputs: 2 * inputs * op.affine,
    ChannelNorm: lambda op, inputs: 2 * inputs * op.affine,
    Affine: lambda op, inputs: op.reads_weight,
    PReLU: lambda op, inputs: op.num_parameters,
    Linear: lambda op, inputs: op.features * (inputs * op.pixels + op.bias),
}
# For each pixel of the output, but of the input for a transposed convolution.
_MULTIPLY_ADDS: dict[type[Operation], Callable[[Any, int], int]] = {
    Convolution: _kernel_weights,
    TransposedConvolution: _kernel_weights,
    Linear: lambda op, inputs: op.features * inputs * op.pixels,
}


def count_parameters(program: Program | RecurrentProgram) -> int:
    """Trainable parameters of the network, those of layers without effect on the output too."""
    if isinstance(program, RecurrentProgram):
        return _count_recurrent_parameters(program)
    layers = program.layers
    return sum(
        _PARAMETERS[type(layer.operation)](layer.operation, layers[layer.inputs[0]].channels)
        for layer in layers
        if type(layer.operation) in _PARAMETERS
    )


def _count_recurrent_parameters(program: RecurrentProgram) -> int:
    # The table counts once: the decoder's weight is the embedding's.
    total = program.num_outputs * (program.embedding_size + 1)
    for input_size, hidden_size in program.layer_sizes:
        for operation, inputs in program.cell.nodes:
            if operation is CellOperation.LINEAR:
                columns = sum(hidden_size if source else input_size for source in inputs)
                total += hidden_size * (columns + 1)
    return total


def count_convolutions(program: Program) -> int:
    """Return the number of convolutions of a network of images."""
    return sum(type(layer.operation) is Convolution for layer in program.layers)


def layer_sizes(program: Program, *, height: int, width: int) -> list[Size]:
    """Height and width of every layer's value for images of `height` × `width` pixels.

    Raises:
        ValueError: A window does not fit the map, or layers that meet differ in size.
    """
    sizes: list[Size] = []
    # Repeated cells share their operations.
    known: dict[tuple[int, Size], Size] = {}
    for operation, inputs, _ in program.layers:
        size = sizes[inputs[0]] if inputs else (height, width)
        for source in inputs[1:]:
            if sizes[source] != size:
                size = _meeting_size(operation, size, sizes[source])
        key = (id(operation), size)
        if key not in known:
            known[key] = operation.output_size(size)
        sizes.append(known[key])
    return sizes


def _meeting_size(operation: Operation, size: Size, other: Size) -> Size:
    """The size of maps that meet in an operation."""
    if type(operation) is Broadcast and all(
        one in (1, all_of) for one, all_of in zip(size, other, strict=True)
    ):
        return other
    raise ValueError(
        f"inputs of {type(operation).__name__} must have one spatial size, got {size} and "
        f"{other}: check strides and paddings for images of this size"
    )


def count_multiply_adds(program: Program, *, height: int, width: int) -> int:
    """Multiply-adds of convolutions and linear layers for one image of `height` × `width`."""
    sizes = layer_sizes(program, height=height, width=width)
    total = 0
    for position, (operation, inputs, _) in enumerate(program.layers):
        if type(operation) in _MULTIPLY_ADDS:
            place = inputs[0] if type(operation) is TransposedConvolution else position
            channels = program.layers[inputs[0]].channels
            each = _MULTIPLY_ADDS[type(operation)](operation, channels)
            total += each * sizes[place][0] * sizes[place][1]
    return total


def count_step_multiply_adds(program: RecurrentProgram) -> int:
    """Multiply-adds of the linear nodes and the decoder for one time step of one sample."""
    return program.embedding_size * program.num_outputs + sum(
        hidden_size * sum(hidden_size if source else input_size for source in inputs)
        for input_size, hidden_size in program.layer_sizes
        for operation, inputs in program.cell.nodes
        if operation is CellOperation.LINEAR
    )


def count_weighted_layers(program: Program | RecurrentProgram) -> int:
    """Convolutions and linear layers; of a recurrent network its linear nodes and its decoder."""
    if isinstance(program, RecurrentProgram):
        kinds = [operation for operation, _ in program.cell.nodes]
        return kinds.count(CellOperation.LINEAR) * len(program.layer_sizes) + 1
    return sum(type(layer.operation) in _MULTIPLY_ADDS for layer in program.layers)
