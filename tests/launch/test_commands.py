"""`GROUP=list` and `epsilon score`, in this process."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from epsilon_research import launch as room
from epsilon_research.catalogue import default_options, option_names
from epsilon_research.data.synthetic import RandomUniform
from epsilon_research.network_score import score_network
from tests.commands import error_in

NETS = """
from torch import nn

def build_net():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2),
    )

class Net(nn.Module):
    def forward(self, images):
        return images.mean((2, 3)) * 0
"""
QUICK = ("dataset=random_uniform_positive", "dataset.image_size=8", "batch_size=16")
Launch = Callable[..., str]


@pytest.fixture
def launch(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Launch:
    monkeypatch.setenv("COLUMNS", "200")

    def launch_(*words: str, status: int = 0) -> str:
        assert room.launch(["epsilon", *words]) == status
        captured = capsys.readouterr()
        return captured.out if status == 0 else error_in(captured.err)

    return launch_


@pytest.mark.parametrize("group", sorted(default_options()))
def test_every_group_is_listed(launch: Launch, group: str) -> None:
    shown = launch(f"{group}=list")
    for name in option_names(group):
        assert name == "none" or name in shown


def test_a_study_is_explained_by_its_question(launch: Launch) -> None:
    assert "Does a grey ramp do as well as images?" in launch("study=list")


def test_a_list_of_what_is_no_group_is_a_mistake(launch: Launch) -> None:
    assert "got grup" in launch("grup=list", status=1)


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module in the current folder, another one in each test."""
    name = f"nets_of_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(NETS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])  # restored, whatever the command adds
    return name


def test_a_network_of_the_current_folder_is_scored(launch: Launch, nets: str) -> None:
    shown = launch("score", f"{nets}:build_net", *QUICK, "weights=[1e-3,1]")
    images = RandomUniform(name="a", low=0, high=1, image_size=8)
    minibatch = images.draw(batch_size=16, rng=np.random.default_rng(21))
    network = sys.modules[nets].build_net()
    expected = score_network(network, minibatch.inputs, weights=(1e-3, 1))
    assert f" {expected.value:g} " in shown
    assert f" {expected.engine} " in shown


def test_several_metrics_are_rows_with_reasons(launch: Launch, nets: str) -> None:
    shown = launch("score", f"{nets}:Net", *QUICK, "metric=[epsilon,flops]")
    assert {"epsilon", "flops", "constant_output"} & set(shown.split()) >= {"epsilon", "flops"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "score must be followed by a network, MODULE:NAME, got nothing: type e.g. score"),
        (("batch_size=3",), "got batch_size=3: type"),
        (("no_such_module:Net",), "importable as MODULE:NAME, got no_such_module:Net (No module"),
        (("{nets}:Nothing",), "has no attribute 'Nothing'"),
        (("{nets}:__name__",), "network must be"),
        (("{nets}:Net", "batch_size=2"), "batch_size must be at least 3"),
        (("{nets}:Net", "batch_size=x"), "batch_size must be an integer, got 'x'"),
        (("{nets}:Net", "+typo=1"), "got typo:"),
    ],
)
def test_a_mistake_is_one_sentence(
    launch: Launch, nets: str, words: tuple[str, ...], sentence: str
) -> None:
    shown = launch("score", *(word.format(nets=nets) for word in words), status=1)
    assert sentence in shown
