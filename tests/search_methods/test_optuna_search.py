"""Optuna's samplers behind the project's ask and tell."""

import numpy as np
import pytest

from epsilon_research.search_methods import Domain, OptunaSearch, Start, run_search
from epsilon_research.spaces.nb201 import NasBench201, official_order
from tests.search_methods.words import Words

SPACE = NasBench201()


def fitness(architecture_id: str) -> float:
    return float(architecture_id.count("nor_conv_3x3"))


def found(name: str, *, seed: int = 1, budget: int = 60, known: list[str] | None = None, **more):
    start = Start(domain=Domain(space=SPACE, known=known), **more)
    return run_search(
        OptunaSearch(name=name).start(start),
        fitness,
        budget=budget,
        counts_repeats=False,
        rng=np.random.default_rng(seed),
    )


@pytest.mark.parametrize("name", ["tpe", "nsga2"])
def test_it_obeys_its_seed_and_climbs(name: str) -> None:
    first = found(name)
    assert first.trials == found(name).trials
    assert first.trials != found(name, seed=2).trials
    assert len(first.trained) == 60
    early, late = first.trained[:20], first.trained[-20:]
    assert np.mean([t.fitness for t in late]) > 1 + np.mean([t.fitness for t in early])
    assert max(trial.fitness for trial in first.trained) >= 4


@pytest.mark.parametrize("name", ["tpe", "nsga2"])
def test_a_warm_up_comes_first_and_unknown_architectures_are_never_evaluated(name: str) -> None:
    known = list(official_order()[:3000])
    first = tuple(known[100:104])
    trials = found(name, budget=30, known=known, first=first).trials
    assert tuple(trial.architecture_id for trial in trials[:4]) == first
    assert {trial.architecture_id for trial in trials} <= set(known)


def test_without_optuna_a_search_is_refused_before_any_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("epsilon_research.search_methods.optuna_search.find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match=r"nsga2 must have .*research\[search\]"):
        OptunaSearch(name="nsga2")


def test_a_space_without_genes_is_refused() -> None:
    with pytest.raises(ValueError, match="search=tpe must have a space of independent genes"):
        OptunaSearch().start(Start(domain=Domain(space=Words())))
    with pytest.raises(ValueError, match="sampler must be one of tpe, nsga2, got 'cmaes'"):
        OptunaSearch(name="cmaes")
