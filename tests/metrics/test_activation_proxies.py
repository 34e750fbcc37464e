"""Metrics made of a forward pass: by hand on two layers."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from metrics.small_networks import chain, known

from epsilon_research.metrics.meco import Meco
from epsilon_research.metrics.naswot import Naswot
from epsilon_research.metrics.network_metric import NetworkMetric, Subject, UndefinedScoreError
from epsilon_research.metrics.swap import Swap, distinct
from epsilon_research.metrics.untrained_network import gaussian_initialisation, generator_of
from epsilon_research.metrics.zen import Zen
from epsilon_research.programs.operations import BatchNorm, Convolution, GlobalMean, Linear, ReLU


def test_naswot_is_the_determinant_of_common_activations() -> None:
    # On for image 0: 1 1 0 0, for image 1: 0 1 1 0. Two of four agree: ((4, 2), (2, 4)).
    assert Naswot().measure(known()) == pytest.approx(math.log(12))


def test_naswot_counts_every_relu_layer() -> None:
    program = chain(Convolution(2, 1), ReLU(), ReLU(), GlobalMean(), Linear(2, bias=False))
    assert Naswot().measure(known(program=program)) == pytest.approx(math.log(64 - 16))


def test_images_with_the_same_activations_have_no_naswot() -> None:
    with pytest.raises(UndefinedScoreError, match="singular_kernel"):
        Naswot().measure(known((1, 3), (2, 5)))


def test_swap_counts_the_different_patterns_over_images() -> None:
    # The units' patterns over the two images: 10, 11, 01, 00. Each draw has the known weights.
    assert Swap().measure(known()) == 4
    assert Swap().measure(known((1, 3), (2, 5))) == 2


def test_swap_is_the_mean_over_gaussian_draws() -> None:
    program = chain(Convolution(3, 3), ReLU(), GlobalMean(), Linear(2))
    images = torch.randn(3, 1, 4, 4, generator=generator_of(0, "images"))
    subject = Subject(program, images, None, 4)
    counts = []
    for seed in range(4, 36):
        network = subject._replace(seed=seed).build(gaussian_initialisation)
        maps = network.layers[1](images).detach()
        units = (maps > 0).flatten(1).T.tolist()
        counts.append(len({tuple(unit) for unit in units}))
    assert len(set(counts)) > 1
    assert Swap().measure(subject) == pytest.approx(np.mean(counts))


@given(npst.arrays(np.uint8, npst.array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_distinct_rows_are_those_of_a_set(rows: np.ndarray) -> None:
    found = distinct(rows)
    assert len(found) == len({row.tobytes() for row in rows})
    assert {row.tobytes() for row in found} == {row.tobytes() for row in rows}


def test_patterns_of_more_than_64_images_are_told_apart() -> None:
    # Image 70 alone tells the two units of image-dependent sign apart.
    rows = [(1.0, 1.0)] * 70 + [(1.0, -1.0)] + [(1.0, 1.0)] * 9
    assert Swap().measure(known(*rows, labels=[0] * 80)) == 4


def test_meco_is_the_least_eigenvalue_of_channel_correlations() -> None:
    # One image of four pixels; the convolution's channels x and −x add nothing, the ReLU's have
    # the correlation r, eigenvalues 1 + r and 1 − r, and what is one pixel has no correlations.
    image = (1.0, -2.0, 3.0, -1.0)
    r = np.corrcoef(np.maximum(image, 0), np.maximum(np.negative(image), 0))[0, 1]
    found = Meco(inputs="minibatch").measure(known(image, (0.0, 0.0, 0.0, 0.0)))
    assert found == pytest.approx(1 - abs(r), rel=1e-6)


def test_a_constant_channel_has_no_correlation_in_meco() -> None:
    # All pixels positive: the second channel of the ReLU is constantly 0.
    found = Meco(inputs="minibatch").measure(known((1.0, 2.0, 4.0), (0.0, 0.0, 0.0)))
    assert found == pytest.approx(0, abs=1e-7)


def test_zen_is_how_far_the_features_move() -> None:
    # Channels x and −x after a ReLU move by |x − x'| together, whatever the signs.
    subject = known()
    _, shift = torch.randn(2, 2, 1, 1, 2, generator=subject.generator("noise"))
    expected = math.log(0.01 * float(shift.abs().sum()) / 2)
    assert Zen().measure(subject) == pytest.approx(expected, rel=1e-4)


NORMED = chain(Convolution(2, 1), BatchNorm(eps=1e-12), ReLU(), GlobalMean(), Linear(2, bias=False))


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("momentum", [0.1, 1.0])
def test_zen_puts_back_the_running_scale_that_batch_norm_takes_away(
    momentum: float, repeats: int
) -> None:
    # Channels x and −x have one variance, which the running one of PyTorch approaches in two
    # steps for each repeat.
    subject = known(program=NORMED)
    norm = torch.nn.BatchNorm2d(1, eps=1e-12, momentum=momentum, affine=False)
    scores = []
    for seed in range(repeats):
        noise, shift = subject._replace(seed=seed).noise(2, 2, 1, 1, 2)
        moved = float((norm(noise) - norm(noise + 0.01 * shift)).abs().sum()) / 2
        assert norm.running_var is not None
        scores.append(math.log(moved) + math.log(float(norm.running_var)) / 2)
    found = Zen(repeats=repeats, momentum=momentum).measure(subject)
    assert found == pytest.approx(np.mean(scores), rel=1e-4)


def test_zen_draws_parameters_and_noise_for_each_repeat() -> None:
    # Without batch norm nothing is left of the repeats before.
    program = chain(Convolution(2, 1), ReLU(), GlobalMean(), Linear(2))
    subject = Subject(program, known().images, None, 4)
    single = [Zen().measure(subject._replace(seed=seed)) for seed in (4, 5, 6)]
    assert len(set(single)) == 3
    assert Zen(repeats=3).measure(subject) == pytest.approx(np.mean(single))


def test_meco_sees_one_noise_image_of_64_pixels_a_side() -> None:
    # The channels x and −x are dependent, the ReLU's have the correlation r.
    subject = known()
    noise = subject.noise(1, 1, 64, 64).flatten().numpy()
    r = np.corrcoef(np.maximum(noise, 0), np.maximum(-noise, 0))[0, 1]
    assert Meco().measure(subject) == pytest.approx(1 - abs(r), rel=1e-5)


def test_a_batch_without_activations_has_no_swap() -> None:
    program = chain(Convolution(2, 1), GlobalMean(), Linear(2, bias=False))
    with pytest.raises(UndefinedScoreError, match="no_activation"):
        Swap().measure(known(program=program))


@pytest.mark.parametrize("metric", [Naswot(), Swap(), Meco(inputs="minibatch")])
def test_values_that_are_not_finite_have_no_score(metric: NetworkMetric) -> None:
    with pytest.raises(UndefinedScoreError, match="overflow"):
        metric.measure(known((3e38, 3e38, 3e38), (1.0, -1.0, 0.0)))


@given(
    st.lists(st.lists(st.sampled_from([-1.0, 1.0]), min_size=3, max_size=3), min_size=2, max_size=5)
)
def test_naswot_is_the_kernel_counted_one_by_one(rows: list[list[float]]) -> None:
    on = [[x > 0 for x in row] + [x < 0 for x in row] for row in rows]
    kernel = np.array(
        [sum(a == b for a, b in zip(*pair, strict=True)) for pair in itertools.product(on, on)]
    ).reshape(len(rows), len(rows))
    subject = known(*rows, labels=[0] * len(rows))
    if len({tuple(row) for row in rows}) < len(rows) or abs(np.linalg.det(kernel)) < 1e-6:
        return
    assert Naswot().measure(subject) == pytest.approx(np.log(abs(np.linalg.det(kernel))), abs=1e-6)
