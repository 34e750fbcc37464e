"""Weight rules: what they look at, and what a run does with their choice."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from sentences import refused
from weight_inputs import METRIC, choose, scoring_of

from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.executors import Executor, Lost, SerialExecutor
from epsilon_research.metrics import Epsilon, Metric
from epsilon_research.metrics.num_parameters import NumParameters
from epsilon_research.scoring import Scoring
from epsilon_research.spaces.toy import Toy
from epsilon_research.store import open_store
from epsilon_research.weights.base import (
    ChosenPair,
    WeightRule,
    apply_rule,
    check_rule,
    epsilon_weights,
)
from epsilon_research.weights.limits import Limits
from epsilon_research.weights.sample import draw_functions, evaluate_weights
from epsilon_research.weights.widest import Widest

ENGINE = CollapsedEngine(dtype="float32")


def test_a_sample_is_of_connected_architectures_of_distinct_function() -> None:
    ids, descriptions = draw_functions(scoring_of(Toy()), count=20, rng=np.random.default_rng(0))
    assert len(set(ids)) == 20
    assert len({facts.canonical_hash for facts in descriptions}) == 20
    assert all(facts.connected for facts in descriptions)


def test_a_sample_of_a_small_space_is_all_there_is() -> None:
    scoring = scoring_of(Toy())
    everything = scoring.describe(scoring.space.architecture_ids)
    functions = {facts.canonical_hash for facts in everything if facts.connected}
    _, descriptions = draw_functions(scoring, count=1000, rng=np.random.default_rng(0))
    assert {facts.canonical_hash for facts in descriptions} == functions


@pytest.mark.parametrize("weights", [[1e-3, 1.0], [1e-3, 10.0, 1.0], [1e-4, 1e-3, 1.0, 10.0]])
def test_outputs_are_those_that_a_run_at_these_weights_has(weights: list[float]) -> None:
    scoring = scoring_of(Toy())
    ids = ["conv3x3-skip-conv1x1", "none-none-skip", "conv3x3-skip-conv1x1", "skip-pool-skip"]
    descriptions = scoring.describe(ids)
    found = evaluate_weights(METRIC, ids, descriptions, weights=weights, scoring=scoring)
    metric = replace(METRIC, weights=[weights[0], weights[-1]])
    run = replace(scoring, metrics={"epsilon": metric})
    frame = run.score(ids, descriptions).frame
    order = (0, -1) if weights[0] < weights[-1] else (-1, 0)
    scores = [metric.score(dict(enumerate(row[place] for place in order))) for row in found]
    np.testing.assert_array_equal([score.value for score in scores], frame["epsilon"])
    assert np.isnan(scores[1].value)
    assert all(len(row) == len(weights) for row in found)


class Counted(Executor):
    """Counts the forward passes that it hands out."""

    def __init__(self) -> None:
        self.passes = 0

    @property
    def num_processes(self) -> int:
        return 1

    def map(self, function: Callable, tasks: Iterable) -> Iterator:
        for task in tasks:
            if isinstance(task, list):
                self.passes += sum(len(order.passes) for order in task)
            yield function(task)


def test_what_the_store_has_is_not_computed_again(tmp_path: Path) -> None:
    store = open_store(path=str(tmp_path))
    first, second = Counted(), Counted()
    rule = Widest(num_architectures=8, most_undefined=1)
    once = choose(rule, scoring_of(Toy(), store=store, executor=first))
    again = choose(rule, scoring_of(Toy(), store=store, executor=second))
    assert first.passes > 0
    assert second.passes == 0
    assert again == once == choose(rule, scoring_of(Toy()))


class Deadly(SerialExecutor):
    """Loses every forward pass."""

    def map(self, function: Callable, tasks: Iterable) -> Iterator:
        for task in tasks:
            yield Lost(task) if isinstance(task, list) else function(task)


def test_a_process_that_dies_is_told() -> None:
    with pytest.raises(ChildProcessError, match=r"must survive .* worker_died"):
        choose(Widest(num_architectures=4), scoring_of(Toy(), executor=Deadly()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Always(WeightRule):
    """Chooses one pair, whatever there is."""

    weights: tuple[float, float]
    name: ClassVar[str] = "always"

    def choose(self, *, metric: Epsilon, scoring: Scoring, rng: np.random.Generator) -> ChosenPair:
        return ChosenPair(weights=self.weights, record={"why": "so"})


def test_a_choice_is_put_wherever_a_run_uses_epsilon() -> None:
    other = Epsilon(weights=[1e-3, 1], engine=ENGINE)
    metrics: dict[str, Metric] = {"epsilon": METRIC, "other": other, "size": NumParameters()}
    chosen, record = apply_rule(
        Always(weights=(1e2, 1e-5)),
        scoring=scoring_of(Toy(), metrics=metrics),
        rng=np.random.default_rng(0),
    )
    assert list(chosen) == ["epsilon", "other", "size"]
    assert epsilon_weights(chosen) == [1e-5, 1e2]
    assert chosen["other"] is other
    assert record["rule"] == "always"
    assert record["weights"] == [1e-5, 1e2]
    assert record["why"] == "so"
    assert record["seconds"] >= 0


def test_a_run_is_about_the_weights_of_epsilon() -> None:
    other = Epsilon(weights=[1e-3, 1], engine=ENGINE)
    assert epsilon_weights({"other": other, "epsilon": METRIC}) == [1e-7, 1.0]
    assert epsilon_weights({"size": NumParameters(), "other": other}) == [1e-3, 1.0]
    assert epsilon_weights({"size": NumParameters()}) is None


def test_a_rule_needs_epsilon_and_no_weights_beside_it() -> None:
    check_rule(None, metrics={}, published=[1e-7, 1])
    check_rule(Limits(), metrics={"epsilon": METRIC}, published=[1e-7, 1])
    with pytest.raises(ValueError, match=r"weight_rule=limits must have a metric epsilon .* size"):
        check_rule(Limits(), metrics={"size": NumParameters()}, published=[1e-7, 1])
    given_too = replace(METRIC, weights=[1e-3, 1])
    with pytest.raises(
        ValueError,
        match=r"weights must not be given together with weight_rule=widest.*\[0.001, 1.0\]: leave",
    ):
        check_rule(Widest(), metrics={"epsilon": given_too}, published=[1e-7, 1])


def test_without_a_published_pair_a_rule_stands_in_for_weights_that_nobody_gave() -> None:
    rule, unset = Limits(), replace(METRIC, weights=None)
    assert check_rule(rule, metrics={"epsilon": unset}, published=None) is rule
    assert check_rule(rule, metrics={"epsilon": METRIC}, published=None) is None
    assert check_rule(rule, metrics={"size": NumParameters()}, published=None) is None
    for asked, metrics in ((None, {"epsilon": unset}), (rule, {"epsilon": unset, "b": unset})):
        with refused(ValueError, "weights must be given on a search space for which the paper"):
            check_rule(asked, metrics=metrics, published=None)
    with pytest.raises(ValueError, match=r"weights must be two .* got None"):
        _ = unset.passes
