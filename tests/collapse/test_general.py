"""The collapse of every operation against the PyTorch network in float64, on random programs."""

import numpy as np
import torch
from hypothesis import assume, given, settings

from epsilon_research.collapse import Workspace, lower
from epsilon_research.engines.reference import network_outputs
from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.constant_weights import set_constants
from epsilon_research.programs.operations import (
    Activation,
    Add,
    AveragePool,
    ChannelNorm,
    Convolution,
    Divide,
    GlobalMean,
    GroupNorm,
    Linear,
    Pad,
    Softmax,
)
from epsilon_research.programs.torch_reader import to_torch
from tests.network_programs import minibatches, programs
from tests.strategies import Noise, fits, weights


def torch_outputs(program: Program, images: np.ndarray, weight: float) -> np.ndarray:
    """All outputs of the network in float64, (batch, numbers)."""
    network = to_torch(program).double()
    set_constants(network, weight)
    outputs = network_outputs(network, torch.from_numpy(images).double())
    return outputs.reshape(len(images), -1)


def as_shown(values: np.ndarray) -> np.ndarray:
    """Outputs but for order, factor and constant: sorted in each sample, from 0 to 1."""
    ordered = np.sort(values, axis=1)
    return (ordered - ordered.min()) / np.ptp(ordered)


def was_compared(program: Program, noise: Noise, weight: float) -> bool:
    """Whether rounding leaves something to compare; if so, both agree."""
    images = noise.images
    plan = lower(program, height=noise.height, width=noise.width)
    theirs = torch_outputs(program, images, weight)
    if not np.isfinite(theirs).all():
        return False
    spread, largest = np.ptp(theirs, axis=0).max(), np.abs(theirs).max()
    if not plan.connected:
        # What adds up to zero leaves the rounding errors of its terms, which norms enlarge.
        assert spread <= 1e-9 * (largest + max(weight, 1) ** len(program.layers))
        return True
    # A network that normalises away all that it sees leaves rounding noise in either engine.
    if np.ptp(theirs) <= 1e-6 * largest:
        return False
    found = Workspace(images, dtype=np.float64).run(plan, weights=[weight])[0]
    if found.rounding >= 1e-9 or np.ptp(found.values) == 0:
        return False
    ours = found.values.reshape(len(images), -1)
    ours = np.repeat(ours, theirs.shape[1] // ours.shape[1], axis=1)
    np.testing.assert_allclose(as_shown(ours), as_shown(theirs), rtol=0, atol=1e-7)
    return True


@settings(max_examples=60, deadline=None)
@given(program=programs(), noise=minibatches(), weight=weights())
def test_outputs_of_random_programs_are_those_of_the_network(
    program: Program, noise: Noise, weight: float
) -> None:
    assume(fits(program, noise))
    assume(was_compared(program, noise, weight))


NOISE = Noise(seed=3, batch=20, height=7, width=8, mean=-2.0)


def test_a_map_of_one_pixel_and_its_own_mean_count_twice() -> None:
    builder = ProgramBuilder(input_channels=3)
    pixel = builder.append(Convolution(2, 7, 7), builder.input)
    mean = builder.append(GlobalMean(), pixel)
    gate = builder.append(Activation("sigmoid"), pixel)
    builder.append(Add(), pixel, mean, gate)
    assert was_compared(builder.build(), NOISE, 0.02)


def test_the_far_tail_of_a_sigmoid_is_kept() -> None:
    builder = ProgramBuilder(input_channels=3)
    sums = builder.append(Convolution(2, 3, padding=1), builder.input)
    gate = builder.append(Activation("sigmoid"), sums)
    builder.append(GlobalMean(), builder.append(Divide(), sums, gate))
    assert was_compared(builder.build(), NOISE, 0.1)


def test_a_log_softmax_of_distant_numbers_does_not_overflow() -> None:
    builder = ProgramBuilder(input_channels=3)
    builder.append(GlobalMean(), builder.append(Softmax(log=True), builder.input))
    images = NOISE._replace(mean=0.0).images * 1000
    plan = lower(builder.build(), height=7, width=8)
    (found,) = Workspace(images, dtype=np.float64).run(plan, weights=[1.0])
    theirs = torch_outputs(builder.build(), images, 1.0)
    np.testing.assert_allclose(as_shown(found.values.reshape(20, -1)), as_shown(theirs), atol=1e-12)


def test_what_a_norm_makes_zero_has_no_score() -> None:
    for norm in (ChannelNorm(), GroupNorm(4)):
        builder = ProgramBuilder(input_channels=3)
        maps = builder.append(Convolution(4, 3, padding=1), builder.input)
        builder.append(Linear(2), builder.append(GlobalMean(), builder.append(norm, maps)))
        assert not lower(builder.build(), height=7, width=8).connected


def test_what_a_norm_has_centred_adds_up_to_nothing() -> None:
    for norm in (ChannelNorm(), GroupNorm(1), GroupNorm(3)):
        builder = ProgramBuilder(input_channels=3)
        maps = builder.append(Convolution(6, 3, padding=1, groups=3), builder.input)
        builder.append(Linear(2), builder.append(GlobalMean(), builder.append(norm, maps)))
        assert not lower(builder.build(), height=7, width=8).connected


def test_what_is_linear_keeps_a_channel_norm_centred() -> None:
    for layer in (AveragePool(2, stride=1), Convolution(6, 3, groups=6), Pad(left=-1, top=1)):
        builder = ProgramBuilder(input_channels=3)
        maps = builder.append(Convolution(6, 3, padding=1, groups=3), builder.input)
        behind = builder.append(layer, builder.append(ChannelNorm(), maps))
        builder.append(Linear(2), builder.append(GlobalMean(), behind))
        assert not lower(builder.build(), height=7, width=8).connected
        # What a sample's norm has centred over all pixels need not be so over some of them.
        behind = builder.append(layer, builder.append(GroupNorm(1), maps))
        builder.append(Linear(2), builder.append(GlobalMean(), behind))
        assert lower(builder.build(), height=7, width=8).connected


def test_signals_far_below_float64_keep_their_outputs() -> None:
    builder = ProgramBuilder(input_channels=3)
    place = builder.append(Convolution(8, 3, padding=1), builder.input)
    for _ in range(60):
        place = builder.append(Convolution(8, 1), builder.append(Activation("gelu"), place))
    builder.append(Linear(1), builder.append(GlobalMean(), place))
    images = NOISE.images
    plan = lower(builder.build(), height=7, width=8)
    low, lower_still = Workspace(images, dtype=np.float64).run(plan, weights=[1e-12, 1e-14])
    # So far down GELU is half its input: the network is linear whatever the weight.
    np.testing.assert_allclose(
        as_shown(low.values[:, None]), as_shown(lower_still.values[:, None]), atol=1e-9
    )
