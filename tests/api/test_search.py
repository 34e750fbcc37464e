"""`er.search`, as a user types it."""

from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
import torch
from torch import nn

import epsilon_research as er
from epsilon_research.api.search import search
from tests.builders import Shortcut, build

IMAGES = torch.randn(32, 3, 8, 8, generator=torch.Generator().manual_seed(0))
LIMITS = {"flops": 40_000.0, "num_parameters": 3_000.0}


def test_the_ten_lines_of_the_readme_run_as_typed(tmp_path: Path) -> None:
    images = IMAGES

    def my_network(width: int, depth: int, kernel: int) -> nn.Module:
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, stride=2, padding=1)]
        for _ in range(depth):
            convolution = nn.Conv2d(width, width, kernel, padding=kernel // 2)
            layers += [nn.BatchNorm2d(width), Shortcut(nn.ReLU(), convolution)]
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))

    lines = """
import epsilon_research as er

frame = er.score("nb201", n=100, metrics=["epsilon", "naswot"])       # DataFrame, one row per architecture
er.correlate(frame)                                                     # statistics by metric and protocol

def build(trial):                                                       # define-by-run, Optuna's own interface
    width = trial.suggest_int("width", 16, 64, step=16)
    depth = trial.suggest_int("depth", 2, 6)
    kernel = trial.suggest_categorical("kernel", [3, 5])
    return my_network(width, depth, kernel)

best = er.search(build, images, budget=500, constraints={"flops": 50e6, "num_parameters": 1e6})
best.pareto, best.best_params, best.plot()
"""  # noqa: E501
    # Fewer of everything, which a user would wait for.
    lines = lines.replace("n=100", "n=4, batch_size=16").replace("budget=500", "budget=12")
    scope: dict[str, Any] = {"images": images, "my_network": my_network}
    exec(lines, scope)

    best = scope["best"]
    assert set(best.best_params) == {"width", "depth", "kernel"}
    assert {"epsilon", "flops", "num_parameters"} <= set(best.pareto)
    assert scope["er"].correlate(scope["frame"]).index.names == ["metric", "protocol"]
    best.plot().savefig(tmp_path / "front.png")
    assert (tmp_path / "front.png").stat().st_size > 5000


SAMPLERS = ("random", "tpe", "nsga2", "random_search", "ageing_evolution", "local_search")


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_obeys_its_seed_and_keeps_infeasible_networks_out(sampler: str) -> None:
    settings: dict[str, Any] = {
        "budget": 25, "constraints": LIMITS, "metrics": "num_layers", "sampler": sampler,
        "progress": False,
    }  # fmt: skip
    found = search(build, IMAGES, seed=3, **settings)
    pd.testing.assert_frame_equal(found.trials, search(build, IMAGES, seed=3, **settings).trials)
    assert not found.trials.equals(search(build, IMAGES, seed=4, **settings).trials)

    trials = found.trials
    inside = np.all([trials[name] <= limit for name, limit in LIMITS.items()], axis=0)
    assert trials["feasible"].tolist() == inside.tolist()
    assert 0 < inside.sum() < len(trials)
    assert found.ranked["feasible"].all()
    assert found.ranked["num_layers"].max() == trials[inside]["num_layers"].max()
    best = found.ranked.iloc[0]
    assert best["architecture_id"].startswith(f"depth={found.best_params['depth']} ")
    # The front by its definition, each pair compared.
    rows = found.ranked
    for _, row in rows.iterrows():
        beaten = any(
            other["num_layers"] >= row["num_layers"]
            and all(other[name] <= row[name] for name in LIMITS)
            and (
                other["num_layers"] > row["num_layers"]
                or any(other[name] < row[name] for name in LIMITS)
            )
            for _, other in rows.iterrows()
        )
        assert beaten != (row["architecture_id"] in set(found.pareto["architecture_id"]))


def test_several_objectives_have_directions() -> None:
    found = search(
        build, IMAGES, budget=30, metrics=["num_layers", "num_parameters"],
        minimise=["num_parameters"], progress=False,
    )  # fmt: skip
    assert found.objectives == {"num_layers": "maximize", "num_parameters": "minimize"}
    front = found.pareto
    assert front["num_layers"].is_monotonic_decreasing
    assert front["num_parameters"].is_monotonic_decreasing
    assert found.plot().axes


def test_a_search_finds_what_random_draws_do_not() -> None:
    def wide(trial: optuna.Trial) -> nn.Module:
        width = 1 + sum(trial.suggest_int(name, 0, 9) for name in "abcdefghij")
        return nn.Sequential(nn.Conv2d(3, width, 1), nn.Flatten())

    settings: dict[str, Any] = {"budget": 80, "metrics": "num_parameters", "progress": False}
    best = {
        sampler: search(wide, IMAGES, sampler=sampler, **settings).ranked["num_parameters"][0]
        for sampler in ("random", "local_search", "tpe")
    }
    # Ten draws of 0 to 9 have a standard deviation of 9, each width is 4 parameters.
    assert best["local_search"] > best["random"] + 4 * 5
    assert best["tpe"] > best["random"] + 4 * 5


class Refuses(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("not this one")


def test_a_network_that_raises_is_a_trial_without_a_score() -> None:
    def moody(trial: optuna.Trial) -> nn.Module:
        return build(trial) if trial.suggest_categorical("good", [True, False]) else Refuses()

    found = search(moody, IMAGES, budget=12, constraints={"flops": 1e9}, progress=False, seed=1)
    bad = found.trials[~found.trials["params_good"].astype(bool)]
    assert len(bad)
    assert bad["epsilon"].isna().all()
    assert bad["epsilon_failure"].str.contains("not this one").all()
    assert not bad["feasible"].any()
    assert found.best_params["good"] is True


def test_without_optuna_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("epsilon_research.api.search.find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match=r"must have .* optuna.*research\[search\]"):
        search(build, torch.rand(16, 3, 8, 8), budget=2)


def test_where_nothing_is_feasible_a_sentence_says_so() -> None:
    found = search(build, IMAGES, budget=3, constraints={"flops": 1}, progress=False)
    assert found.pareto.empty
    with pytest.raises(ValueError, match="got 0 feasible ones of 3: relax the constraints"):
        found.best_params  # noqa: B018
    assert found.plot().axes


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"budget": 0}, "budget must be an integer of 1 or more"),
        ({"seed": -1}, "seed must be an integer of 0 or more"),
        ({"metrics": "epsilom"}, "did you mean epsilon?"),
        ({"minimise": ["flops"]}, "minimise must be one of epsilon, got 'flops'"),
        ({"constraints": {"flop": 1}}, "did you mean flops?"),
        ({"constraints": {"flops": "1e6"}}, "constraints must be numbers, got '1e6' for flops"),
        ({"constraints": ["flops"]}, "constraints must be a mapping"),
        ({"sampler": "cmaes"}, "sampler must be one of random, tpe"),
        ({"metrics": ["epsilon", "flops"], "sampler": "local_search"}, "one objective, got 2"),
        ({"images": IMAGES[:2]}, "batch_size must be at least 3"),
        ({"build": "nowhere"}, "package.module:function"),
        ({"build": lambda trial: nn.Identity()}, "at least one parameter, got none"),
        ({"build": lambda trial: trial.suggest_int("a", 1, 2)}, "must be a torch.nn.Module"),
    ],
)
def test_mistakes_are_refused_in_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    given = {"build": build, "images": IMAGES, "budget": 2, "progress": False} | settings
    with pytest.raises(ValueError, match=sentence):
        er.search(**given)
