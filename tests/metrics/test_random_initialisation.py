"""Epsilon's score with random parameters: the draws, the seeds, the two networks, the reasons."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from metrics.small_networks import chain
from scipy import stats
from sentences import refused
from torch import nn

from epsilon_research.data import Minibatch
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.metrics import Candidate, Epsilon, Score, epsilon_score, scorer_of
from epsilon_research.metrics.random_initialisation import (
    RandomInitialisation,
    drawn_from,
    initialised_outputs,
    score_of,
)
from epsilon_research.metrics.untrained_network import generator_of
from epsilon_research.programs import AnyProgram, Program, ProgramBuilder, RecurrentProgram
from epsilon_research.programs.operations import (
    Add,
    BatchNorm,
    Convolution,
    GlobalMean,
    Linear,
    Operation,
    ReLU,
    Truncate,
)
from epsilon_research.programs.recurrent import Cell, CellNode, CellOperation

DISTRIBUTIONS = ("uniform", "normal", "kaiming_uniform", "kaiming_normal", "orthogonal")
INPUTS = np.random.default_rng(0).normal(size=(12, 3, 8, 8)).astype(np.float32)
IMAGES = Minibatch(inputs=INPUTS, kind="images", dataset="noise")
TOKENS = Minibatch(
    inputs=np.random.default_rng(1).normal(size=(5, 6, 4)).astype(np.float32),
    kind="tokens",
    dataset="noise",
)

NETWORK = chain(
    Convolution(4, 3, padding=1, bias=True), BatchNorm(), ReLU(), Convolution(6, 3, stride=2),
    BatchNorm(), ReLU(), GlobalMean(), Linear(1),
    channels=3,
)  # fmt: skip

# tanh(W x + U h + b): one layer of 6 units for 4 numbers in, one of 4 for 6.
_CELL = Cell(1, (CellNode(CellOperation.LINEAR, (0, 1)), CellNode(CellOperation.TANH, (2,))), (3,))
RECURRENT = RecurrentProgram(cell=_CELL, embedding_size=4, hidden_sizes=(6, 4), num_outputs=1)


def candidate(
    program: AnyProgram, *, connected: bool = True, architecture_id: str = "a"
) -> Candidate:
    def build(count: int) -> AnyProgram:
        assert count == 1  # the outputs that epsilon scores
        return program

    return Candidate(
        build=build,
        num_classes=10,
        num_parameters=1,
        connected=connected,
        architecture_id=architecture_id,
    )


def generators(seed: int) -> tuple[torch.Generator, ...]:
    """Those of the two draws for the architecture called a."""
    names = (f"{number} initialisation of a" for number in ("first", "second"))
    return tuple(generator_of(seed, name) for name in names)


def score(
    program: AnyProgram = NETWORK,
    minibatch: Minibatch = IMAGES,
    *,
    connected: bool = True,
    **settings: Any,
) -> Score:
    metric = RandomInitialisation(**settings)
    return scorer_of(metric, minibatch)(candidate(program, connected=connected))


def weights_of(layer: nn.Module, distribution: str) -> np.ndarray:
    """float64 (units, fan_in): a layer's weights from a distribution; its bias is looked at too."""
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.fill_(7.0)
        drawn_from(distribution)(layer, generator_of(0, "draw"))
    assert layer.get_parameter("bias").unique().tolist() == [0]
    return layer.get_parameter("weight").detach().double().flatten(1).numpy()


# Of 40 channels to 30 by 3 × 3: fan_in 360, fan_out 270.
_FAN_IN, _FAN_OUT = 360, 270
EXPECTED = {
    "uniform": stats.uniform(0, 1),
    "normal": stats.norm(0, 1),
    "kaiming_uniform": stats.uniform(-math.sqrt(6 / _FAN_IN), 2 * math.sqrt(6 / _FAN_IN)),
    "kaiming_normal": stats.norm(0, math.sqrt(2 / _FAN_OUT)),
}


@pytest.mark.parametrize("distribution", sorted(EXPECTED))
def test_weights_are_of_their_distribution(distribution: str) -> None:
    drawn = weights_of(nn.Conv2d(40, 30, 3), distribution).ravel()
    # 10,800 numbers of one seed, so the test is wrong always or never; Kolmogorov and Smirnov would
    # see a deviation that is 5 % too large.
    assert stats.kstest(drawn, EXPECTED[distribution].cdf).pvalue > 0.01
    assert stats.kstest(1.05 * drawn, EXPECTED[distribution].cdf).pvalue < 0.01


def test_orthogonal_weights_have_orthonormal_rows_of_any_direction() -> None:
    rows = weights_of(nn.Conv2d(40, 30, 3), "orthogonal")
    np.testing.assert_allclose(rows @ rows.T, np.eye(30), atol=1e-5)
    assert stats.kstest(rows.ravel() * math.sqrt(_FAN_IN), stats.norm.cdf).pvalue > 0.01


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_they_are_those_of_pytorch(distribution: str) -> None:
    # The published calls, as anyone would write them.
    init: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "uniform": nn.init.uniform_,
        "normal": nn.init.normal_,
        "kaiming_uniform": nn.init.kaiming_uniform_,
        "kaiming_normal": lambda weight: nn.init.kaiming_normal_(
            weight, mode="fan_out", nonlinearity="relu"
        ),
        "orthogonal": nn.init.orthogonal_,
    }
    ours = weights_of(nn.Conv2d(4, 6, 3), distribution)
    with torch.random.fork_rng():
        torch.manual_seed(generator_of(0, "draw").initial_seed())
        theirs = init[distribution](torch.empty(6, 4, 3, 3))
    np.testing.assert_array_equal(ours, theirs.double().flatten(1).numpy())


def outputs_by_hand(distribution: str, generator: torch.Generator) -> np.ndarray:
    """NETWORK's outputs, built layer by layer without any of the project's code but the draws."""
    first, second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 6, 3, stride=2)
    last = nn.Linear(6, 1)
    with torch.no_grad():
        for layer in (first, second):
            drawn_from(distribution)(layer, generator)
        last.weight.normal_(0, 0.01, generator=generator)
        last.bias.zero_()
        network = nn.Sequential(
            first, nn.BatchNorm2d(4), nn.ReLU(), second, nn.BatchNorm2d(6), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), last,
        )  # fmt: skip
        return network(torch.from_numpy(INPUTS.copy())).flatten().numpy()


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_score_is_epsilon_of_two_networks_built_by_hand(distribution: str) -> None:
    first, second = (outputs_by_hand(distribution, generator) for generator in generators(3))
    found = score(distribution=distribution, seed=3)
    assert found.value == pytest.approx(epsilon_score(first, second), rel=1e-5)
    assert found.failure is None
    assert not np.allclose(first, second)


def constant(value: float) -> Callable[[nn.Module, torch.Generator], None]:
    """An initialisation that draws nothing: every weight a constant, no bias."""

    def initialise(layer: nn.Module, generator: torch.Generator) -> None:
        for name, parameter in layer.named_parameters():
            parameter.fill_(0.0 if name == "bias" else value)

    return initialise


def test_constants_in_place_of_the_draws_give_epsilon() -> None:
    # Without batch norm and linear layers, whose weights epsilon sets to the constant too; with a
    # path around the convolution, since the constants of a chain only scale its output.
    builder = ProgramBuilder(input_channels=3)
    around = builder.append(Truncate(1), builder.input)
    through = builder.append(Convolution(1, 3, padding=1), builder.input)
    builder.append(GlobalMean(), builder.append(ReLU(), builder.append(Add(), around, through)))
    program = builder.build()
    inputs = torch.from_numpy(INPUTS.copy())
    pair = [
        initialised_outputs(program, inputs, torch.Generator(), constant(weight))
        for weight in (1e-2, 1.0)
    ]
    epsilon = Epsilon(weights=[1e-2, 1], engine=ReferenceEngine())
    expected = scorer_of(epsilon, IMAGES)(candidate(program)).value
    # Not exactly: epsilon keeps the normalised outputs in float32.
    assert score_of(*pair).value == pytest.approx(expected, rel=1e-6)
    assert expected > 0.1


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize(("program", "minibatch"), [(NETWORK, IMAGES), (RECURRENT, TOKENS)])
def test_a_seed_gives_the_same_score_and_another_seed_another_one(
    program: AnyProgram, minibatch: Minibatch, distribution: str
) -> None:
    before = torch.get_rng_state()
    first, again, other = (
        score(program, minibatch, distribution=distribution, seed=seed) for seed in (0, 0, 1)
    )
    assert first.value == again.value > 0
    assert first.value != other.value
    assert torch.equal(before, torch.get_rng_state())


def test_the_two_draws_are_independent() -> None:
    # 40 seeds' pairs of all weights of a network: were they one draw, the correlation would be 1.
    pairs = [
        [outputs_by_hand("normal", generator) for generator in generators(seed)]
        for seed in range(40)
    ]
    first, second = (np.stack(outputs) for outputs in zip(*pairs, strict=True))
    centred = [values - values.mean(axis=0) for values in (first, second)]
    correlation = np.corrcoef(*(values.ravel() for values in centred))[0, 1]
    # 40 networks are at least 40 independent pairs: three standard deviations.
    assert abs(correlation) < 3 / math.sqrt(40)
    # And a pair of equal draws would have the score 0.
    assert min(score(seed=seed).value for seed in range(10)) > 0.01


def test_architectures_of_one_network_have_draws_of_their_own() -> None:
    run = scorer_of(RandomInitialisation(), IMAGES)
    first, again, other = (run(candidate(NETWORK, architecture_id=name)) for name in "aab")
    assert first == again
    assert first != other


def test_a_recurrent_network_by_hand() -> None:
    pair = []
    for generator in generators(0):
        sequence = TOKENS.inputs
        for inputs, units in ((4, 6), (6, 4)):
            layers = nn.Linear(inputs, units), nn.Linear(units, units, bias=False)
            with torch.no_grad():
                for layer in layers:
                    nn.init.kaiming_normal_(
                        layer.weight, mode="fan_out", nonlinearity="relu", generator=generator
                    )
            w, u = (layer.weight.detach().numpy() for layer in layers)
            hidden, steps = np.zeros((6, units), np.float32), []
            for x in sequence:
                hidden = np.tanh(x @ w.T + hidden @ u.T)
                steps.append(hidden)
            sequence = np.stack(steps)
        pair.append(sequence[:, :, 0].ravel())
    found = score(RECURRENT, TOKENS, distribution="kaiming_normal")
    assert found.value == pytest.approx(epsilon_score(*pair), rel=1e-4)


@pytest.mark.parametrize(("program", "minibatch"), [(NETWORK, IMAGES), (RECURRENT, TOKENS)])
def test_only_the_first_samples_are_seen(program: AnyProgram, minibatch: Minibatch) -> None:
    is_image = minibatch is IMAGES
    first = minibatch.inputs[:4] if is_image else minibatch.inputs[:, :4]
    few = Minibatch(inputs=first, kind=minibatch.kind, dataset="noise")
    assert score(program, minibatch, num_samples=4) == score(program, few)
    assert score(program, minibatch) != score(program, few)


def test_a_disconnected_network_says_so() -> None:
    found = score(connected=False)
    assert math.isnan(found.value)
    assert found.failure == "disconnected"


def dead(*operations: Operation) -> Program:
    return chain(*operations, GlobalMean(), Linear(1), channels=3)


@pytest.mark.parametrize(
    ("program", "inputs", "reason"),
    [
        (dead(Convolution(2, 1)), np.ones_like(INPUTS), "constant_output"),
        (dead(Convolution(40, 1), Convolution(2, 1)), INPUTS * np.float32(3e37), "overflow"),
    ],
)
def test_outputs_that_cannot_be_normalised_have_a_reason(
    program: Program, inputs: np.ndarray, reason: str
) -> None:
    found = score(program, Minibatch(inputs=inputs, kind="images", dataset="odd"))
    assert math.isnan(found.value)
    assert found.failure == reason


def test_an_infinite_draw_stands_before_a_constant_one() -> None:
    finite, constant_, infinite = (
        np.array(row, np.float32) for row in ((0, 1), (1, 1), (0, np.inf))
    )
    assert score_of(constant_, infinite).failure == "overflow"
    assert score_of(finite, constant_).failure == "constant_output"


def test_two_samples_in_opposite_order_have_nothing_in_common() -> None:
    # Of two samples the smaller is left out: in one draw the first, in the other the second.
    found = score_of(np.array([0.0, 1.0]), np.array([1.0, 0.0]))
    assert math.isnan(found.value)
    assert found.failure == "no_common_sample"


def test_what_a_run_records_of_it() -> None:
    metric = RandomInitialisation(distribution="orthogonal", seed=4, num_samples=8)
    settings = {"distribution": "orthogonal", "seed": 4, "num_samples": 8}
    (only,) = metric.passes
    assert metric.settings == only.settings == settings
    assert "epsilon_research.metrics.epsilon_formula" in only.code
    assert "torch" in only.engine
    assert not metric.shared_by_function


def test_mistakes_are_refused() -> None:
    with refused(ValueError, "metric.random_initialisation.distribution", "got 'xavier'"):
        RandomInitialisation(distribution="xavier")
    with refused(ValueError, "metric.random_initialisation.seed", "got -1"):
        RandomInitialisation(seed=-1)
    with refused(ValueError, "metric.random_initialisation.num_samples", "got 1"):
        RandomInitialisation(num_samples=1)
