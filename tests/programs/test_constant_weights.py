"""Which parameters become the constant, and copies that leave the network alone."""

import warnings
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from epsilon_research.programs.constant_weights import (
    ALL,
    BIAS,
    KEPT,
    WEIGHT,
    evaluation_copy,
    role_of,
    roles,
    set_constants,
)
from epsilon_research.programs.network_output import NetworkError

IMAGES = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def ones(tensor: torch.Tensor, role: str) -> torch.Tensor:
    """Weights of 1, biases of 0, all else as it is."""
    if role == KEPT:
        return tensor.detach().clone()
    return nn.Parameter(torch.full_like(tensor, float(role == WEIGHT)))


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("layer1.0.conv1.weight", WEIGHT),
        ("layer1.0.conv1.bias", BIAS),
        ("attn.in_proj_weight", WEIGHT),
        ("attn.in_proj_bias", BIAS),
        ("attn.q_bias", BIAS),
        ("attn.relative_position_bias_table", BIAS),
        ("lstm.weight_ih_l0", WEIGHT),
        ("weights.gamma", KEPT),  # only its own name counts
        ("gain", KEPT),
    ],
)
def test_the_role_of_a_name(name: str, role: str) -> None:
    assert role_of(name) == role
    assert role_of(name, parameters=ALL) == WEIGHT


def test_a_tied_parameter_follows_the_name_that_the_rule_knows() -> None:
    network = nn.Module()
    network.table = nn.Parameter(torch.randn(3))
    network.head = nn.Module()
    network.head.weight = network.table
    assert roles(network) == {network.table: WEIGHT}
    set_constants(network, 0.5)
    assert network.table.tolist() == [0.5] * 3


def old_weight_norm(layer: nn.Module) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.utils.weight_norm(layer)


@pytest.mark.parametrize(
    "norm",
    [
        old_weight_norm,
        nn.utils.spectral_norm,
        parametrizations.weight_norm,
        parametrizations.spectral_norm,
        parametrizations.orthogonal,
    ],
)
def test_the_effective_weight_of_a_parametrised_layer_becomes_the_constant(
    norm: Callable[[nn.Module], nn.Module],
) -> None:
    layer = norm(nn.Conv2d(3, 5, 3))
    layer(IMAGES)  # leaves computed tensors behind
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    copied = evaluation_copy(layer, ones)
    assert dict(copied.named_parameters()).keys() == {"weight", "bias"}
    assert torch.equal(
        copied(IMAGES)[:, 0], nn.functional.conv2d(IMAGES, torch.ones(1, 3, 3, 3))[:, 0]
    )
    for name, value in layer.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert nn.utils.parametrize.is_parametrized(layer) == (norm not in (
        old_weight_norm, nn.utils.spectral_norm,
    ))  # fmt: skip
    layer(IMAGES)


def test_a_copy_normalises_by_the_minibatch_in_evaluation_mode() -> None:
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout(0.5), nn.BatchNorm2d(3, affine=False))
    copied = evaluation_copy(network, ones)
    outputs = copied(10 + 3 * IMAGES).detach()
    assert float(outputs.mean().abs()) < 1e-5
    assert float(outputs.std()) == pytest.approx(1, abs=0.01)
    assert not any(module.training for module in copied.modules())
    assert all(module.training for module in network.modules())
    assert network[0].running_mean.tolist() == [0] * 3
    assert network[0].track_running_stats


class Lambdas(nn.Module):
    """Functions and hooks that remember the modules they were made with."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 1, 1)
        self.other = nn.Conv2d(1, 1, 1)
        self.function = lambda x: self.layer(x)
        self.functions = [lambda x, layer=self.other: layer(x)]
        other = self.other
        self.layer.register_forward_hook(lambda _module, _inputs, output: other(output))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.functions[0](self.function(x))


def test_functions_and_hooks_of_a_copy_run_the_copy() -> None:
    network = Lambdas()
    before = network(IMAGES)
    outputs = evaluation_copy(network, ones)(IMAGES)
    assert torch.allclose(outputs, IMAGES.sum(dim=1, keepdim=True))
    assert torch.equal(network(IMAGES), before)


class Loose(nn.Module):
    """Tensors and modules that the module has not registered."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels = {"blur": torch.ones(1, 3, 2, 2)}
        self.hidden = [nn.Conv2d(3, 1, 1)]
        self.register_buffer("scale", torch.tensor(2.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.conv2d(x, self.kernels["blur"]).sum() + self.hidden[0](x) * self.scale


def test_every_tensor_of_a_copy_is_made() -> None:
    network = Loose()
    seen = []

    def doubled(tensor: torch.Tensor, role: str) -> torch.Tensor:
        seen.append(role)
        return tensor.detach().double()

    copied = evaluation_copy(network, doubled)
    assert copied(IMAGES.double()).dtype == torch.float64
    assert seen == [KEPT] * 4
    assert torch.allclose(copied(IMAGES.double()).float(), network(IMAGES), atol=1e-4)


def test_a_copy_takes_no_memory_of_its_own() -> None:
    network = nn.Linear(1000, 1000)
    copied = evaluation_copy(network, lambda tensor, role: nn.Parameter(tensor.to("meta")))
    assert all(parameter.is_meta for parameter in copied.parameters())


def test_parameters_without_shapes_are_refused() -> None:
    with pytest.raises(NetworkError, match="lazy parameter weight: run the network once"):
        evaluation_copy(nn.LazyConv2d(3, 1), ones)


@pytest.mark.filterwarnings("ignore:`torch.jit.trace")
def test_a_scripted_network_is_refused() -> None:
    network = torch.jit.trace(nn.ReLU(), IMAGES)
    with pytest.raises(NetworkError, match=r"scripted .*: pass the module that it was made of"):
        evaluation_copy(network, ones)


def test_attributes_that_cannot_be_copied_are_refused() -> None:
    network = nn.ReLU()
    network.rows = (row for row in range(3))
    with pytest.raises(NetworkError, match=r"copy\.deepcopy can copy, got ReLU"):
        evaluation_copy(network, ones)
