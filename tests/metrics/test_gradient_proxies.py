"""Metrics made of the loss's gradients: by hand on two layers, and the second derivative.

With S and T the softmax's shares of the wrong class for images 0 and 1, the gradients of the mean
cross-entropy are, for labels 0 and 1:

    convolution: 2S − T, −3T/2
    linear:      (−S + T/2, T/2), (S − T/2, −T/2)

With the labels exchanged the same holds with S − 1 for S and T − 1 for T.
"""

import math

import numpy as np
import pytest
import torch
from metrics.small_networks import WEIGHTS, S, T, chain, known

from epsilon_research.metrics.fisher import Fisher
from epsilon_research.metrics.grad_norm import GradNorm
from epsilon_research.metrics.grasp import Grasp
from epsilon_research.metrics.network_gradients import loss_gradients
from epsilon_research.metrics.network_metric import NetworkMetric, Subject, UndefinedScoreError
from epsilon_research.metrics.plain import Plain
from epsilon_research.metrics.snip import Snip
from epsilon_research.metrics.untrained_network import generator_of
from epsilon_research.metrics.zico import Zico
from epsilon_research.programs import ProgramBuilder
from epsilon_research.programs.operations import BatchNorm, Convolution, GlobalMean, Linear, ReLU

A = S - T / 2
"""Size of the gradient of the linear layer's first column."""


def test_grad_norm_adds_the_norms_of_the_layers() -> None:
    expected = math.hypot(2 * S - T, 1.5 * T) + math.sqrt(2) * math.hypot(A, T / 2)
    assert GradNorm().measure(known()) == pytest.approx(expected, rel=1e-6)


def test_snip_adds_absolute_products() -> None:
    expected = abs(2 * S - T) + 1.5 * T + (1 + 3) * A + (2 + 1) * T / 2
    assert Snip().measure(known()) == pytest.approx(expected, rel=1e-6)


def test_plain_adds_products_with_their_signs() -> None:
    expected = (2 * S - T) + 1.5 * T + (-1 + 3) * A + (2 + 1) * T / 2
    assert Plain().measure(known()) == pytest.approx(expected, rel=1e-6)


def test_fisher_counts_a_channel_once_for_each_entry_of_its_weight() -> None:
    convolution = (2 * S) ** 2 + T**2 + (1.5 * T) ** 2  # one entry in a channel's weight
    linear = S**2 + (1.5 * T) ** 2 + (3 * S) ** 2 + T**2  # two
    expected = (1 * convolution + 2 * linear) / 4
    assert Fisher().measure(known()) == pytest.approx(expected, rel=1e-6)


def test_zico_compares_the_gradients_of_two_batches() -> None:
    # Batch 0 with labels 0 and 1, batch 1 the same images with labels 1 and 0.
    subject = known((1, 3), (-2, 2), (1, 3), (-2, 2), labels=(0, 1, 1, 0))

    def gradients(s: float, t: float) -> list[list[float]]:
        return [[2 * s - t, -1.5 * t], [-s + t / 2, t / 2, s - t / 2, -t / 2]]

    first, second = gradients(S, T), gradients(S - 1, T - 1)
    expected = sum(
        math.log(sum((abs(a) + abs(b)) / abs(a - b) for a, b in zip(*layers, strict=True)))
        for layers in zip(first, second, strict=True)
    )
    assert Zico().measure(subject) == pytest.approx(expected, rel=1e-5)


def test_gradients_that_do_not_vary_have_no_zico() -> None:
    subject = known((1, 3), (-2, 2), (1, 3), (-2, 2), labels=(0, 1, 0, 1))
    with pytest.raises(UndefinedScoreError, match="constant_gradient"):
        Zico().measure(subject)


def loss(weights: np.ndarray) -> float:
    """The mean cross-entropy of the two-layer network, written out."""
    convolution, linear = weights[:2], weights[2:].reshape(2, 2)
    total = 0.0
    for image, label in (((1, 3), 0), ((-2, 2), 1)):
        features = np.array([np.maximum(w * np.array(image), 0).mean() for w in convolution])
        outputs = linear @ features
        total += np.log(np.exp(outputs).sum()) - outputs[label]
    return total / 2


def gradient(weights: np.ndarray, step: float = 1e-4) -> np.ndarray:
    unit = np.eye(len(weights)) * step
    return np.array([(loss(weights + e) - loss(weights - e)) / (2 * step) for e in unit])


def test_grasp_is_the_negative_product_with_the_hessian_times_the_gradient() -> None:
    weights = np.concatenate([np.ravel(layer) for layer in WEIGHTS])
    along = gradient(weights)
    step = 1e-3
    product = (gradient(weights + step * along) - gradient(weights - step * along)) / (2 * step)
    assert Grasp().measure(known()) == pytest.approx(-weights @ product, rel=1e-4)


@pytest.mark.parametrize("metric", [GradNorm(), Snip(), Plain(), Fisher(), Grasp()])
def test_a_layer_that_reaches_no_output_counts_as_zero(metric: NetworkMetric) -> None:
    builder = ProgramBuilder(input_channels=1)
    kept = builder.append(ReLU(), builder.append(Convolution(2, 1), builder.input))
    mean = builder.append(GlobalMean(), kept)
    builder.append(Convolution(3, 1), kept)
    builder.append(Linear(2, bias=False), mean)
    with_dead_end = known(
        program=builder.build(), weights=(WEIGHTS[0], ((5.0, 5.0),) * 3, WEIGHTS[1])
    )
    assert metric.measure(with_dead_end) == pytest.approx(metric.measure(known()), rel=1e-6)


def test_plain_cancels_before_a_batch_norm() -> None:
    # The loss does not change when a weight before a batch norm is scaled.
    layers = (Convolution(6, 1, bias=True), ReLU(), Convolution(2, 1), BatchNorm(eps=1e-12))
    program = chain(*layers, ReLU(), GlobalMean(), Linear(2))
    pixels = torch.randn(3, 1, 2, 2, generator=generator_of(0, "pixels"))
    subject = Subject(program, pixels, torch.tensor([0, 1, 1]), 3)
    weight, slope = loss_gradients(subject)[1]
    assert float((weight * slope).sum()) == pytest.approx(0, abs=1e-6)
    assert float((weight * slope).abs().sum()) > 1e-3
