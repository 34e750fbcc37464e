"""Gradients of an untrained network, as several metrics need them."""

from typing import TYPE_CHECKING, NamedTuple

from epsilon_research.metrics.network_metric import Subject, check_finite
from epsilon_research.metrics.untrained_network import weighted_layers

if TYPE_CHECKING:
    import torch

    from epsilon_research.programs.torch_reader import Network


class WeightGradient(NamedTuple):
    """The weight of a convolution or linear layer, and a gradient of the same shape."""

    weight: "torch.Tensor"
    gradient: "torch.Tensor"


def loss_of(
    network: "Network", images: "torch.Tensor", labels: "torch.Tensor | None"
) -> "torch.Tensor":
    """The mean cross-entropy of the minibatch.

    Raises:
        UndefinedScoreError: It is not finite.
    """
    import torch

    assert labels is not None
    loss = torch.nn.functional.cross_entropy(network(images).flatten(1), labels)
    check_finite(loss)
    return loss


def weight_gradients(
    loss: "torch.Tensor", network: "Network", *, differentiable: bool = False
) -> list[WeightGradient]:
    """The gradient of `loss` for each weight, zero where it has no influence.

    Args:
        loss: One number.
        network: Whose weights; biases and batch norms are left out.
        differentiable: Whether the gradients will be differentiated.
    """
    import torch

    weights = [layer.get_parameter("weight") for layer in weighted_layers(network)]
    gradients = torch.autograd.grad(
        loss, weights, create_graph=differentiable, materialize_grads=True
    )
    return [
        WeightGradient(weight.detach(), gradient)
        for weight, gradient in zip(weights, gradients, strict=True)
    ]


def loss_gradients(subject: Subject) -> list[WeightGradient]:
    """Weights and gradients of the cross-entropy of a network as PyTorch initialises it."""
    network = subject.build()
    return weight_gradients(loss_of(network, subject.images, subject.labels), network)


def input_gradients(subject: Subject) -> "torch.Tensor":
    """The gradient of the sum of all outputs for each image, float64 (batch, pixels).

    With batch norm by the minibatch an image's pixels have influence on other images' outputs too;
    the published scores include it.

    Raises:
        UndefinedScoreError: An output is not finite.
    """
    import torch

    images = subject.images.clone().requires_grad_()
    outputs = subject.build()(images)
    check_finite(outputs)
    (gradient,) = torch.autograd.grad(outputs.sum(), images)
    return gradient.flatten(1).double()
