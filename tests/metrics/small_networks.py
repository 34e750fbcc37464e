"""A two-layer network with known weights, small enough to compute every score by hand.

The network: convolution 1×1 (1 → 2 channels, weights 1 and −1), ReLU, mean over the pixels, linear
(2 → 2, weights ((1, 2), (3, −1))), no biases. The images have one row of pixels:

    image 0: 1  3    ReLUs: channel 0 on on, channel 1 off off    outputs 2, 6
    image 1: −2 2           channel 0 off on, channel 1 on off    outputs 3, 2
"""

import math
from collections.abc import Sequence

import numpy as np
import torch

from epsilon_research.metrics.network_metric import Subject
from epsilon_research.metrics.untrained_network import (
    Initialise,
    default_initialisation,
    weighted_layers,
)
from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.operations import (
    Convolution,
    GlobalMean,
    Linear,
    Operation,
    ReLU,
)
from epsilon_research.programs.torch_reader import Network

WEIGHTS = (((1.0,), (-1.0,)), ((1.0, 2.0), (3.0, -1.0)))
S, T = (1 / (1 + math.exp(-x)) for x in (4, 1))
"""The softmax's share of class 1 for image 0, and of class 0 for image 1."""


def chain(*operations: Operation, channels: int = 1) -> Program:
    builder = ProgramBuilder(input_channels=channels)
    last = builder.input
    for operation in operations:
        last = builder.append(operation, last)
    return builder.build()


TWO_LAYERS = chain(Convolution(2, 1), ReLU(), GlobalMean(), Linear(2, bias=False))


Weights = Sequence[Sequence[Sequence[float]]]


class Known(Subject):
    """A subject whose network has known weights, whatever a metric would draw."""

    weights: Weights = WEIGHTS

    def build(self, initialise: Initialise = default_initialisation) -> Network:
        """See `Subject`."""
        network = Subject.build(self, initialise)
        with torch.no_grad():
            for layer, values in zip(weighted_layers(network), self.weights, strict=True):
                weight = layer.get_parameter("weight")
                weight.copy_(torch.tensor(values).reshape(weight.shape))
        return network


def known(
    *rows: Sequence[float],
    labels: Sequence[int] = (0, 1),
    program: Program = TWO_LAYERS,
    weights: Weights = WEIGHTS,
) -> Known:
    """The network above on images of one row of pixels; without any, on those above."""
    pixels = torch.tensor(rows or ((1, 3), (-2, 2)), dtype=torch.float32)
    classes = torch.from_numpy(np.array(labels, np.int64))
    subject = Known(program, pixels[:, None, None], classes, 0)
    subject.weights = weights
    return subject
