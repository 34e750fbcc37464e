"""Reads a recurrent program as a `torch.nn.Module` at full width: the reference for its numbers."""

from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn import functional

from epsilon_research.programs.recurrent import LEAKY_SLOPE, Cell, CellOperation, RecurrentProgram


class _LinearSum(nn.Module):
    """Σ W_i a_i + b, added from left to right, the bias with the first term."""

    def __init__(self, input_sizes: Sequence[int], output_size: int) -> None:
        super().__init__()
        self.terms = nn.ModuleList(
            nn.Linear(size, output_size, bias=position == 0)
            for position, size in enumerate(input_sizes)
        )

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        result = self.terms[0](inputs[0])
        for term, value in zip(self.terms[1:], inputs[1:], strict=True):
            result = result + term(value)
        return result


def _blend(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    return a * b + (1 - a) * c


_FUNCTIONS: dict[CellOperation, Callable[..., torch.Tensor]] = {
    CellOperation.BLEND: _blend,
    CellOperation.PRODUCT: torch.mul,
    CellOperation.SUM: torch.add,
    CellOperation.TANH: torch.tanh,
    CellOperation.SIGMOID: torch.sigmoid,
    CellOperation.LEAKY_RELU: lambda a: functional.leaky_relu(a, LEAKY_SLOPE),
}


class RecurrentLayer(nn.Module):
    """A cell of one width, run over all time steps."""

    def __init__(self, cell: Cell, *, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self._cell = cell
        self._hidden_size = hidden_size
        self.linears = nn.ModuleDict(
            {
                str(position): _LinearSum(
                    [hidden_size if source else input_size for source in inputs], hidden_size
                )
                for position, (operation, inputs) in enumerate(cell.nodes, start=cell.first_node)
                if operation is CellOperation.LINEAR
            }
        )

    def _step(self, x: torch.Tensor, hidden: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        values = [x, *hidden]
        for operation, inputs in self._cell.nodes:
            is_linear = operation is CellOperation.LINEAR
            function = self.linears[str(len(values))] if is_linear else _FUNCTIONS[operation]
            values.append(function(*[values[source] for source in inputs]))
        return [values[output] for output in self._cell.outputs]

    def forward(self, inputs: torch.Tensor, *, initial_state: float) -> torch.Tensor:
        """(time, batch, hidden_size) for inputs of (time, batch, input_size)."""
        hidden = [
            inputs.new_full((inputs.shape[1], self._hidden_size), initial_state)
        ] * self._cell.num_hidden
        steps = []
        for x in inputs:
            hidden = self._step(x, hidden)
            steps.append(hidden[0])
        return torch.stack(steps)


class RecurrentNetwork(nn.Module):
    """The layers of a recurrent program and its tied decoder.

    `decoder.weight` is the embedding table too, so that `parameters()` are those of the trained
    network. Inputs come embedded.
    """

    def __init__(self, program: RecurrentProgram) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            RecurrentLayer(program.cell, input_size=inputs, hidden_size=hidden)
            for inputs, hidden in program.layer_sizes
        )
        self.decoder = nn.Linear(program.embedding_size, program.num_outputs)

    def forward(self, inputs: torch.Tensor, *, initial_state: float = 0.0) -> torch.Tensor:
        """Return what the last layer passes to the decoder, (time, batch, embedding_size).

        Args:
            inputs: Embedded tokens, (time, batch, embedding_size).
            initial_state: Value of every hidden unit before the first step.
        """
        for layer in self.layers:
            inputs = layer(inputs, initial_state=initial_state)
        return inputs


def to_torch(program: RecurrentProgram) -> RecurrentNetwork:
    """The ordinary PyTorch network of `program`, with PyTorch's own default initialisation."""
    return RecurrentNetwork(program)
