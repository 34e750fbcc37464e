"""The collapse in 80-bit arithmetic against the PyTorch network in float64, on random programs."""

import numpy as np
import pytest
from hypothesis import assume, given, settings

from epsilon_research.collapse import lower, run_extended
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.programs import Program
from epsilon_research.spaces.nbnlp import NasBenchNlp
from tests.collapse.test_against_torch import torch_outputs
from tests.strategies import Noise, fits, minibatches, programs, weights

pytestmark = pytest.mark.skipif(
    np.finfo(np.longdouble).minexp > -16000, reason="needs numbers with a 15-bit exponent (x86)"
)


@settings(max_examples=60, deadline=None)
@given(program=programs(), noise=minibatches(), weight=weights())
def test_outputs_of_random_programs_are_those_of_the_network(
    program: Program, noise: Noise, weight: float
) -> None:
    assume(fits(program, noise))
    plan = lower(program, height=noise.height, width=noise.width)
    assume(plan.connected)
    theirs = torch_outputs(program, noise.images, weight)
    spread = np.ptp(theirs)
    assume(np.isfinite(spread) and spread > 1e-6 * np.abs(theirs).max())
    ours = run_extended(plan, noise.images, weight=weight)
    np.testing.assert_allclose(
        (ours / np.abs(ours).max()).astype(np.float64),
        theirs / np.abs(theirs).max(),
        rtol=0,
        atol=1e-9,
    )


def test_recurrent_outputs_are_those_of_the_network() -> None:
    space = NasBenchNlp()
    tokens = np.random.default_rng(0).uniform(size=(5, 4, 400))
    session = ReferenceEngine(dtype="float64").open(tokens)
    for architecture_id in space.architecture_ids[:12]:
        program = space.program(architecture_id, num_outputs=1)
        plan = lower(program, height=1, width=1)
        (theirs,) = session.outputs(program, [1e-3])
        ours = run_extended(plan, tokens, weight=1e-3)
        np.testing.assert_allclose(ours.astype(np.float64), theirs.values, rtol=1e-9)
