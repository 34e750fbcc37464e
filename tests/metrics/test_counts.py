"""The baselines that only count: multiply-adds and layers."""

import numpy as np
import pytest
from metrics.small_networks import chain

from epsilon_research.data import Minibatch
from epsilon_research.metrics import Candidate, SinglePassMetric, scorer_of
from epsilon_research.metrics.flops import Flops
from epsilon_research.metrics.num_layers import NumLayers
from epsilon_research.programs import AnyProgram, RecurrentProgram
from epsilon_research.programs.operations import (
    AveragePool,
    BatchNorm,
    Convolution,
    GlobalMean,
    Linear,
    ReLU,
)
from epsilon_research.programs.recurrent import Cell, CellNode, CellOperation

IMAGES = Minibatch(inputs=np.ones((3, 3, 8, 8), np.float32), kind="images", dataset="ones")
TOKENS = Minibatch(inputs=np.ones((5, 3, 4), np.float32), kind="tokens", dataset="ones")

CONVOLUTIONAL = chain(
    Convolution(4, 3, padding=1), BatchNorm(), ReLU(), AveragePool(2, stride=2),
    Convolution(5, 1, bias=True), GlobalMean(), Linear(10),
    channels=3,
)  # fmt: skip

# tanh(W x + U h): one layer of 6 units for 4 numbers in, one of 4 for 6; 7 words.
_CELL = Cell(
    1,
    (CellNode(CellOperation.LINEAR, (0, 1)), CellNode(CellOperation.TANH, (2,))),
    (3,),
)
RECURRENT = RecurrentProgram(cell=_CELL, embedding_size=4, hidden_sizes=(6, 4), num_outputs=7)


def score(metric: SinglePassMetric, program: AnyProgram, minibatch: Minibatch) -> float:
    candidate = Candidate(
        build=lambda count: program, num_classes=10, num_parameters=1, connected=False
    )
    found = scorer_of(metric, minibatch)(candidate)
    assert found.failure is None
    return found.value


def test_multiply_adds_of_an_image() -> None:
    expected = 8 * 8 * 4 * 3 * 9 + 4 * 4 * 5 * 4 + 10 * 5
    assert score(Flops(), CONVOLUTIONAL, IMAGES) == expected


def test_multiply_adds_of_a_step() -> None:
    expected = 6 * (4 + 6) + 4 * (6 + 4) + 7 * 4
    assert score(Flops(), RECURRENT, TOKENS) == expected


@pytest.mark.parametrize(
    ("program", "minibatch", "expected"), [(CONVOLUTIONAL, IMAGES, 3), (RECURRENT, TOKENS, 3)]
)
def test_layers_with_weights(program: AnyProgram, minibatch: Minibatch, expected: int) -> None:
    assert score(NumLayers(), program, minibatch) == expected
