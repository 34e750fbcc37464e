"""The memory of feature maps: hand-counted networks, and PyTorch's own tensors on random ones."""

import math
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from metrics.small_networks import chain
from strategies import programs

from epsilon_research.data import Minibatch
from epsilon_research.metrics import Candidate, scorer_of
from epsilon_research.metrics.activation_memory import (
    ActivationMemory,
    peak_of_image,
    peak_of_sequence,
)
from epsilon_research.programs import (
    AnyProgram,
    Program,
    ProgramBuilder,
    RecurrentProgram,
    layer_sizes,
)
from epsilon_research.programs.operations import Add, Convolution, GlobalMean, Linear, ReLU
from epsilon_research.programs.recurrent import Cell, CellNode, CellOperation
from epsilon_research.programs.torch_reader import to_torch

IMAGES = Minibatch(inputs=np.ones((3, 3, 8, 8), np.float32), kind="images", dataset="ones")
TOKENS = Minibatch(inputs=np.ones((5, 3, 4), np.float32), kind="tokens", dataset="ones")


SIZE = {"height": 48, "width": 40}
"""Images that random programs, of at most three shrinking layers, can shrink."""


def score(program: AnyProgram, minibatch: Minibatch) -> float:
    def build(count: int) -> AnyProgram:
        assert count == 10  # the network as it is trained
        return program

    candidate = Candidate(build=build, num_classes=10, num_parameters=1, connected=False)
    found = scorer_of(ActivationMemory(), minibatch)(candidate)
    assert found.failure is None
    return found.value


def test_a_chain_holds_a_layer_and_what_it_reads() -> None:
    # Numbers: 192 → 256 → 256 → 80 → 5 → 10; the second layer holds most, 256 + 256.
    program = chain(
        Convolution(4, 3, padding=1), ReLU(), Convolution(5, 2, stride=2), GlobalMean(), Linear(10),
        channels=3,
    )  # fmt: skip
    assert score(program, IMAGES) == 4 * (256 + 256)


def test_a_skip_connection_is_held_until_the_sum() -> None:
    builder = ProgramBuilder(input_channels=3)
    start = builder.append(Convolution(4, 3, padding=1), builder.input)
    last = start
    for _ in range(3):
        last = builder.append(Convolution(4, 3, padding=1), last)
    builder.append(Add(), start, last)
    # While the third of the three runs, and for the sum: the skipped map, what is read, the result.
    assert peak_of_image(builder.build(), height=8, width=8) == 3 * 4 * 64


def test_a_map_that_nothing_reads_is_freed_at_once() -> None:
    builder = ProgramBuilder(input_channels=1)
    builder.append(Convolution(2, 1), builder.input)  # read by nothing
    last = builder.append(Convolution(1, 1), builder.input)
    builder.append(Convolution(1, 1), last)
    assert peak_of_image(builder.build(), height=1, width=1) == 1 + 2


# tanh(W x + U h): one layer of 6 units for 4 numbers in, one of 4 for 6; 7 words.
_CELL = Cell(1, (CellNode(CellOperation.LINEAR, (0, 1)), CellNode(CellOperation.TANH, (2,))), (3,))
RECURRENT = RecurrentProgram(cell=_CELL, embedding_size=4, hidden_sizes=(6, 4), num_outputs=7)


def test_a_recurrent_network_holds_two_sequences_and_a_step() -> None:
    # Either layer: 5 · (4 + 6), and the old state with its sum, or the sum with the new state.
    assert peak_of_sequence(RECURRENT, steps=5) == max(5 * 10 + 2 * 6, 5 * 10 + 2 * 4, 5 * 11)
    assert score(RECURRENT, TOKENS) == 4 * 62


def test_a_new_state_is_held_until_the_step_ends() -> None:
    # Beside the state (3) that the last two nodes are computed from: one that reads the other.
    nodes = (*_CELL.nodes, *(CellNode(CellOperation.TANH, (source,)) for source in (3, 4)))
    program = RecurrentProgram(
        cell=Cell(1, nodes, (3,)), embedding_size=4, hidden_sizes=(4,), num_outputs=1
    )
    assert peak_of_sequence(program, steps=5) == 5 * (4 + 4) + 3 * 4


def test_a_large_vocabulary_is_what_the_decoder_writes() -> None:
    program = RecurrentProgram(cell=_CELL, embedding_size=4, hidden_sizes=(4,), num_outputs=1000)
    assert peak_of_sequence(program, steps=5) == 5 * 1004


def measured_peak(program: Program, *, height: int, width: int) -> int:
    """Most numbers in outputs of layers that exist at a time while PyTorch runs the network."""
    network = to_torch(program)
    alive = peak = 0

    def free(numbers: int) -> None:
        nonlocal alive
        alive -= numbers

    def hook(module: torch.nn.Module, arguments: tuple, output: torch.Tensor) -> torch.Tensor:
        nonlocal alive, peak
        own = output.clone()  # a truncation would be a view of what it reads
        alive += own.numel()
        peak = max(peak, alive)
        weakref.finalize(own, free, own.numel())
        return own

    for layer in network.layers:
        layer.register_forward_hook(hook)
    with torch.no_grad():
        # Two images, since one pixel alone has no batch statistics.
        network(torch.zeros(2, program.input_channels, height, width))
    return peak // 2


def without_unread_maps(program: Program) -> Program:
    """The same network without what does not reach its output."""
    wanted = {len(program.layers) - 1}
    for place in reversed(range(len(program.layers))):
        if place in wanted:
            wanted.update(program.layers[place].inputs)
    builder = ProgramBuilder(input_channels=program.input_channels)
    new = {builder.input: builder.input}
    for place in sorted(wanted - {builder.input}):
        operation, inputs, _ = program.layers[place]
        new[place] = builder.append(operation, *(new[source] for source in inputs))
    return builder.build()


@settings(deadline=None, max_examples=25)
@given(programs())
def test_pytorch_holds_as_much(program: Program) -> None:
    # The PyTorch reader keeps maps that nothing reads.
    program = without_unread_maps(program)
    expected = measured_peak(program, **SIZE)
    assert peak_of_image(program, **SIZE) == expected


@settings(deadline=None)
@given(programs())
def test_it_is_at_least_the_largest_layer_with_what_it_reads(program: Program) -> None:
    numbers = [
        layer.channels * math.prod(size)
        for layer, size in zip(program.layers, layer_sizes(program, **SIZE), strict=True)
    ]
    least = max(
        count + sum(numbers[source] for source in {*layer.inputs})
        for count, layer in zip(numbers, program.layers, strict=True)
    )
    assert least <= peak_of_image(program, **SIZE) <= sum(numbers)


def test_images_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="use larger images"):
        score(chain(Convolution(1, 9), channels=3), IMAGES)
