"""Scores beyond a run's own: the same numbers, each computed when it is first asked for."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from epsilon_research.data.synthetic import RandomNormal
from epsilon_research.executors import SerialExecutor
from epsilon_research.metrics.num_parameters import NumParameters
from epsilon_research.scoring import Scoring
from epsilon_research.spaces.toy import Toy
from epsilon_research.stages.search.on_demand import scores_of_run

IDS = list(Toy().architecture_ids[60:70])


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted(Scoring):
    """A scoring that is stopped from the keyboard."""

    def score(self, ids, descriptions):
        # A dataclass with slots is a new class, so that `super()` alone would not find it.
        result = Scoring.score(self, ids, descriptions)
        return replace(result, interrupted=True)


def scoring(kind: type[Scoring] = Scoring) -> Scoring:
    minibatch = RandomNormal(image_size=8).draw(batch_size=4, rng=np.random.default_rng(0))
    return kind(
        space=Toy(),
        metrics={"size": NumParameters()},
        minibatch=minibatch,
        executor=SerialExecutor(),
    )


def frame_of(ids: list[str]):
    return scoring().score_table(ids)


def test_what_the_run_did_not_score_gets_the_score_that_it_would_have_had() -> None:
    scores = scores_of_run(frame_of(IDS[:4]), scoring=scoring())
    assert list(scores) == ["size", "num_parameters"]
    whole = frame_of(IDS)
    for name, function in scores.items():
        np.testing.assert_array_equal(function(IDS), whole[name].to_numpy())
        np.testing.assert_array_equal(function(IDS[::-1]), whole[name].to_numpy()[::-1])


def test_the_runs_own_scores_are_not_computed_again() -> None:
    frame = frame_of(IDS[:4])
    frame["size"] = [1.0, 2.0, 3.0, np.nan]
    scores = scores_of_run(frame, scoring=scoring(Interrupted))
    np.testing.assert_array_equal(scores["size"](IDS[:4]), [1.0, 2.0, 3.0, np.nan])


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling(Scoring):
    """A scoring whose metric tells what float32 defines: sizes of odd rows."""

    def score(self, ids, descriptions):
        result = Scoring.score(self, ids, descriptions)
        odd = [IDS.index(id_) % 2 == 1 for id_ in ids]
        return replace(result, frame=result.frame.assign(size_float32_defined=odd))


@pytest.mark.parametrize("float32_only", [False, True])
def test_what_float32_leaves_undefined_counts_if_it_is_asked_for(float32_only: bool) -> None:
    whole = frame_of(IDS)
    frame = whole[:4].assign(size_float32_defined=[False, True, False, True])
    scores = scores_of_run(frame, scoring=scoring(Telling), float32_only=float32_only)
    expected = whole["size"].to_numpy(np.float64, copy=True)
    np.testing.assert_array_equal(scores["num_parameters"](IDS), whole["num_parameters"])
    if float32_only:
        expected[::2] = np.nan
    np.testing.assert_array_equal(scores["size"](IDS), expected)


def test_an_interrupt_while_scoring_ends_the_search() -> None:
    scores = scores_of_run(frame_of(IDS[:4]), scoring=scoring(Interrupted))
    with pytest.raises(KeyboardInterrupt):
        scores["size"](IDS)
