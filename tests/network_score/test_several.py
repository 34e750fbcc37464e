"""Scores of one's own network by several metrics."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from epsilon_research import catalogue
from epsilon_research.data import Minibatch
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.metrics import Candidate, Epsilon, scorer_of
from epsilon_research.metrics.naswot import Naswot
from epsilon_research.network_score import NetworkScore, score_network
from epsilon_research.programs import Program, count_parameters
from epsilon_research.programs.torch_reader import to_torch
from epsilon_research.spaces.toy import Toy

BY_ID = ("column", "hardware")
WITHOUT_SETTINGS = [name for name in catalogue.option_names("metric") if name not in BY_ID]
CELL = "conv3x3-skip-conv1x1"


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randn(16, 3, 12, 12, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def program() -> Program:
    found = Toy().program(CELL, num_outputs=10)
    assert isinstance(found, Program)
    return found


def test_every_metric_has_the_score_that_it_has_in_a_search_space(
    images: torch.Tensor, program: Program
) -> None:
    found = score_network(to_torch(program), images, metrics=WITHOUT_SETTINGS)

    candidate = Candidate(
        build=lambda _: program,
        num_classes=10,
        num_parameters=count_parameters(program),
        connected=True,
    )
    minibatch = Minibatch(inputs=images.numpy(), kind="images", dataset="given")
    assert list(found) == WITHOUT_SETTINGS
    for name, score in found.items():
        engine = CollapsedEngine(dtype="float64")
        options = catalogue.build_option("metric", name, weights=[1e-7, 1.0], engine=engine)
        expected = scorer_of(options[name], minibatch)(candidate)
        assert score.reason is None, name
        # A sum of one term, which tracing does not see, is a layer for this metric.
        if name != "meco":
            assert score.value == pytest.approx(expected.value, rel=1e-6), name
    assert isinstance(found["epsilon"], NetworkScore)
    assert "pseudo-labels" in str(found["snip"].note)
    assert found["naswot"].note is None


def test_counts_are_those_of_the_network_itself(images: torch.Tensor) -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(800, 4))
    network.get_parameter("0.weight").requires_grad = False
    found = score_network(network, images, metrics=["num_parameters", "flops"])
    assert found["num_parameters"].value == 8 + 800 * 4 + 4
    assert found["flops"].value == 8 * 27 * 100 + 800 * 4


class Attention(nn.Module):
    """No program describes it: the tokens attend to each other."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 8, 4, stride=4)
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.embed(x).flatten(2).mT
        return self.head(self.attend(tokens, tokens, tokens, need_weights=False)[0].mean(1))


def test_a_network_without_a_program_has_counts_and_reasons(images: torch.Tensor) -> None:
    network = Attention()
    found = score_network(
        network, images, metrics=["epsilon", "num_parameters", "flops", "naswot", "zico"]
    )
    assert found["num_parameters"].value == sum(p.numel() for p in network.parameters())
    tokens = 9
    products = 2 * tokens * tokens * 8  # of queries with keys, and of shares with values
    expected = 8 * 48 * tokens + 4 * 8 * 8 * tokens + products + 8 * 2
    assert found["flops"].value == expected
    assert "the network itself" in str(found["flops"].note)
    assert isinstance(found["epsilon"], NetworkScore)
    assert found["epsilon"].engine == "reference"
    for name in ("naswot", "zico"):
        assert math.isnan(found[name].value)
        assert "attention" in str(found[name].reason).lower()


class Raises(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise KeyError("no such block")


def test_a_network_that_raises_has_reasons_instead_of_an_exception(images: torch.Tensor) -> None:
    found = score_network(Raises(), images, metrics=["epsilon", "flops", "naswot", "l2_norm"])
    for name, score in found.items():
        assert math.isnan(score.value), name
        assert "no such block" in str(score.reason), name


def every_kind_of_layer() -> nn.Module:
    """Layers with parameters of other kinds than the benchmarks have."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.PReLU(),
        nn.Upsample(scale_factor=2, mode="bilinear"), nn.ConvTranspose2d(8, 8, 2, stride=2),
        nn.InstanceNorm2d(8, affine=True), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 5),
    )  # fmt: skip


def test_no_score_depends_on_memory_that_nobody_has_set(images: torch.Tensor) -> None:
    names = ["naswot", "synflow", "zen", "grad_norm", "l2_norm"]
    first = score_network(every_kind_of_layer(), images, metrics=names)
    torch.full((200_000,), math.nan)  # what freed memory may hold
    assert first == score_network(every_kind_of_layer(), images, metrics=names)
    assert all(score.reason is None for score in first.values()), first


def test_nothing_of_pytorch_changes(images: torch.Tensor, program: Program) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    state = torch.get_rng_state()
    score_network(to_torch(program), images, metrics=["naswot", "snip"])
    assert torch.get_num_threads() == 2
    score_network(network := to_torch(program).eval(), images, metrics=["naswot", "grasp"])
    assert not network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    torch.set_num_threads(threads)
    torch.set_rng_state(state)


def test_metrics_are_taken_as_objects_and_under_names_of_one_s_own(
    images: torch.Tensor, program: Program
) -> None:
    network = to_torch(program)
    engine = CollapsedEngine(dtype="float64")
    found = score_network(
        network,
        images,
        metrics={
            "far": Epsilon(weights=[1e-3, 10.0], engine=engine),
            "absolute": Epsilon(weights=[1e-3, 10.0], engine=engine, dispersion="absolute"),
            "four": Naswot(num_samples=4),
        },
    )
    assert found["far"] == score_network(network, images, weights=(1e-3, 10.0))
    assert found["absolute"].value not in (found["far"].value, math.nan)
    four = score_network(network, images[:4], metrics=[Naswot(num_samples=4)])
    assert found["four"].value == four["naswot"].value
    assert score_network(network, images, metrics="naswot").keys() == {"naswot"}


@pytest.mark.parametrize(
    ("metrics", "sentence"),
    [
        (["naswott"], "metric must be one of .*, got 'naswott': did you mean naswot?"),
        (["column"], r"got 'column', which needs path, column: build"),
        ([], "at least one, got none"),
        (7, "names or objects of metrics, at least one, got 7"),
        ([np.float64(1)], "names or objects of metrics"),
        (["naswot", Naswot()], "distinct names, got naswot twice"),
    ],
)
def test_bad_metrics_are_refused_in_a_sentence(
    metrics: Any, sentence: str, images: torch.Tensor
) -> None:
    with pytest.raises(ValueError, match=sentence):
        score_network(nn.Identity(), images, metrics=metrics)
