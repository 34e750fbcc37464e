"""Spaces of what a user's builder makes of a trial."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from epsilon_research.launch.trust import check_targets
from epsilon_research.programs import count_parameters
from epsilon_research.spaces.built import BuiltSpace
from epsilon_research.spaces.trials import read, written
from tests.builders import build
from tests.commands import ROOT

SPACE = BuiltSpace(build=build, num_drawn=20)
ID = "depth=1 kernel0=3 pool=2 pooled=true width=8"


def test_an_id_holds_the_parameters_in_one_form() -> None:
    assert SPACE.parse("width=8  pooled=true kernel0=3 depth=1 pool=2") == ID
    values = {"b": 0.1, "a": "relu6", "c": None, "d": False, "e": -3, "f": "x y=1"}
    assert read(written(values)) == values
    assert written({"b": 1, "a": 2}) == "a=2 b=1"


def test_a_program_is_the_network_with_the_outputs_that_are_asked_for() -> None:
    network = SPACE.built(ID).network
    program = SPACE.program(ID, num_outputs=SPACE.num_classes)
    assert count_parameters(program) == sum(value.numel() for value in network.parameters())
    assert SPACE.program(ID, num_outputs=1).num_outputs == 1


def test_a_mutation_changes_one_parameter_and_draws_what_it_asks_for() -> None:
    rng = np.random.default_rng(0)
    changed = set()
    for _ in range(60):
        parent, child = read(ID), read(SPACE.mutate(ID, rng))
        different = {name for name in parent if name in child and child[name] != parent[name]}
        assert len(different) == 1, child
        gone = {"pool"} if different == {"pooled"} else set()
        new = {f"kernel{n}" for n in range(1, child["depth"])}
        assert child.keys() == (parent.keys() - gone) | new
        changed |= different
    assert changed == {"depth", "kernel0", "pool", "pooled", "width"}


def test_draws_follow_the_generator_and_leave_pytorch_s_alone() -> None:
    state = torch.get_rng_state()
    first = SPACE.sample(8, np.random.default_rng(3))
    assert first == SPACE.sample(8, np.random.default_rng(3))
    assert first != SPACE.sample(8, np.random.default_rng(4))
    assert len(set(first)) == 8
    assert len(SPACE.architecture_ids) == 20
    assert torch.equal(state, torch.get_rng_state())


def one_number(trial: Any) -> nn.Module:
    return nn.Linear(trial.suggest_int("a", 1, 2), 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("depth", "must be written as name=value"),
        ("depth=1 depth=2", "each once"),
        ("depth=1,width=4", "must be written as name=value"),
        (ID.replace("width=8", "width=9"), "width must be one of .*got 9"),
        (ID.replace("depth=1", 'depth="x"'), "that build takes, got depth="),
        (f"{ID} kernel7=1", "got kernel7 beside them"),
        (ID.replace("width=8", ""), "width"),
    ],
)
def test_what_is_no_architecture_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        SPACE.parse(text)


@pytest.mark.parametrize(
    ("builder", "sentence"),
    [
        ("tests.builders:nothing", "has no attribute 'nothing'"),
        ("no_such_module:build", "No module named 'no_such_module'"),
        ("tests.builders", "package.module:function"),
        ("tests.builders:__doc__", "that is no function"),
        (7, "package.module:function, got 7"),
    ],
)
def test_what_is_no_builder_is_refused(builder: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        BuiltSpace(build=builder)


def test_a_small_space_cannot_give_more_than_it_has() -> None:
    small = BuiltSpace(build=one_number)
    assert sorted(small.architecture_ids) == ["a=1", "a=2"]
    with pytest.raises(ValueError, match="at most about 2"):
        small.sample(3, np.random.default_rng(0))


def test_the_command_line_builds_what_is_trusted_only(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"search_space": {"build": "my_lab.nets:build"}}
    monkeypatch.delenv("EPSILON_TRUSTED", raising=False)
    with pytest.raises(ValueError, match=r"build must name .*EPSILON_TRUSTED=PACKAGE"):
        check_targets(settings)
    monkeypatch.setenv("EPSILON_TRUSTED", "my_lab")
    check_targets(settings)
    with pytest.raises(ValueError, match=r"os.system"):
        check_targets({"search_space": {"build": "os:system os.system"}})


def test_a_space_needs_pytorch_and_optuna_only_when_it_is_used() -> None:
    code = (
        "import sys; from epsilon_research.spaces import BuiltSpace; "
        "print({'optuna', 'torch'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert found.stdout == "set()\n"
