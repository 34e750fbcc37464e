"""A network as a flat, frozen list of layers: the one description that every reader reads."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from epsilon_research.programs.loops import Loop, unrolled
from epsilon_research.programs.operations import Input, Operation


class Layer(NamedTuple):
    """An operation, the positions of the layers that feed it, and the channels it gives."""

    operation: Operation
    inputs: tuple[int, ...]
    channels: int


@dataclass(frozen=True)
class Program:
    """Layers in the order they are computed; the first is the input, the last is the output.

    Made by `ProgramBuilder`, which checks the wiring. Layers that do not reach the output stay in:
    a trained network has their parameters too.
    """

    rolled: tuple[Layer, ...]
    """The layers, those of a loop once."""
    loops: tuple[Loop, ...] = ()
    """Cells that follow each other several times."""

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """All layers of the network, cells that are repeated as often as they are there."""
        if not self.loops:
            return self.rolled
        steps = unrolled([layer.inputs for layer in self.rolled], self.loops)
        return tuple([self.rolled[step]._replace(inputs=tuple(read)) for step, read in steps])

    @property
    def input_channels(self) -> int:
        """Channels of the minibatch that the program takes."""
        return self.rolled[0].channels

    @property
    def num_outputs(self) -> int:
        """Channels of the output."""
        return self.rolled[-1].channels

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
        self._loops: list[Loop] = []

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
        for source in inputs:
            if not 0 <= source < len(layers):
                raise ValueError(
                    f"inputs must be positions of earlier layers (0 to {len(layers) - 1}), "
                    f"got {inputs}"
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

    def inline(self, program: Program, source: int, *, times: int = 1) -> int:
        """Position of the output of `program` with the layer at `source` as its input.

        Args:
            program: What is appended.
            source: The position of its input.
            times: How often `program` is applied, each time to its output before. Its layers have
                positions of their own once.

        Raises:
            ValueError: `program` takes other channels than the layer at `source`, or itself, has;
                `times` is less than 1.
        """
        if times < 1:
            raise ValueError(f"times must be at least 1, got {times}")
        for channels in (self.channels(source), *[program.num_outputs] * (times > 1)):
            if channels != program.input_channels:
                raise ValueError(
                    f"an inlined program must get {program.input_channels} channels, got {channels}"
                )
        # The wiring inside was checked when `program` was built: only positions move.
        first = len(self._layers)
        shift = first - 1
        places = [source, *range(first, shift + len(program.layers))]
        self._layers += [
            Layer(operation, tuple([places[i] for i in inputs]), channels)
            for operation, inputs, channels in program.layers[1:]
        ]
        last = len(self._layers) - 1
        if last < first:
            # A program of its input alone.
            return source
        if times > 1:
            self._loops.append(Loop(first, last + 1, times, ((source, last),)))
        return last

    def build(self) -> Program:
        """The program whose output is the layer appended last."""
        return Program(tuple(self._layers), tuple(self._loops))
