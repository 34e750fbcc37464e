"""The program of a recurrent network: one cell, stacked in layers, run over time steps.

A cell is a flat, frozen list of nodes over the layer's input `x` and its previous hidden states.
Readers: `recurrent_torch.py` (the ordinary PyTorch network), `counters.py` (parameters) and, one
room further up, `collapse/recurrent.py`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

LEAKY_SLOPE = 0.01
"""Slope of the leaky ReLU below zero: PyTorch's default, and the benchmark's."""


class CellOperation(StrEnum):
    """Operation of a node; the values are the names that NAS-Bench-NLP gives them."""

    LINEAR = "linear"  # Σ W_i a_i + b over its inputs
    BLEND = "blend"  # a·b + (1 − a)·c
    PRODUCT = "elementwise_prod"  # a·b
    SUM = "elementwise_sum"  # a + b
    TANH = "activation_tanh"
    SIGMOID = "activation_sigm"
    LEAKY_RELU = "activation_leaky_relu"


NUM_INPUTS: dict[CellOperation, tuple[int, ...]] = {
    CellOperation.LINEAR: (2, 3),
    CellOperation.BLEND: (3,),
    CellOperation.PRODUCT: (2,),
    CellOperation.SUM: (2,),
    CellOperation.TANH: (1,),
    CellOperation.SIGMOID: (1,),
    CellOperation.LEAKY_RELU: (1,),
}
"""Numbers of inputs that each operation may have."""


class CellNode(NamedTuple):
    """An operation and the positions of the values that it reads."""

    operation: CellOperation
    inputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One step of a recurrent layer.

    Values are numbered: 0 is `x`, 1 to `num_hidden` are the previous hidden states, then come the
    nodes in the order in which they are computed. `outputs` are the positions of the new hidden
    states; the first of them is also what the layer passes on.
    """

    num_hidden: int
    nodes: tuple[CellNode, ...]
    outputs: tuple[int, ...]

    def __post_init__(self) -> None:
        for position, node in enumerate(self.nodes, start=self.first_node):
            _check_node(node, position)
        last = self.first_node + len(self.nodes)
        nodes = [self.first_node <= output < last for output in self.outputs]
        if self.num_hidden < 1 or len(nodes) != self.num_hidden or not all(nodes):
            raise ValueError(
                f"outputs must be {self.num_hidden} (at least 1) positions of nodes, "
                f"{self.first_node} to {last - 1}, got {self.outputs}"
            )

    @property
    def first_node(self) -> int:
        """Position of the first node's value."""
        return 1 + self.num_hidden


def _check_node(node: CellNode, position: int) -> None:
    operation, inputs = node
    if len(inputs) not in NUM_INPUTS[operation]:
        allowed = " or ".join(map(str, NUM_INPUTS[operation]))
        raise ValueError(f"{operation} must have {allowed} inputs, got {len(inputs)}")
    if any(not 0 <= source < position for source in inputs):
        raise ValueError(
            f"inputs must be positions of earlier values (0 to {position - 1}), got {inputs}"
        )
    if operation is not CellOperation.LINEAR and 0 in inputs:
        raise ValueError(f"x must go into linear operations only, got it in {operation}")


@dataclass(frozen=True, slots=True)
class RecurrentProgram:
    """Layers of one cell over embedded tokens, with a decoder tied to the embedding.

    Layer l takes the first new hidden state of layer l − 1. The last layer is as wide as the
    embedding, whose table is also the decoder's weight (num_outputs × embedding_size).
    """

    cell: Cell
    embedding_size: int
    hidden_sizes: tuple[int, ...]
    num_outputs: int
    """Tokens that the decoder distinguishes."""

    def __post_init__(self) -> None:
        sizes = (self.embedding_size, *self.hidden_sizes, self.num_outputs)
        if not self.hidden_sizes or min(sizes) < 1:
            raise ValueError(f"there must be layers, of sizes of at least 1, got {sizes}")
        if self.hidden_sizes[-1] != self.embedding_size:
            raise ValueError(
                f"the last layer must be as wide as the embedding ({self.embedding_size}), to "
                f"which the decoder is tied, got {self.hidden_sizes[-1]}"
            )

    @property
    def layer_sizes(self) -> tuple[tuple[int, int], ...]:
        """(input size, hidden size) of each layer."""
        inputs = (self.embedding_size, *self.hidden_sizes[:-1])
        return tuple(zip(inputs, self.hidden_sizes, strict=True))
