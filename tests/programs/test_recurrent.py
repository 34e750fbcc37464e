"""Recurrent programs, their PyTorch network and their parameter counts."""

from typing import Any

import numpy as np
import pytest
import torch

from epsilon_research.programs import RecurrentProgram, count_parameters
from epsilon_research.programs.recurrent import Cell, CellNode, CellOperation
from epsilon_research.programs.recurrent_torch import to_torch
from epsilon_research.spaces.nbnlp_generator import draw_recipes
from epsilon_research.spaces.nbnlp_recipe import parse_recipe, to_cell

LINEAR, TANH = CellOperation.LINEAR, CellOperation.TANH
RNN = Cell(1, (CellNode(LINEAR, (0, 1)), CellNode(TANH, (2,))), (3,))


def test_an_rnn_is_the_one_of_pytorch() -> None:
    network: Any = to_torch(RecurrentProgram(RNN, 3, (5, 3), 7))
    theirs: Any = torch.nn.RNN(3, 5), torch.nn.RNN(5, 3)
    for layer, known in zip(network.layers, theirs, strict=True):
        (linear,) = layer.linears.values()
        known.weight_ih_l0.data, known.weight_hh_l0.data = (
            linear.terms[0].weight.data, linear.terms[1].weight.data,
        )  # fmt: skip
        known.bias_ih_l0.data, known.bias_hh_l0.data[:] = linear.terms[0].bias.data, 0.0
    inputs = torch.randn(6, 4, 3, generator=torch.Generator().manual_seed(0))
    expected = inputs
    for known in theirs:
        expected, _ = known(expected, torch.full((1, 4, known.hidden_size), 0.25))
    torch.testing.assert_close(network(inputs, initial_state=0.25), expected)


def test_a_gru_is_the_one_of_pytorch() -> None:
    # PyTorch's GRU differs in one place, the reset gate, which is 1 here: r's bias is large.
    cell = to_cell(
        parse_recipe(
            '{"z": {"op": "linear", "input": ["x", "h_prev_0"]},'
            ' "z_act": {"op": "activation_sigm", "input": ["z"]},'
            ' "h_tilde": {"op": "linear", "input": ["x", "h_prev_0"]},'
            ' "h_tilde_act": {"op": "activation_tanh", "input": ["h_tilde"]},'
            ' "h_new_0": {"op": "blend", "input": ["z_act", "h_prev_0", "h_tilde_act"]}}'
        )
    )
    network: Any = to_torch(RecurrentProgram(cell, 3, (3,), 7))
    z, candidate = network.layers[0].linears.values()
    theirs: Any = torch.nn.GRU(3, 3)
    with torch.no_grad():
        for place, name in enumerate(("weight_ih_l0", "weight_hh_l0")):
            weights = getattr(theirs, name)
            weights[:3] = 0.0
            weights[3:6], weights[6:] = z.terms[place].weight, candidate.terms[place].weight
        theirs.bias_ih_l0[:3], theirs.bias_hh_l0[:] = 100.0, 0.0
        theirs.bias_ih_l0[3:6], theirs.bias_ih_l0[6:] = z.terms[0].bias, candidate.terms[0].bias
    inputs = torch.randn(6, 4, 3, generator=torch.Generator().manual_seed(0))
    expected, _ = theirs(inputs, torch.full((1, 4, 3), 0.5))
    torch.testing.assert_close(network(inputs, initial_state=0.5), expected)


@pytest.mark.parametrize("operation", list(CellOperation))
def test_each_operation_does_what_it_says(operation: CellOperation) -> None:
    # Three states, all equal at the start; layers of one unit with weights and biases 2.
    expected = {
        "linear": 2 * 2 * 3.0 + 2, "blend": -0.5 * 3 + 1.5 * 3, "elementwise_prod": 9.0,
        "elementwise_sum": 6.0, "activation_tanh": np.tanh(3.0),
        "activation_sigm": 1 / (1 + np.exp(-3.0)), "activation_leaky_relu": 3.0,
    }  # fmt: skip
    count = {"blend": 3, "activation": 1}.get(operation.split("_")[0], 2)
    inputs = (1, 2, 3)[:count]
    cell = Cell(3, (CellNode(operation, inputs),), (4, 4, 4))
    network = to_torch(RecurrentProgram(cell, 1, (1,), 1)).double()
    for parameter in network.parameters():
        parameter.data.fill_(2.0)
    start = 3.0
    value = network(torch.ones(1, 1, 1, dtype=torch.float64), initial_state=start).item()
    if operation is CellOperation.BLEND:
        assert value == start * start + (1 - start) * start
    else:
        assert value == pytest.approx(expected[operation], rel=1e-15)


def test_a_negative_number_leaks_a_hundredth() -> None:
    cell = Cell(1, (CellNode(CellOperation.LEAKY_RELU, (1,)),), (2,))
    network = to_torch(RecurrentProgram(cell, 1, (1,), 1)).double()
    inputs = torch.ones(1, 1, 1, dtype=torch.float64)
    assert network(inputs, initial_state=-3.0).item() == pytest.approx(-0.03, rel=1e-15)


def test_the_networks_have_the_parameters_that_are_counted() -> None:
    for text in draw_recipes(20, hidden=2, intermediate=7, rng=np.random.default_rng(0)):
        program = RecurrentProgram(to_cell(parse_recipe(text)), 4, (6, 5, 4), 9)
        parameters = sum(p.numel() for p in to_torch(program).parameters())
        assert count_parameters(program) == parameters


@pytest.mark.parametrize(
    ("nodes", "outputs", "sentence"),
    [
        ([CellNode(LINEAR, (0,))], (2,), "linear must have 2 or 3 inputs, got 1"),
        ([CellNode(TANH, (1, 1))], (2,), "activation_tanh must have 1 inputs, got 2"),
        ([CellNode(LINEAR, (0, 2))], (2,), r"positions of earlier values \(0 to 1\)"),
        ([CellNode(TANH, (0,))], (2,), "x must go into linear operations only"),
        ([CellNode(TANH, (1,))], (1,), "outputs must be 1"),
        ([CellNode(TANH, (1,))], (2, 2), "outputs must be 1"),
    ],
)
def test_a_cell_that_cannot_be_computed_is_refused(
    nodes: list[CellNode], outputs: tuple[int, ...], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        Cell(1, tuple(nodes), outputs)


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        ((4, (6, 5), 9), r"as wide as the embedding \(4\).*got 5"),
        ((4, (), 9), "there must be layers"),
        ((4, (0, 4), 9), "sizes of at least 1"),
    ],
)
def test_layers_that_do_not_fit_are_refused(sizes: tuple, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        RecurrentProgram(RNN, *sizes)
