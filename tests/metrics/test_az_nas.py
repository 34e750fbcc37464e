"""AZ-NAS' parts: entropies and singular values by hand, blocks of real networks."""

import math

import numpy as np
import pytest
import torch
from metrics.small_networks import TWO_LAYERS, chain
from stand_ins import candidate_of

from epsilon_research.data import Minibatch
from epsilon_research.metrics import scorer_of
from epsilon_research.metrics.az_nas import (
    PARTS,
    AzNas,
    block_trainability,
    component_entropy,
    measure_parts,
)
from epsilon_research.metrics.network_metric import Subject, UndefinedScoreError
from epsilon_research.metrics.untrained_network import block_values, feature_layer, generator_of
from epsilon_research.programs import ProgramBuilder
from epsilon_research.programs.operations import (
    Add,
    Concatenate,
    Convolution,
    GlobalMean,
    Linear,
    ReLU,
)
from epsilon_research.spaces.nb101 import NasBench101
from epsilon_research.spaces.nb201 import NasBench201
from epsilon_research.spaces.toy import Toy
from epsilon_research.store import Evaluation

NOISE = np.random.default_rng(0).normal(size=(4, 3, 8, 8)).astype(np.float32)
MINIBATCH = Minibatch(inputs=NOISE, kind="images", dataset="noise")


def test_the_entropy_of_two_equal_components_is_the_logarithm_of_two() -> None:
    maps = torch.tensor([[1.0, 0], [-1, 0], [0, 1], [0, -1]])[:, :, None, None]
    assert component_entropy(maps) == pytest.approx(math.log(2), rel=1e-6)


def test_the_entropy_sees_through_shift_and_rotation() -> None:
    maps = torch.randn(3, 4, 5, 5, generator=generator_of(0, "maps"))
    rotation, _ = torch.linalg.qr(torch.randn(4, 4, generator=generator_of(1, "maps")))
    moved = torch.einsum("ij,bjhw->bihw", rotation, maps) + 7
    assert component_entropy(moved) == pytest.approx(component_entropy(maps), rel=1e-4)


@pytest.mark.parametrize(("value", "reason"), [(1.0, "constant_output"), (math.inf, "overflow")])
def test_maps_without_an_entropy_are_told(value: float, reason: str) -> None:
    with pytest.raises(UndefinedScoreError, match=reason):
        component_entropy(torch.full((2, 2, 3, 3), value))


def trainability(function, shape: tuple[int, ...]) -> float:
    source = torch.randn(shape, generator=generator_of(0, "source"), requires_grad=True)
    return block_trainability(function(source), source, generator_of(0, "signs"))


def test_a_block_that_scales_has_its_scale_as_singular_value() -> None:
    # One channel: the mean of (3 · sign) · sign is 3.
    found = trainability(lambda x: 3 * x, (2, 1, 4, 4))
    assert found == pytest.approx(2 - 3 - 1 / 3, rel=1e-5)


def test_a_block_that_halves_the_map_hands_back_a_quarter_to_each_pixel() -> None:
    # Each of four pixels gets 1/4 of the sign: singular value √(4/16) of a 4 × 1 matrix.
    found = trainability(lambda x: torch.nn.functional.avg_pool2d(x, 2), (2, 1, 4, 4))
    assert found == pytest.approx(2 - 0.5 - 1 / 0.5, rel=1e-5)


def test_a_block_that_does_nothing_has_no_trainability() -> None:
    assert math.isnan(trainability(lambda x: x * 1, (2, 3, 4, 4)))


def test_blocks_of_nas_bench_201_are_stem_cells_and_residual_blocks() -> None:
    space = NasBench201()
    for architecture_id in space.sample(20, np.random.default_rng(0)):
        program = space.program(architecture_id, num_outputs=10)
        places = block_values(program)
        assert len(places) == 1 + 15 + 2
        assert [program.layers[place].channels for place in places] == (
            [16] * 6 + [32] * 6 + [64] * 6
        )


def test_blocks_of_the_toy_space_are_the_stem_and_the_cell() -> None:
    program = Toy().program("conv3x3-skip-conv1x1", num_outputs=10)
    assert len(block_values(program)) == 2


def test_blocks_of_nas_bench_101_are_stem_and_cells() -> None:
    space, seen = NasBench101(), 0
    for architecture_id in space.sample(20, np.random.default_rng(0)):
        program = space.program(architecture_id, num_outputs=10)
        last = feature_layer(program)
        if isinstance(program.layers[last].operation, Add | Concatenate):
            places = block_values(program)
            assert places[-1] == last
            assert (len(places) - 1) % 9 == 0  # as many in each cell
            seen += 1
    assert seen > 10


def test_a_sum_that_a_path_goes_around_ends_no_block() -> None:
    builder = ProgramBuilder(input_channels=1)
    stem = builder.append(Convolution(2, 1), builder.input)
    inner = builder.append(Add(), stem, builder.append(ReLU(), stem))
    outer = builder.append(Add(), builder.append(ReLU(), inner), stem)
    builder.append(Linear(2), builder.append(GlobalMean(), outer))
    assert block_values(builder.build()) == [stem, outer]


def test_a_chain_has_no_blocks_and_no_score() -> None:
    assert block_values(TWO_LAYERS) == []
    program = chain(Convolution(2, 1), GlobalMean(), Linear(2))
    with pytest.raises(UndefinedScoreError, match="no_blocks"):
        measure_parts(Subject(program, torch.ones(2, 1, 3, 3), None, 0))


def test_the_parts_are_one_pass_and_three_scores() -> None:
    metrics = [AzNas(part=part) for part in PARTS]
    assert metrics[0].passes == metrics[1].passes == metrics[2].passes
    assert AzNas(part="expressivity", seed=1).passes != metrics[0].passes
    candidate = candidate_of(Toy(), "conv3x3-skip-conv1x1")
    evaluations = dict(enumerate(metrics[0].evaluator(MINIBATCH)(candidate, [0])))
    scores = [metric.score(evaluations).value for metric in metrics]
    assert len(set(scores)) == 3
    assert scores == [scorer_of(metric, MINIBATCH)(candidate).value for metric in metrics]
    # Two values between blocks: their entropies e and f give e + f and f − e.
    expressivity, progressivity, trainability = scores
    assert expressivity - abs(progressivity) > 0
    assert trainability <= 0


def test_an_identity_block_ranks_last_and_leaves_the_other_parts() -> None:
    candidate = candidate_of(Toy(), "none-skip-none")
    scores = {part: scorer_of(AzNas(part=part), MINIBATCH)(candidate) for part in PARTS}
    assert scores["trainability"].failure == "identity_block"
    assert scores["trainability"].columns == {"ranks_last": True}
    for part in ("expressivity", "progressivity"):
        assert scores[part].failure is None
        assert scores[part].columns == {"ranks_last": False}
    assert scores["progressivity"].value == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("failure", "last"),
    [
        ("constant_output", True),
        ("overflow", True),
        ("no_blocks", False),
        ("disconnected", False),
    ],
)
def test_what_the_published_code_has_as_nan_ranks_last(failure: str, last: bool) -> None:
    evaluation = Evaluation(values=np.empty(0), failure=failure, seconds=0.0)
    found = AzNas(part="expressivity").score({0: evaluation})
    assert found.failure == failure
    assert found.columns == {"ranks_last": last}


def test_noise_or_images_are_measured() -> None:
    candidate = candidate_of(Toy(), "conv3x3-skip-conv1x1")
    other = Minibatch(inputs=NOISE + 1, kind="images", dataset="noise")
    noise, images = AzNas(part="expressivity"), AzNas(part="expressivity", inputs="minibatch")
    assert scorer_of(noise, other)(candidate) == scorer_of(noise, MINIBATCH)(candidate)
    assert scorer_of(images, other)(candidate) != scorer_of(images, MINIBATCH)(candidate)


def test_a_disconnected_network_has_no_parts() -> None:
    candidate = candidate_of(Toy(), "none-none-none", connected=False)
    assert scorer_of(AzNas(part="expressivity"), MINIBATCH)(candidate).failure == "disconnected"


def test_another_part_is_refused() -> None:
    with pytest.raises(ValueError, match=r"part must be one of expressivity, .*got 'complexity'"):
        AzNas(part="complexity")
