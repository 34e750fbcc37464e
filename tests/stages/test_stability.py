"""Metrics repeated with other minibatches and seeds."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from epsilon_research.data import Minibatch
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.metrics import Candidate, Epsilon, Metric, Score, SinglePassMetric
from epsilon_research.spaces.nb201 import official_order
from epsilon_research.stages.stability import Stability
from tests.stages.contexts import prepared_run, scored


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(SinglePassMetric):
    """Parameters plus noise: the larger the scale, the less is left of them."""

    seed: int
    scale: float
    name: str = "drawn"
    shared_by_function: bool = False
    candidates_per_chunk: int = 64

    def scorer(self, minibatch: Minibatch) -> Callable[[Candidate], Score]:
        def score(candidate: Candidate) -> Score:
            size = candidate.num_parameters
            noise = np.random.default_rng([self.seed, size]).normal()
            return Score(value=math.log(size) + self.scale * float(noise))

        return score


def measured(metrics: Mapping[str, Metric], **counts: int) -> dict:
    context = scored(prepared_run(ids=official_order()[:60], metrics=metrics))
    stage = Stability(**{"sample_size": 50, "minibatches": 2, "seeds": 2} | counts)
    return dict(stage.run(context).summary["stability"])


def test_noise_shows_between_seeds_and_not_between_minibatches() -> None:
    found = measured({"calm": Drawn(seed=1, scale=0.01), "wild": Drawn(seed=1, scale=100.0)})
    assert found["calm"]["seed"]["mean_rho"] > 0.95
    assert abs(found["wild"]["seed"]["mean_rho"]) < 0.5
    assert found["wild"]["minibatch"]["mean_rho"] == pytest.approx(1)
    assert found["calm"]["seed"]["repeats"] == 3
    assert found["calm"]["seed"]["n"] == 50


def test_epsilon_has_minibatches_only_and_they_matter() -> None:
    found = measured({"epsilon": Epsilon(weights=[1e-7, 1], engine=CollapsedEngine())})
    assert set(found["epsilon"]) == {"minibatch"}
    rho = found["epsilon"]["minibatch"]
    assert 0 < rho["min_rho"] <= rho["mean_rho"] < 1
    assert rho["coverage"] == 1


@pytest.mark.parametrize("wrong", [{"sample_size": 2}, {"minibatches": -1}, {"seeds": -1}])
def test_what_makes_no_sense_is_refused(wrong: dict) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=f"stability.{name} must be an integer of"):
        Stability(**{"sample_size": 10, "minibatches": 1, "seeds": 1} | wrong)
