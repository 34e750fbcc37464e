"""Search by a predictor: what it learns from, what it trains next, and what it refuses."""

from typing import Any

import numpy as np
import pytest

from epsilon_research.search_methods import Domain, Start, Surrogate, Trajectory, run_search
from epsilon_research.search_methods.predictors import MODELS, predict
from epsilon_research.search_methods.surrogate import best_steps
from epsilon_research.spaces.nb201 import NasBench201, official_order
from tests.search_methods.words import WORDS_OF_GENES, Words

SPACE = NasBench201()


def fitness(architecture_id: str) -> float:
    return float(architecture_id.count("nor_conv_3x3"))


def found(method: Surrogate, *, budget: int = 40, seed: int = 1, **start: Any) -> Trajectory:
    evaluate = start.pop("evaluate", fitness)
    parts: dict[str, Any] = {"domain": Domain(space=SPACE)} | start
    return run_search(
        method.start(Start(**parts)),
        evaluate,
        budget=budget,
        counts_repeats=False,
        rng=np.random.default_rng(seed),
    )


@pytest.mark.parametrize("model", MODELS)
def test_it_obeys_its_seed_and_climbs_by_the_encoding_alone(model: str) -> None:
    method = Surrogate(model=model, uses_proxies=False, num_initial=10, num_candidates=100)
    first = found(method)
    assert first.trials == found(method).trials
    assert first.trials != found(method, seed=2).trials
    early, late = first.trained[:10], first.trained[-10:]
    assert np.mean([t.fitness for t in late]) > 1.5 + np.mean([t.fitness for t in early])


@pytest.mark.parametrize("model", MODELS)
def test_a_proxy_that_knows_is_followed_where_there_is_no_encoding(model: str) -> None:
    words = Words()
    ids = list(words.architecture_ids)
    hidden = dict(zip(ids, np.random.default_rng(0).permutation(len(ids)).tolist(), strict=True))

    def proxies(asked):
        return np.array([[np.nan, 1e20 * 2.0 ** hidden[id_]] for id_ in asked])

    trajectory = run_search(
        Surrogate(model=model, num_initial=30, refit_every=5).start(
            Start(domain=Domain(space=words), proxies=proxies)
        ),
        lambda id_: float(hidden[id_]),
        budget=35,
        counts_repeats=False,
        rng=np.random.default_rng(1),
    )
    # Five of 51 that it knows only by their proxy, which are far above their mean of 40.
    assert np.mean([trial.fitness for trial in trajectory.trained[30:]]) > 62


def test_a_warm_up_comes_first_and_only_the_feasible_is_trained() -> None:
    known = list(official_order()[:2000])
    first = tuple(known[100:104])
    trials = found(
        Surrogate(uses_proxies=False, num_initial=8, num_candidates=60),
        domain=Domain(space=SPACE, known=known),
        first=first,
        budget=20,
    ).trials
    assert tuple(trial.architecture_id for trial in trials[:4]) == first
    assert {trial.architecture_id for trial in trials} <= set(known)


def test_what_has_no_fitness_is_neither_fitted_nor_asked_again() -> None:
    trials = run_search(
        Surrogate(uses_proxies=False, num_initial=5, num_candidates=60).start(
            Start(domain=Domain(space=SPACE))
        ),
        lambda id_: np.nan if "none" in id_ else fitness(id_),
        budget=30,
        counts_repeats=False,
        rng=np.random.default_rng(0),
    ).trials
    assert sum(trial.repeated for trial in trials) == 0
    undefined = found(
        Surrogate(uses_proxies=False, num_initial=5), budget=8, evaluate=lambda id_: np.nan
    )
    assert len(undefined.trained) == 8


def test_it_looks_until_the_whole_space_is_trained() -> None:
    everything = run_search(
        Surrogate(uses_proxies=False, num_initial=5, num_candidates=40).start(
            Start(domain=Domain(space=WORDS_OF_GENES))
        ),
        lambda id_: float(id_.count("c")),
        budget=27,
        counts_repeats=False,
        rng=np.random.default_rng(0),
    )
    assert len({trial.architecture_id for trial in everything.trained}) == 27


def test_at_equal_costs_the_largest_predictions_are_chosen() -> None:
    predicted, zeros = np.array([0.2, 0.9, 0.5, 0.7]), np.zeros(4)
    chosen = best_steps(predicted, zeros, known=zeros, known_costs=zeros, count=3)
    assert chosen == [1, 3, 2]
    assert len(best_steps(predicted, zeros, known=zeros, known_costs=zeros, count=9)) == 4


def test_with_costs_the_largest_rise_above_the_front_is_chosen() -> None:
    # Known: 0.5 at cost 1, 0.9 at cost 5.
    chosen = best_steps(
        np.array([0.92, 0.8, 0.45, 0.99]),
        np.array([6.0, 2.0, 0.5, np.nan]),
        known=np.array([0.5, 0.9]),
        known_costs=np.array([1.0, 5.0]),
        count=3,
    )
    # Rises: 0.02, 0.3, 0.45 (nothing is as cheap); an unknown cost is never chosen.
    assert chosen == [2, 1, 0]
    # Once 0.8 is chosen at cost 2, 0.79 at cost 3 no longer rises by 0.29: 0.1 at 0.5 is next.
    again = best_steps(
        np.array([0.8, 0.79, 0.1]),
        np.array([2.0, 3.0, 0.5]),
        known=np.array([0.5]),
        known_costs=np.array([1.0]),
        count=2,
    )
    assert again == [0, 2]


def test_costs_lead_it_to_cheaper_architectures() -> None:
    means: dict[bool, float] = {}
    for cost in (None, lambda ids: np.array([fitness(id_) for id_ in ids])):
        trained = found(
            Surrogate(uses_proxies=False, num_initial=10, num_candidates=100), cost=cost
        ).trained
        means[cost is None] = np.mean([trial.fitness for trial in trained[20:]])
    assert means[False] < means[True]


@pytest.mark.parametrize("model", MODELS)
def test_a_feature_that_nothing_known_has_changes_nothing_but_is_taken(model: str) -> None:
    rng = np.random.default_rng(0)
    known, candidates = rng.uniform(size=(40, 2)), rng.uniform(size=(9, 2))
    known[:, 1] = np.nan
    found = predict(candidates, model=model, known=known, target=known[:, 0], seed=0)
    assert np.isfinite(found).all()
    assert np.corrcoef(found, candidates[:, 0])[0, 1] > 0.9


def test_settings_and_spaces_that_leave_nothing_to_learn_are_refused() -> None:
    with pytest.raises(ValueError, match=r"search=surrogate must have features .* got words"):
        Surrogate(uses_proxies=False).start(Start(domain=Domain(space=Words())))
    with pytest.raises(ValueError, match=r"search=surrogate must have features .* got words"):
        Surrogate().start(Start(domain=Domain(space=Words())))
    with pytest.raises(ValueError, match=r"search.model must be one of boosting, gaussian_process"):
        Surrogate(model="forest")
    with pytest.raises(ValueError, match=r"search.num_initial must be an integer of 2 or more"):
        Surrogate(num_initial=1)
