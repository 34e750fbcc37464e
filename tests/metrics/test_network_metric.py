"""What all metrics on untrained networks share, on every one of them."""

import gc
import math
import random
import resource
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from metrics.small_networks import chain
from omegaconf import OmegaConf
from sentences import refused
from stand_ins import candidate_of

from epsilon_research.data import Minibatch
from epsilon_research.executors import SerialExecutor
from epsilon_research.metrics import Candidate, Metric, scorer_of
from epsilon_research.metrics.az_nas import AzNas
from epsilon_research.metrics.grad_norm import GradNorm
from epsilon_research.metrics.meco import Meco
from epsilon_research.metrics.snip import Snip
from epsilon_research.metrics.swap import Swap
from epsilon_research.metrics.untrained_network import build_network, generator_of, weighted_layers
from epsilon_research.metrics.zen import Zen
from epsilon_research.metrics.zico import Zico
from epsilon_research.programs import ProgramBuilder, RecurrentProgram
from epsilon_research.programs.operations import (
    Add,
    BatchNorm,
    Convolution,
    GlobalMean,
    Linear,
    Operation,
    ReLU,
)
from epsilon_research.programs.recurrent import Cell, CellNode, CellOperation
from epsilon_research.scoring import Scoring
from epsilon_research.spaces.toy import Toy
from epsilon_research.store import FolderStore
from tests.commands import ROOT

SPACE = Toy()
INPUTS = np.random.default_rng(0).normal(size=(12, 3, 8, 8)).astype(np.float32)
MINIBATCH = Minibatch(inputs=INPUTS, kind="images", dataset="noise")
LABELLED = Minibatch(
    inputs=INPUTS, kind="images", dataset="noise", labels=np.arange(12, dtype=np.int64) % 10
)
IDS = ("conv3x3-skip-conv1x1", "skip-conv3x3-pool", "conv1x1-none-conv3x3")


def config_of(option: str) -> Any:
    """The settings of an option of the metric group."""
    return OmegaConf.select(OmegaConf.load(ROOT / f"conf/metric/{option}.yaml"), option)


OPTIONS = sorted(
    path.stem for path in ROOT.glob("conf/metric/*.yaml") if "seed" in config_of(path.stem)
)


def metric_of(option: str, **settings: object) -> Any:
    return instantiate(OmegaConf.merge(config_of(option), settings), _convert_="all")


def scores(metric: Metric, minibatch: Minibatch = MINIBATCH) -> list[float]:
    score = scorer_of(metric, minibatch)
    return [score(candidate_of(SPACE, id_)).value for id_ in IDS]


def test_the_options_are_those_of_the_issue() -> None:
    assert {*OPTIONS} == {
        "grad_norm", "snip", "grasp", "fisher", "synflow", "jacob_cov", "naswot", "zen", "l2_norm",
        "plain", "epe_nas", "zico", "meco", "swap",
        "az_expressivity", "az_progressivity", "az_trainability", "random_initialisation",
    }  # fmt: skip


@pytest.mark.parametrize("option", OPTIONS)
def test_a_score_depends_on_its_seed_alone_and_leaves_the_global_generators(option: str) -> None:
    found = []
    for unrelated in (1, 2):
        random.seed(unrelated)
        np.random.seed(unrelated)  # noqa: NPY002  # the point: it must not matter
        torch.manual_seed(unrelated)
        before = torch.get_rng_state()
        found.append(scores(metric_of(option)))
        assert torch.equal(before, torch.get_rng_state())
    assert found[0] == found[1]
    assert found[0] != scores(metric_of(option, seed=1))
    assert all(map(math.isfinite, found[0]))


@pytest.mark.parametrize("option", OPTIONS)
def test_it_is_called_as_it_is_chosen(option: str) -> None:
    metric = metric_of(option)
    assert metric.name == option
    assert not metric.shared_by_function
    assert {"seed"} <= metric.settings.keys()


@pytest.mark.parametrize("option", OPTIONS)
def test_a_disconnected_network_has_no_score_but_by_its_weights(option: str) -> None:
    candidate = candidate_of(SPACE, "none-none-none", connected=False)
    found = scorer_of(metric_of(option), MINIBATCH)(candidate)
    assert found.failure == (None if option == "l2_norm" else "disconnected")


@pytest.mark.parametrize("option", sorted(set(OPTIONS) - {"random_initialisation"}))
def test_networks_of_tokens_are_refused_before_any_work(option: str) -> None:
    tokens = Minibatch(inputs=np.zeros((5, 3, 4), np.float32), kind="tokens", dataset="ptb")
    with refused(ValueError, f"metric {option}", "tokens of ptb", "num_parameters"):
        metric_of(option).evaluator(tokens)


def test_a_recurrent_network_on_images_is_refused() -> None:
    nodes = (CellNode(CellOperation.LINEAR, (0, 1)), CellNode(CellOperation.TANH, (2,)))
    program = RecurrentProgram(
        cell=Cell(1, nodes, (3,)), embedding_size=4, hidden_sizes=(4,), num_outputs=7
    )
    candidate = Candidate(
        build=lambda count: program, num_classes=7, num_parameters=1, connected=True
    )
    with refused(ValueError, "metric snip", "a recurrent network"):
        scorer_of(Snip(), MINIBATCH)(candidate)


AZ_NAS = {"az_expressivity", "az_progressivity", "az_trainability"}
DATA_FREE = {"synflow", "l2_norm", "zen", "meco", *AZ_NAS}
"""What sees no images with its default settings."""


@pytest.mark.parametrize("option", sorted(set(OPTIONS) - DATA_FREE))
def test_only_the_first_images_are_seen(option: str) -> None:
    changed = INPUTS.copy()
    changed[6:] += 1
    # The same labels for both, since pseudo-labels are the whole content's.
    labels = np.arange(12, dtype=np.int64) % 3
    first, other = (
        Minibatch(inputs=inputs, kind="images", dataset="noise", labels=labels)
        for inputs in (INPUTS, changed)
    )
    half = metric_of(option, num_samples=6)
    assert scores(half, first) == scores(half, other)
    whole = metric_of(option, num_samples=None)
    assert scores(whole, first) != scores(whole, other)
    assert scores(whole) == scores(metric_of(option, num_samples=12))


@pytest.mark.parametrize("option", sorted(DATA_FREE))
def test_scores_without_data_do_not_depend_on_it(option: str) -> None:
    other = Minibatch(inputs=INPUTS + 1, kind="images", dataset="noise")
    assert scores(metric_of(option)) == scores(metric_of(option), other)


LABELLED_OPTIONS = {"grad_norm", "snip", "grasp", "fisher", "plain", "epe_nas", "zico"}


@pytest.mark.parametrize("option", OPTIONS)
def test_labels_matter_and_are_told_where_they_are_used(option: str) -> None:
    metric = metric_of(option)
    uses = option in LABELLED_OPTIONS
    assert (scores(metric) != scores(metric, LABELLED)) == uses
    assert [pass_.uses_labels for pass_ in metric.passes] == [uses]
    assert metric.columns.keys() - {"ranks_last"} == ({"pseudo_labels"} if uses else set())
    assert ("pseudo-labels" in metric.settings.get("labels", "")) == uses
    for minibatch, drawn in ((MINIBATCH, True), (LABELLED, False)):
        found = scorer_of(metric, minibatch)(candidate_of(SPACE, IDS[0]))
        assert found.columns.get("pseudo_labels") == (drawn if uses else None)


STATM = Path("/proc/self/statm")


def resident_megabytes() -> float:
    """Memory that this process uses now."""
    gc.collect()
    return int(STATM.read_text().split()[1]) * resource.getpagesize() / 2**20


def candidate(*operations: Operation) -> Candidate:
    program = chain(*operations, channels=3)
    return Candidate(build=lambda count: program, num_classes=2, num_parameters=1, connected=True)


@pytest.mark.parametrize("option", sorted(set(OPTIONS) - {"synflow", "l2_norm", "zen"}))
def test_what_overflows_has_a_reason_and_no_score(option: str) -> None:
    builder = ProgramBuilder(input_channels=3)
    last = builder.append(Convolution(4, 3), builder.input)
    for _ in range(20):
        last = builder.append(Add(), last, last)
    last = builder.append(Convolution(4, 3), builder.append(ReLU(), last))
    builder.append(Linear(2), builder.append(GlobalMean(), last))
    program = builder.build()
    huge = Minibatch(inputs=INPUTS * np.float32(5e37), kind="images", dataset="huge")
    settings = {"inputs": "minibatch"} if "inputs" in config_of(option) else {}
    found = scorer_of(metric_of(option, **settings), huge)(
        Candidate(build=lambda count: program, num_classes=2, num_parameters=1, connected=True)
    )
    assert math.isnan(found.value)
    assert found.failure == "overflow"


def test_parameters_are_drawn_as_pytorch_does() -> None:
    program = chain(Convolution(400, 3), BatchNorm(), GlobalMean(), Linear(300), channels=3)
    network = build_network(program, generator=generator_of(0, "parameters"))
    for layer, fan_in in zip(weighted_layers(network), (27, 400), strict=True):
        for parameter in layer.parameters():
            bound = 1 / math.sqrt(fan_in)
            assert float(parameter.detach().abs().max()) <= bound
            assert float(parameter.detach().abs().max()) > 0.98 * bound
            # A uniform variable between ±1 has the deviation 1/√3; six deviations of its estimate.
            spread = float(parameter.detach().std()) * math.sqrt(3) / bound
            assert abs(spread - 1) < 6 / math.sqrt(parameter.numel())
    norm = network.layers[2]
    assert norm.get_parameter("weight").unique().tolist() == [1]
    assert norm.get_parameter("bias").unique().tolist() == [0]


@pytest.mark.parametrize("seed", [-1, True, 2**63])
def test_seeds_that_are_none_are_refused(seed: int) -> None:
    with refused(ValueError, "metric.grad_norm.seed", f"got {seed!r}"):
        GradNorm(seed=seed)


@pytest.mark.parametrize("count", [1, 0, True])
def test_too_few_images_are_refused(count: int) -> None:
    with refused(ValueError, "metric.az_expressivity.num_samples", f"got {count!r}"):
        AzNas(part="expressivity", num_samples=count)


def test_other_mistakes_are_refused() -> None:
    with refused(ValueError, "metric.zen.repeats", "got 0"):
        Zen(repeats=0)
    with refused(ValueError, "metric.swap.repeats", "got True"):
        Swap(repeats=True)
    with refused(ValueError, "metric.zen.momentum", "got 0"):
        Zen(momentum=0)
    with refused(ValueError, "metric.meco.inputs", "noise, minibatch", "got 'images'"):
        Meco(inputs="images")
    with refused(ValueError, "metric.zico.num_batches"):
        Zico(num_batches=1)
    with refused(ValueError, "at least 20 images", "got 12"):
        scores(Zico(num_batches=10))
    few = replace(LABELLED, labels=np.full(12, 10, np.int64))
    with refused(ValueError, "labels of noise must be below 10", "num_classes=11"):
        scores(Snip(), few)


def test_the_score_store_tells_labels_apart_where_they_matter(tmp_path: Path) -> None:
    store = FolderStore(path=tmp_path)
    others = replace(LABELLED, labels=np.zeros(12, np.int64))

    def num_computed(minibatch: Minibatch) -> int:
        scoring = Scoring(
            space=SPACE,
            metrics={"snip": metric_of("snip"), "naswot": metric_of("naswot")},
            minibatch=minibatch,
            executor=SerialExecutor(),
            store=store,
        )
        descriptions = scoring.describe(IDS)
        return scoring.score(IDS, descriptions).num_computed

    assert [num_computed(minibatch) for minibatch in (MINIBATCH, LABELLED, others)] == [6, 3, 3]
    assert [num_computed(minibatch) for minibatch in (MINIBATCH, LABELLED, others)] == [0, 0, 0]


@pytest.mark.skipif(not STATM.exists(), reason="needs Linux, whose /proc tells the memory in use")
def test_memory_does_not_grow_with_architectures() -> None:
    # Each network holds 1.3 MB, its gradients' graph included: were they kept, 200 MB.
    layers = (Convolution(32, 3), BatchNorm(), ReLU(), Convolution(64, 3), GlobalMean(), Linear(10))
    options = ("grad_norm", "naswot", "jacob_cov", "fisher", "swap")
    score = [scorer_of(metric_of(option), MINIBATCH) for option in options]
    for run in score:
        run(candidate(*layers))
    before = resident_megabytes()
    for number in range(150):
        score[number % len(score)](candidate(*layers))
    assert resident_megabytes() - before < 100


def test_batch_norm_of_one_image_on_maps_of_one_pixel_is_no_score_and_a_reason() -> None:
    # MeCo looks at one image of 64 pixels.
    layers = (Convolution(4, 64), BatchNorm(), GlobalMean(), Linear(2))
    score = scorer_of(Meco(), MINIBATCH)(candidate(*layers))
    assert (math.isnan(score.value), score.failure) == (True, "one_value_per_channel")
