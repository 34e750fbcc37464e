"""Reads a program as numbers: how many parameters it has, how many multiply-adds it costs."""

from collections.abc import Callable
from typing import Any

from epsilon_research.programs.operations import BatchNorm, Convolution, Linear, Operation
from epsilon_research.programs.program import Program
from epsilon_research.programs.recurrent import CellOperation, RecurrentProgram

# Operations that are not listed have no parameters and cost no multiply-adds.
_PARAMETERS: dict[type[Operation], Callable[[Any, int], int]] = {
    Convolution: lambda op, inputs: op.channels * (inputs * op.kernel_size**2 + op.bias),
    BatchNorm: lambda op, inputs: 2 * inputs,
    Linear: lambda op, inputs: op.features * (inputs * op.pixels + op.bias),
}
_MULTIPLY_ADDS: dict[type[Operation], Callable[[Any, int], int]] = {
    Convolution: lambda op, inputs: op.channels * inputs * op.kernel_size**2,
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


def layer_sizes(program: Program, *, height: int, width: int) -> list[tuple[int, int]]:
    """Height and width of every layer's value for images of `height` × `width` pixels.

    Raises:
        ValueError: A window does not fit the map, or layers that meet differ in size.
    """
    sizes: list[tuple[int, int]] = []
    for operation, inputs, _ in program.layers:
        size = sizes[inputs[0]] if inputs else (height, width)
        for source in inputs[1:]:
            if sizes[source] != size:
                raise ValueError(
                    f"inputs of {type(operation).__name__} must have one spatial size, got "
                    f"{size} and {sizes[source]}: check strides and paddings for "
                    f"{height}x{width} images"
                )
        if type(operation) is Linear and size[0] * size[1] != operation.pixels:
            raise ValueError(
                f"Linear must see {operation.pixels} pixels per channel, got "
                f"{size[0]}x{size[1]}: use images of another size or a GlobalMean before it"
            )
        sizes.append((operation.output_size(size[0]), operation.output_size(size[1])))
    return sizes


def count_multiply_adds(program: Program, *, height: int, width: int) -> int:
    """Multiply-adds of convolutions and linear layers for one image of `height` × `width`."""
    sizes = layer_sizes(program, height=height, width=width)
    layers = program.layers
    return sum(
        _MULTIPLY_ADDS[type(layer.operation)](layer.operation, layers[layer.inputs[0]].channels)
        * size[0]
        * size[1]
        for layer, size in zip(layers, sizes, strict=True)
        if type(layer.operation) in _MULTIPLY_ADDS
    )


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
