"""A user's network gets the score that it has in plain float64, whatever it does."""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from epsilon_research import NetworkScore, score_network
from epsilon_research.network_score import scoring
from epsilon_research.programs import Program
from tests.network_score.networks import (
    MIDDLES,
    WEIGHTS,
    Heads,
    Shortcut,
    Written,
    small,
    truth,
)


@pytest.mark.parametrize("name", MIDDLES)
def test_a_network_gets_its_own_score(name: str, images: torch.Tensor) -> None:
    network = Written(MIDDLES[name])
    expected = truth(network, images, WEIGHTS)
    found = score_network(network, images, weights=WEIGHTS)
    assert found.value == pytest.approx(expected, rel=1e-4, abs=1e-9)
    assert (found.note is None) == (found.engine == "collapsed")
    assert found.reason is None


def test_a_parametrised_weight_counts_as_it_is_used(images: torch.Tensor) -> None:
    plain = Written(MIDDLES["a gate"])
    normed = copy.deepcopy(plain)
    nn.utils.parametrizations.weight_norm(normed.b)
    nn.utils.parametrizations.spectral_norm(normed.a[0])
    expected = truth(plain, images, WEIGHTS)
    assert score_network(normed, images, weights=WEIGHTS).value == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_a_plain_chain_is_a_tie(engine: str, images: torch.Tensor) -> None:
    network = small(nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU())
    found = score_network(network, images, engine=engine)
    assert (found.value, found.reason) == (0.0, None)
    assert 0 <= found.resolution < 1e-5


@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_outputs_that_saturate_are_left_out_as_in_the_plain_network(engine: str) -> None:
    images = torch.rand(200, 3, 16, 16, generator=torch.Generator().manual_seed(5)) - 0.3
    floor = nn.Hardtanh(0.1, 1e9)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), floor, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    found = score_network(network, images, weights=WEIGHTS, engine=engine)
    assert 10 < found.values_kept[0] < 50
    assert found.value == pytest.approx(truth(network, images, WEIGHTS), rel=1e-4) != 0


def test_rounding_noise_is_no_score(images: torch.Tensor) -> None:
    # Every map has mean 0, and so has every output.
    found = score_network(small(nn.InstanceNorm2d(8, affine=True)), images, engine="reference")
    assert math.isnan(found.value)
    assert found.reason == "constant_output"
    assert "rounding errors alone" in str(found.note)
    assert not found.float32_defined


def test_overflow_in_one_weight_has_a_reason(images: torch.Tensor) -> None:
    layers = [nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.GELU()) for _ in range(10)]
    found = score_network(small(*layers), images, weights=(1e-7, 1e60), engine="reference")
    assert math.isnan(found.value)
    assert found.reason == "overflow"
    assert found.values_kept[1] == 0
    assert not found.float32_defined


def test_small_outputs_have_a_score_in_float64(images: torch.Tensor) -> None:
    layers = [nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.GELU()) for _ in range(12)]
    network = small(*layers)
    expected = truth(network, images, (1e-7, 1))
    found = score_network(network, images, engine="reference")
    assert found.value == pytest.approx(expected, rel=1e-6)
    assert not found.float32_defined


@pytest.mark.parametrize(
    ("arrange", "output"),
    [
        (lambda squares, logits, maps: (squares, logits), None),
        (lambda squares, logits, maps: (logits, maps), None),
        (lambda squares, logits, maps: {"out": logits, "aux": squares}, "out"),
        (lambda squares, logits, maps: [logits, squares], 0),
        (lambda squares, logits, maps: logits, None),
    ],
)
def test_one_of_several_outputs_is_scored(
    arrange: Callable[..., Any], output: int | str | None, images: torch.Tensor
) -> None:
    network = Heads(arrange)
    expected = truth(Heads(lambda squares, logits, maps: logits), images, WEIGHTS)
    assert expected > 1e-3
    found = score_network(network, images, weights=WEIGHTS, output=output)
    assert found.value == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.double(),
        lambda x: x.numpy(),
        lambda x: x.numpy()[:, :, ::-1, ::-1][:, :, ::-1, ::-1],
        lambda x: x.clone().requires_grad_(),
        lambda x: x.to(memory_format=torch.channels_last),
    ],
)
def test_images_of_every_kind_give_one_score(
    convert: Callable[[torch.Tensor], Any], engine: str, images: torch.Tensor
) -> None:
    network = Written(MIDDLES["a branch on training"])
    expected = score_network(network, images, weights=WEIGHTS, engine=engine).value
    found = score_network(network, convert(images), weights=WEIGHTS, engine=engine)
    assert found.value == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.bfloat16, torch.float16, torch.int64])
def test_coarse_types_are_the_numbers_that_they_hold(dtype: torch.dtype) -> None:
    images = torch.randint(0, 100, (16, 3, 16, 16), generator=torch.Generator().manual_seed(0))
    network = Written(MIDDLES["a branch on training"])
    expected = truth(network, images.float(), WEIGHTS)
    for engine in ("auto", "reference"):
        found = score_network(network, images.to(dtype), weights=WEIGHTS, engine=engine)
        assert found.value == pytest.approx(expected, rel=1e-4)


def test_a_network_of_half_precision_is_scored_in_double(images: torch.Tensor) -> None:
    network = Written(MIDDLES["a gate"])
    expected = truth(network, images, WEIGHTS)
    network.stem = network.stem.bfloat16()
    assert score_network(network.half(), images, weights=WEIGHTS).value == pytest.approx(
        expected, rel=1e-4
    )


class Insists(nn.Module):
    """A network whose own code works in float32."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 1, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.softplus(self.layer(x.float())).mean((2, 3))
        return x if float(x.sum()) > 0 else -x


def test_a_network_that_insists_on_float32_runs_in_it(images: torch.Tensor) -> None:
    found = score_network(Insists(), images, weights=WEIGHTS)
    assert "runs in torch.float32 only" in str(found.note)
    assert found.value > 0
    assert found.resolution > 1e-8


def test_nothing_of_the_network_or_of_pytorch_s_state_changes(images: torch.Tensor) -> None:
    class Noisy(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + 0 * torch.rand_like(x) if float(x.sum()) != 0 else x

    network = Heads(lambda squares, logits, maps: logits)
    network.body.append(Noisy())
    calls: list[int] = []
    network.first.register_forward_hook(lambda module, inputs, output: calls.append(1))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    hooks, random = dict(network.first._forward_hooks), torch.get_rng_state()
    for engine in ("auto", "reference"):
        score_network(network, images, engine=engine, weights=WEIGHTS)
    assert network.training
    assert network.first._forward_hooks == hooks
    assert torch.equal(torch.get_rng_state(), random)
    assert torch.get_default_dtype() == torch.float32
    assert all(parameter.grad is None for parameter in network.parameters())
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name


def other_program(*_arguments: Any, **_settings: Any) -> Program:
    """The program of another network than was asked for."""
    from epsilon_research.programs.tracing import from_torch

    return from_torch(
        small(nn.BatchNorm2d(8), nn.ReLU(), Shortcut()), channels=3, height=16, width=16
    )


def test_a_program_that_is_not_the_network_s_is_noticed(
    images: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = small(nn.BatchNorm2d(8), Shortcut())
    expected = truth(network, images, WEIGHTS)
    monkeypatch.setattr(scoring, "from_torch", other_program)
    unchecked = score_network(network, images, weights=WEIGHTS, self_check=False)
    assert unchecked.engine == "collapsed"
    assert unchecked.value != pytest.approx(expected, rel=1e-2)
    with pytest.raises(ValueError, match="does not agree with the network on two images"):
        score_network(network, images, weights=WEIGHTS, engine="collapsed")
    found = score_network(network, images, weights=WEIGHTS)
    assert found.engine == "reference"
    assert found.value == pytest.approx(expected, rel=1e-9)
    assert "does not agree" in str(found.note)


def test_a_network_is_compared_once_until_it_changes(
    images: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from epsilon_research.network_score import self_check

    runs: list[int] = []
    plain = self_check.plain_outputs

    def counted(*arguments: Any, **settings: Any) -> np.ndarray:
        runs.append(len(arguments[1]))
        return plain(*arguments, **settings)

    monkeypatch.setattr(self_check, "plain_outputs", counted)
    network = small(nn.BatchNorm2d(8), nn.ReLU(), Shortcut())
    for _ in range(3):
        score_network(network, images)
    assert runs == [2]
    score_network(network, images, weights=WEIGHTS)
    assert runs == [2]
    network.insert(1, nn.ReLU())
    score_network(network, images)
    assert runs == [2, 2]
    score_network(network, images, self_check=False)
    assert runs == [2, 2]


def test_all_parameters_can_be_set(images: torch.Tensor) -> None:
    network = Written(MIDDLES["a constant and a gain"])
    expected = truth(network, images, WEIGHTS, every_parameter=True)
    found = score_network(network, images, weights=WEIGHTS, parameters="all")
    assert found.value == pytest.approx(expected, rel=1e-4)
    assert found.value != pytest.approx(
        score_network(network, images, weights=WEIGHTS).value, rel=1e-2
    )


def test_a_score_is_a_record() -> None:
    fields = {"value", "resolution", "engine", "reason", "note", "float32_defined", "values_kept"}
    assert {name for kind in NetworkScore.__mro__ for name in getattr(kind, "__annotations__", {})
            if name != "FEW"} == fields  # fmt: skip
