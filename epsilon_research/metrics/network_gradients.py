"""Gradients of an untrained network, which several metrics share."""

from typing import TYPE_CHECKING, NamedTuple

from epsilon_research.metrics.network_metric import Subject, check_finite
from epsilon_research.metrics.untrained_network import weighted_layers

if TYPE_CHECKING:
    import torch

    from epsilon_research.programs.torch_reader import Network


class WeightGradient(NamedTuple):
    """The weight of a convolution or linear layer, and its gradient of the same shape."""

    weight: "torch.Tensor"
    gradient: "torch.Tensor"


def loss_of(
    network: "Network", images: "torch.Tensor", labels: "torch.Tensor | None"
) -> "torch.Tensor":
    """Mean cross-entropy of the minibatch, a scalar.

    Raises:
        UndefinedScoreError: The loss is not finite.
    """
    import torch

    assert labels is not None
    loss = torch.nn.functional.cross_entropy(network(images).flatten(1), labels)
    check_finite(loss)
    return loss


def weight_gradients(
    loss: "torch.Tensor", network: "Network", *, differentiable: bool = False
) -> list[WeightGradient]:
    """The gradient of `loss` with respect to each weight, zero where it has no influence.

    Args:
        loss: A scalar.
        network: The network of the weights; biases and batch norms are left out.
        differentiable: Whether the gradients can be differentiated.
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
    """Weights and gradients of the cross-entropy of a network with PyTorch's initialisation."""
    network = subject.build()
    return weight_gradients(loss_of(network, subject.images, subject.labels), network)


def input_gradients(subject: Subject) -> "torch.Tensor":
    """The gradient of the sum of all outputs with respect to each image, float64 (batch, values).

    With batch norm by the minibatch, an image also influences the outputs of others; the published
    scores include this.

    Raises:
        UndefinedScoreError: An output is not finite.
    """
    import torch

    images = subject.images.clone().requires_grad_()
    outputs = subject.build()(images)
    check_finite(outputs)
    (gradient,) = torch.autograd.grad(outputs.sum(), images)
    return gradient.flatten(1).double()
