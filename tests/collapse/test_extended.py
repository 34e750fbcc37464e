"""The collapse in 80-bit arithmetic against the PyTorch network in float64, on random programs."""

import numpy as np
import pytest
from hypothesis import assume, given, settings

from epsilon_research.collapse import Workspace, lower, run_extended
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.programs import Program
from epsilon_research.spaces.nbnlp import NasBenchNlp
from tests.collapse.test_against_torch import torch_outputs
from tests.collapse.test_general import as_shown
from tests.collapse.test_general import torch_outputs as all_outputs
from tests.network_programs import minibatches as minibatches_of_one_size
from tests.network_programs import programs as programs_of_every_operation
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


@settings(max_examples=30, deadline=None)
@given(program=programs_of_every_operation(), noise=minibatches_of_one_size(), weight=weights())
def test_outputs_of_every_operation_are_those_of_the_network(
    program: Program, noise: Noise, weight: float
) -> None:
    assume(fits(program, noise))
    plan = lower(program, height=noise.height, width=noise.width)
    assume(plan.connected)
    theirs = all_outputs(program, noise.images, weight)
    assume(np.isfinite(theirs).all() and np.ptp(theirs) > 1e-6 * np.abs(theirs).max())
    # A network that normalises away all that it sees leaves float64 nothing but noise.
    found = Workspace(noise.images, dtype=np.float64).run(plan, weights=[weight])[0]
    assume(found.rounding < 1e-9 and np.ptp(found.values) > 0)
    ours = run_extended(plan, noise.images, weight=weight).reshape(noise.batch, -1)
    ours = np.repeat(ours, theirs.shape[1] // ours.shape[1], axis=1)
    np.testing.assert_allclose(
        as_shown(ours).astype(np.float64), as_shown(theirs), rtol=0, atol=1e-8
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
