"""torchvision's classifiers: which they are, what they cost, and that programs are the networks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from extras import needs_zoo
from sentences import refused

from epsilon_research import torchvision_models
from epsilon_research.data import Minibatch
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.executors.serial import SerialExecutor
from epsilon_research.metrics.num_parameters import NumParameters
from epsilon_research.network_score.plain_network import plain_outputs
from epsilon_research.programs import count_parameters
from epsilon_research.scoring import Scoring
from epsilon_research.spaces.zoo import Zoo
from tests.commands import folder, run, succeeded, summary_of

SPACE = Zoo()
SIDE = 96


@needs_zoo
def test_the_ids_are_the_convolutional_classifiers() -> None:
    ids = SPACE.architecture_ids
    assert len(ids) == 68
    assert {"alexnet", "convnext_tiny", "regnet_y_128gf", "wide_resnet50_2"} <= set(ids)
    others = ("vit_b_16", "swin_t", "maxvit_t", "fcn_resnet50", "quantized_resnet18", "r3d_18")
    assert not set(ids) & set(others)


@needs_zoo
@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "vgg11_bn", "shufflenet_v2_x0_5"])
def test_parameters_are_those_that_torchvision_states(name: str) -> None:
    from torchvision.models import get_model_weights

    stated = get_model_weights(name)["IMAGENET1K_V1"].meta["num_params"]
    program = SPACE.program(name, num_outputs=SPACE.num_classes)
    assert count_parameters(program) == stated


@needs_zoo
@pytest.mark.parametrize("name", ["mobilenet_v3_small", "shufflenet_v2_x0_5", "googlenet"])
def test_a_program_is_the_network(name: str) -> None:
    from torchvision.models import get_model

    heads = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    network = get_model(name, weights=None, num_classes=3, **heads)
    images = torch.randn(4, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    truth = plain_outputs(network, images, 0.1, parameters="by_name")[:, 0]
    engine = CollapsedEngine(dtype="float64").open(images.numpy())
    (found,) = engine.outputs(SPACE.program(name, num_outputs=1), [0.1])
    ours, truth = found.values - found.values.min(), truth - truth.min()
    np.testing.assert_allclose(ours / ours.max(), truth / truth.max(), atol=1e-9)


@needs_zoo
def test_a_network_takes_no_memory_for_weights_that_get_other_values() -> None:
    devices = {
        name: tensor.device.type
        for name, tensor in torchvision_models.network(
            "convnext_tiny", num_classes=9
        ).named_parameters()
    }
    scales = {name for name in devices if name.endswith("layer_scale")}
    assert len(scales) == 18
    assert {name for name, device in devices.items() if device == "cpu"} == scales
    assert torch.empty(1).device.type == "cpu"


@needs_zoo
def test_a_name_that_is_none_is_refused_with_a_near_one() -> None:
    with refused(ValueError, "did you mean resnet18?"):
        SPACE.parse("resnet_18")
    with refused(ValueError, "write e.g. alexnet"):
        SPACE.parse("0")


@pytest.mark.parametrize("side", [74, 0, None, 96.0])
def test_images_that_some_network_does_not_take_are_refused(side: object) -> None:
    with refused(ValueError, "search_space.space.image_size", "75 or more"):
        Zoo(image_size=side)  # pyright: ignore[reportArgumentType]


def test_a_minibatch_of_another_size_is_refused_before_any_work() -> None:
    images = np.zeros((3, 3, SIDE, SIDE - 1), np.float32)
    minibatch = Minibatch(inputs=images, kind="images", dataset="mine")
    with refused(ValueError, "96 × 96", "got 96 × 95 (mine)"):
        Scoring(
            space=SPACE,
            metrics={"num_parameters": NumParameters()},
            minibatch=minibatch,
            executor=SerialExecutor(),
        )


def test_without_torchvision_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchvision_models, "_installed_version", lambda: None)
    torchvision_models._models.cache_clear()
    torchvision_models.names.cache_clear()
    with refused(FileNotFoundError, "none installed", "epsilon_research[zoo]"):
        SPACE.parse("resnet18")


@needs_zoo
def test_a_run_scores_and_correlates(tmp_path: Path) -> None:
    networks = ["resnet18", "squeezenet1_1", "alexnet", "vgg11"]
    succeeded(
        run(
            "study=zoo", "metric=[epsilon,num_parameters]", "search_space.num_architectures=auto",
            f"search_space.architectures=[{','.join(networks)}]", "store=none", "figures=false",
            folder(tmp_path / "run"),
        )
    )  # fmt: skip
    frame = pd.read_parquet(tmp_path / "run" / "scores.parquet").set_index("architecture_id")
    assert list(frame.index) == networks
    assert frame["epsilon"].notna().all()
    assert frame["num_parameters"]["resnet18"] == 11_689_512
    assert frame["validation_accuracy"]["alexnet"] == 0.56522
    summary = summary_of(tmp_path / "run")
    assert summary["run"]["target"] == "validation_accuracy"
    assert summary["metrics"]["epsilon"]["connected"]["n"] == 4
