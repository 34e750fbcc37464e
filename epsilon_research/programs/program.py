"""A network as a flat, frozen list of layers: the one description that every reader reads."""

from dataclasses import dataclass
from typing import NamedTuple

from epsilon_research.programs.operations import Input, Operation


class Layer(NamedTuple):
    """An operation, the positions of the layers that feed it, and the channels it gives."""

    operation: Operation
    inputs: tuple[int, ...]
    channels: int


@dataclass(frozen=True, slots=True)
class Program:
    """Layers in the order they are computed; the first is the input, the last is the output.

    Made by `ProgramBuilder`, which checks the wiring. Layers that do not reach the output stay in:
    a trained network has their parameters too.
    """

    layers: tuple[Layer, ...]

    @property
    def input_channels(self) -> int:
        """Channels of the minibatch that the program takes."""
        return self.layers[0].channels

    @property
    def num_outputs(self) -> int:
        """Channels of the output."""
        return self.layers[-1].channels

    @property
    def last_uses(self) -> tuple[int, ...]:
        """Return the position of the last layer that reads each layer; its own if none does."""
        last = list(range(len(self.layers)))
        for position, layer in enumerate(self.layers):
            for source in layer.inputs:
                last[source] = position
        return tuple(last)


class ProgramBuilder:
    """Appends layers one by one; `append` returns the position that later layers refer to."""

    def __init__(self, *, input_channels: int = 3) -> None:
        if input_channels < 1:
            raise ValueError(f"input_channels must be at least 1, got {input_channels}")
        self._layers = [Layer(Input(input_channels), (), input_channels)]

    @property
    def input(self) -> int:
        """Position of the input layer."""
        return 0

    def __len__(self) -> int:
        return len(self._layers)

    def channels(self, position: int) -> int:
        """Channels of the layer at `position`."""
        return self._layers[position].channels

    def append(self, operation: Operation, *inputs: int) -> int:
        """Position of a new layer that applies `operation` to the layers at `inputs`.

        Raises:
            ValueError: An input does not exist yet, or the operation does not take such inputs.
        """
        layers = self._layers
        if any(not 0 <= source < len(layers) for source in inputs):
            raise ValueError(
                f"inputs must be positions of earlier layers (0 to {len(layers) - 1}), got {inputs}"
            )
        channels = operation.output_channels([layers[source].channels for source in inputs])
        layers.append(Layer(operation, inputs, channels))
        return len(layers) - 1

    def chain(self, source: int, *operations: Operation) -> int:
        """Position of the last of `operations`, applied one after the other to that at `source`.

        `source` itself if there are none. Raises what `append` raises.
        """
        for operation in operations:
            source = self.append(operation, source)
        return source

    def inline(self, program: Program, source: int) -> int:
        """Position of the output of `program` with the layer at `source` as its input.

        Raises:
            ValueError: The layer at `source` has other channels than `program` takes.
        """
        if self.channels(source) != program.input_channels:
            raise ValueError(
                f"an inlined program must get {program.input_channels} channels, "
                f"got {self.channels(source)}"
            )
        # The wiring inside was checked when `program` was built: only positions move.
        shift = len(self._layers) - 1
        places = [source, *range(shift + 1, shift + len(program.layers))]
        self._layers += [
            Layer(operation, tuple([places[i] for i in inputs]), channels)
            for operation, inputs, channels in program.layers[1:]
        ]
        return len(self._layers) - 1

    def build(self) -> Program:
        """The program whose output is the layer appended last."""
        return Program(tuple(self._layers))
