"""Constraints of a search: what is infeasible is never trained, by any of the algorithms."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from epsilon_research.benchmarks.hardware_costs import hardware_costs
from epsilon_research.metrics.flops import Flops
from epsilon_research.metrics.num_parameters import NumParameters
from epsilon_research.search_methods import ScoreCache
from epsilon_research.spaces.nb201 import NasBench201, official_order
from epsilon_research.spaces.nbmacro import NasBenchMacro
from epsilon_research.stages.search.algorithms import (
    AgeingEvolutionStage,
    LocalSearchStage,
    OptunaStage,
    RandomSearchStage,
)
from epsilon_research.stages.search.base import SearchStage
from epsilon_research.stages.search.on_demand import (
    Constraints,
    check_costs,
    cost_names,
    costs_of_run,
)
from epsilon_research.stages.search.task import SearchInputs
from tests.stages.contexts import prepared_run
from tests.stages.word_searches import SMALL, table_of

IDS = list(official_order()[:600])
LATENCY = hardware_costs("raspi4_latency")
LIMIT = float(LATENCY[IDS].median())
STAGES: dict[str, SearchStage] = {
    "random": RandomSearchStage(**SMALL, constraints={"raspi4_latency": LIMIT}),
    "evolution": AgeingEvolutionStage(
        **SMALL, population_size=5, tournament_size=2, constraints={"raspi4_latency": LIMIT}
    ),
    "local": LocalSearchStage(**SMALL, num_initial=3, constraints={"raspi4_latency": LIMIT}),
    "tpe": OptunaStage(**SMALL, num_first=3, constraints={"raspi4_latency": LIMIT}),
    "nsga2": OptunaStage(
        **SMALL, sampler="nsga2", num_first=3, constraints={"raspi4_latency": LIMIT}
    ),
}


def inputs(**changes: Any) -> SearchInputs:
    """The dearer a cell is, the better: without constraints a search would leave its limit."""
    accuracies = pd.DataFrame(
        {
            "architecture_id": IDS,
            "validation_accuracy": LATENCY[IDS].to_numpy() / 100,
            "test_accuracy": LATENCY[IDS].to_numpy() / 100,
        }
    )
    parts: dict[str, Any] = {
        "space": NasBench201(),
        "table": table_of(accuracies),
        "scores": {"size": ScoreCache(lambda ids: LATENCY[list(ids)].to_numpy())},
        "metrics": ["size"],
        "scored": IDS[:400],
        "costs": {"raspi4_latency": ScoreCache(lambda ids: LATENCY[list(ids)].to_numpy())},
    }
    return SearchInputs(**parts | changes)


@pytest.mark.parametrize("name", STAGES)
def test_no_search_trains_what_is_infeasible_with_and_without_a_warm_up(name: str) -> None:
    outcome = STAGES[name].search(inputs(), rng=np.random.default_rng(1))
    asked = outcome.frames["search_trials"]
    assert (LATENCY[asked["architecture_id"]] <= LIMIT).all()
    trained = asked[~asked["repeated"]].groupby(["variant", "repeat"]).size()
    assert set(trained) == {SMALL["budget"]}
    for entry in outcome.summary["search"].values():
        assert entry["constraints"] == {"raspi4_latency": LIMIT}
        assert entry["feasible"] == (LATENCY[IDS] <= LIMIT).sum()
    warm = next(entry for entry in outcome.summary["search"].values() if entry["warmup_metric"])
    assert warm["warmup_universe"] == (LATENCY[IDS[:400]] <= LIMIT).sum()
    (best,) = outcome.tables
    assert best.head[-1] == "raspi4_latency"
    assert all(float(row[-1]) <= LIMIT for row in best.rows)


def test_without_a_table_architectures_are_judged_when_they_are_met() -> None:
    stage = AgeingEvolutionStage(
        **SMALL | {"repeats": 1}, population_size=5, tournament_size=2,
        objective=lambda id_: float(LATENCY[id_]), constraints={"raspi4_latency": LIMIT},
    )  # fmt: skip
    outcome = stage.search(inputs(table=None), rng=np.random.default_rng(1))
    asked = outcome.frames["search_trials"]["architecture_id"]
    assert (LATENCY[asked] <= LIMIT).all()
    assert not set(asked) <= set(IDS)
    assert {entry["feasible"] for entry in outcome.summary["search"].values()} == {None}
    costs = {"flops": ScoreCache(lambda ids: np.where(np.isin(ids, IDS[:1]), 1.0, np.nan))}
    with pytest.raises(ValueError, match=r"must leave some architecture of nb201, got none among"):
        RandomSearchStage(
            **SMALL | {"repeats": 1, "warmup_pool": 0},
            objective=stage.objective,
            constraints={"flops": 2},
        ).search(inputs(table=None, costs=costs), rng=np.random.default_rng(1))


def test_what_has_no_known_cost_is_infeasible_and_all_limits_hold() -> None:
    costs = {
        "a": ScoreCache(lambda ids: np.array([1.0, 2.0, np.nan, 2.0])),
        "b": ScoreCache(lambda ids: np.array([1.0, 1.0, 1.0, 9.0])),
    }
    four = Constraints(limits={"a": 2, "b": 5}, costs=costs)
    assert four.among(list("wxyz"), what="letters") == ["w", "x"]
    none = Constraints(limits={"a": 0.5}, costs=costs)
    with pytest.raises(ValueError, match=r"some of 4 letters, got none, whose least are a 1: "):
        none.among(list("wxyz"), what="letters")
    assert Constraints(limits={}, costs={}).admits() is None


def test_costs_are_counted_as_the_metrics_count_them_and_looked_up() -> None:
    prepared = prepared_run(ids=IDS[:4], metrics={"flops": Flops()})
    frame = prepared.scoring.score_table(prepared.ids)
    costs = costs_of_run(frame.iloc[:2], scoring=prepared.scoring, dataset="cifar100")
    for name in ("flops", "num_parameters"):
        np.testing.assert_array_equal(costs[name](IDS[:4]), frame[name])
    np.testing.assert_array_equal(
        costs["fpga_energy"](IDS[:4]), hardware_costs("fpga_energy", dataset="cifar100")[IDS[:4]]
    )
    # A metric of another kind that has a count's name is none.
    other = prepared_run(metrics={"flops": NumParameters()}).scoring
    others = costs_of_run(other.score_table(IDS[:4]), scoring=other, dataset="cifar10")
    np.testing.assert_array_equal(others["flops"](IDS[:4]), frame["flops"])


def test_costs_that_a_space_does_not_have_are_refused_by_name() -> None:
    assert "eyeriss_arithmetic_intensity" not in cost_names(NasBench201())
    check_costs("search.constraints", ["pixel3_latency", "flops"], NasBench201())
    with pytest.raises(ValueError, match=r"on nbmacro, .*\(latencies and energies: nb201 alone\)"):
        check_costs("search.constraints", ["pixel3_latency"], NasBenchMacro())
    stage = RandomSearchStage(constraints={"watt": 3})
    with pytest.raises(ValueError, match=r"search.constraints must name costs .*, got watt: "):
        stage.check(prepared_run())
    with pytest.raises(ValueError, match=r"search.constraints.flops must be .* above 0, got 0"):
        RandomSearchStage(constraints={"flops": 0})
    with pytest.raises(ValueError, match=r"search.hardware_dataset must be one of cifar10"):
        RandomSearchStage(hardware_dataset="mnist")
