"""The memory that a network's feature maps take, a baseline for every proxy."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from epsilon_research.data import Minibatch
from epsilon_research.metrics.base import Candidate, Score
from epsilon_research.metrics.single_pass import SinglePassMetric
from epsilon_research.programs import Program, RecurrentProgram, layer_sizes

FLOAT32_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationMemory(SinglePassMetric):
    """Peak memory of the feature maps of one image in bytes; higher is better.

    Layers are computed one by one in the program's order, each into float32 memory of its own, and
    a map is freed after its last reader, as in the forward pass of the PyTorch network. The image
    counts; parameters and a kernel's workspace do not. The image has the size of those in the
    minibatch, the network one output per class.

    A recurrent network reads one sequence. A layer holds the whole sequence that it reads and the
    one that it writes, and the values of one step, each of which is freed after its last reader.
    """

    name: str = "activation_memory"
    # Two architectures of one function may differ in layers that do not reach the output.
    shared_by_function: bool = False
    candidates_per_chunk: int = 256
    failures: ClassVar[Collection[str] | None] = ()
    further_code: ClassVar[Sequence[str]] = ("epsilon_research.programs",)

    def scorer(self, minibatch: Minibatch) -> Callable[[Candidate], Score]:
        """See `SinglePassMetric`; of the minibatch only its images' size, or its steps, matter."""
        height, width = minibatch.inputs.shape[-2:]
        steps = len(minibatch.inputs)

        def score(candidate: Candidate) -> Score:
            program = candidate.classifier
            if isinstance(program, RecurrentProgram):
                numbers = peak_of_sequence(program, steps=steps)
            else:
                numbers = peak_of_image(program, height=height, width=width)
            return Score(value=float(FLOAT32_BYTES * numbers))

        return score


def peak_of_image(program: Program, *, height: int, width: int) -> int:
    """Largest count of numbers alive at a time while `program` reads one image.

    Raises:
        ValueError: The image does not fit the network.
    """
    layers = program.layers
    sizes = layer_sizes(program, height=height, width=width)
    numbers = [
        layer.channels * rows * columns
        for layer, (rows, columns) in zip(layers, sizes, strict=True)
    ]
    return _peak(numbers, [layer.inputs for layer in layers], kept=[len(layers) - 1])


def peak_of_sequence(program: RecurrentProgram, *, steps: int) -> int:
    """Largest count of numbers alive at a time while `program` reads a sequence of `steps` steps.

    The decoder, which turns the last layer's sequence into one of words, comes last.
    """
    decoded = steps * (program.embedding_size + program.num_outputs)
    return max(decoded, *(_layer_peak(program, *sizes, steps) for sizes in program.layer_sizes))


def _layer_peak(program: RecurrentProgram, inputs: int, hidden: int, steps: int) -> int:
    cell = program.cell
    # A step's x lies in the sequence that the layer reads; what is new are states and nodes.
    numbers = [0] + [hidden] * (cell.num_hidden + len(cell.nodes))
    readers = [()] * cell.first_node + [node.inputs for node in cell.nodes]
    return steps * (inputs + hidden) + _peak(numbers, readers, kept=cell.outputs)


def _peak(numbers: Sequence[int], inputs: Sequence[Sequence[int]], *, kept: Sequence[int]) -> int:
    """Largest count of numbers alive at a time when values are computed in order.

    Args:
        numbers: Size of each value. Those without inputs are alive from the start.
        inputs: Positions of the values that each is computed from.
        kept: Positions of values that are never freed.
    """
    last = {source: place for place, sources in enumerate(inputs) for source in sources}
    alive = sum(count for count, sources in zip(numbers, inputs, strict=True) if not sources)
    peak = alive
    for place, sources in enumerate(inputs):
        if not sources:
            continue
        alive += numbers[place]
        peak = max(peak, alive)
        done = {source for source in sources if last[source] == place} - {*kept}
        alive -= sum(numbers[source] for source in done)
        if place not in last and place not in kept:
            alive -= numbers[place]
    return peak
