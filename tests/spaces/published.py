"""Programs of search spaces against networks that are written out in PyTorch."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.programs import Program, count_parameters
from epsilon_research.programs.torch_reader import to_torch
from epsilon_research.spaces import SearchSpace

_WEIGHTS = (0.1, 1.0)


def assert_reads_as(
    space: SearchSpace,
    text: str,
    published: Callable[[int], nn.Module],
    *,
    side: int,
    num_images: int = 6,
) -> None:
    """Hold both readers of a program to a network in float64, and its parameters to those there.

    Args:
        space: The search space.
        text: An architecture.
        published: Gives the network with so many outputs; batch norm uses the minibatch.
        side: Height and width of the images.
        num_images: How many. Long chains of batch norm and ReLU leave few of them alive.
    """
    id_ = space.parse(text)
    program = space.program(id_, num_outputs=1)
    assert isinstance(program, Program)
    with torch.device("meta"):
        num_parameters = sum(parameter.numel() for parameter in published(10).parameters())
    assert count_parameters(space.program(id_, num_outputs=10)) == num_parameters
    images = np.random.default_rng(0).normal(size=(num_images, 3, side, side)).astype(np.float32)
    session = CollapsedEngine(dtype="float64").open(images)
    for weight in _WEIGHTS:
        expected = _outputs(published(1), images, weight)
        np.testing.assert_allclose(
            _outputs(to_torch(program), images, weight), expected, rtol=1e-8, atol=0
        )
        collapsed = session.outputs(program, [weight])[0].values
        np.testing.assert_allclose(_normalised(collapsed), _normalised(expected), atol=1e-8)


def _outputs(network: nn.Module, images: np.ndarray, weight: float) -> np.ndarray:
    for name, parameter in network.named_parameters():
        nn.init.constant_(parameter, 0.0 if name.endswith("bias") else weight)
    with torch.no_grad():
        return network.double()(torch.from_numpy(images).double()).flatten().numpy()


def _normalised(outputs: np.ndarray) -> np.ndarray:
    low, high = outputs.min(), outputs.max()
    assert high - low > 1e-9 * abs(high)
    return (outputs - low) / (high - low)
