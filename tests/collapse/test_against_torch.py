"""The collapse against the ordinary PyTorch network in float64, on random programs."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings

from epsilon_research.collapse import Workspace, lower
from epsilon_research.engines.reference import network_outputs
from epsilon_research.programs import Program
from epsilon_research.programs.constant_weights import set_constants
from epsilon_research.programs.torch_reader import to_torch
from tests.strategies import Noise, fits, minibatches, programs, weights


def torch_outputs(program: Program, images: np.ndarray, weight: float) -> np.ndarray:
    network = to_torch(program).double()
    set_constants(network, weight)
    outputs = network_outputs(network, torch.from_numpy(images).double())
    # Every logit is the same number; one of them is enough.
    return outputs.reshape(len(images), -1)[:, 0]


@settings(max_examples=120, deadline=None)
@given(program=programs(), noise=minibatches(), weight=weights())
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-9), (np.float32, 2e-4)])
def test_outputs_of_random_programs_are_those_of_the_network(
    dtype: type, tolerance: float, program: Program, noise: Noise, weight: float
) -> None:
    assume(fits(program, noise))
    images = noise.images
    plan = lower(program, height=noise.height, width=noise.width)
    theirs = torch_outputs(program, images, weight)
    spread = np.ptp(theirs)
    if not plan.connected:
        assert spread == 0
        return
    # A network that normalises away all that it sees leaves rounding noise in either engine.
    assume(np.isfinite(spread) and spread > 1e-6 * np.abs(theirs).max())
    ours = Workspace(images, dtype=dtype).run(plan, weights=[weight])[0].values
    # The collapse drops a power of two, so each side is divided by its own size.
    np.testing.assert_allclose(
        ours / np.abs(ours).max(), theirs / np.abs(theirs).max(), rtol=0, atol=tolerance
    )
