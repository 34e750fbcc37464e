import numpy as np
import pytest

from epsilon_research.analysis.diagnosis import diagnose
from epsilon_research.analysis.protocols import summarise_metric
from tests.analysis.frames import score_frame, undefine


def diagnosis(frame, *, metric="epsilon"):
    summary = summarise_metric(
        frame,
        metric=metric,
        target="test_accuracy",
        higher_is_better=True,
        rng=np.random.default_rng(0),
        num_resamples=200,
    )
    return diagnose(frame, summary, metric=metric, target="test_accuracy")


def test_nothing_is_said_where_all_is_well():
    assert diagnosis(score_frame()) == []


def test_undefined_scores_are_counted_by_reason():
    frame = score_frame(2000)
    undefine(frame, slice(0, 30), "disconnected")
    undefine(frame, slice(30, 40), "overflow")
    frame.loc[frame.index[40:50], "epsilon_float32_defined"] = False
    undefined, float32 = diagnosis(frame)
    assert undefined.startswith(
        "40 of 2,000 architectures (2.0 %) have no epsilon score: "
        "30 disconnected (no path from input to output), 10 overflow."
    )
    assert float32 == (
        "The published float32 code would have lost 50 of 2,000 architectures (2.5 %); "
        "10 of them have a score here."
    )


def test_an_undefined_score_without_a_reason_is_still_counted():
    frame = score_frame()
    frame.loc[0, "epsilon"] = np.nan
    [sentence] = diagnosis(frame)
    assert "1 no reason recorded" in sentence


def test_scores_near_zero_name_the_weights():
    frame = score_frame()
    frame["epsilon"] *= 1e-5
    [sentence] = diagnosis(frame)
    assert sentence.startswith("All epsilon scores are near zero (the largest is 1.2e-05)")
    assert "weights=[1e-7,1]" in sentence


def test_small_values_of_another_metric_mean_nothing():
    frame = score_frame()
    frame["nwot"] = frame["epsilon"] * 1e-5
    assert diagnosis(frame, metric="nwot") == []


@pytest.mark.parametrize(("rows", "first"), [(40, "few rows"), (400, "minibatch")])
def test_a_correlation_that_may_be_zero_names_the_likelier_cause_first(rows, first):
    frame = score_frame(rows)
    frame["epsilon"] = np.random.default_rng(3).uniform(size=rows)
    [sentence] = diagnosis(frame)
    assert "test accuracy may be zero" in sentence
    second = {"few rows": "minibatch", "minibatch": "few rows"}[first]
    assert sentence.index(first) < sentence.index(second)


def test_a_correlation_that_cannot_be_computed_says_of_how_many_rows():
    frame = score_frame()
    frame.loc[2:, "test_accuracy"] = np.nan
    [sentence] = diagnosis(frame)
    assert "cannot be computed: 2 connected architectures have both" in sentence


def test_ties_between_different_functions_are_counted():
    frame = score_frame()
    frame["epsilon"] = frame["epsilon"].round(2)
    [sentence] = diagnosis(frame)
    assert sentence.startswith("Many ties: ")
    assert "of 400 distinct functions" in sentence


def test_ties_between_equal_functions_are_as_they_should_be():
    frame = score_frame()
    frame.loc[200:, "canonical_hash"] = frame.loc[:199, "canonical_hash"].to_numpy()
    frame.loc[200:, "epsilon"] = frame.loc[:199, "epsilon"].to_numpy()
    frame.loc[200:, "test_accuracy"] = frame.loc[:199, "test_accuracy"].to_numpy()
    assert diagnosis(frame) == []


def test_a_published_number_that_flatters_says_what_it_leaves_out():
    frame = score_frame()
    lost = frame.index[:100]
    frame.loc[lost, "epsilon_float32_defined"] = False
    frame.loc[lost, "epsilon"] = 1 - frame.loc[lost, "epsilon"]
    sentence = diagnosis(frame)[-1]
    assert "under the published protocol, but" in sentence
    assert sentence.endswith("the published number leaves out 25.0 % of the architectures.")


def test_without_accuracies_only_the_scores_are_judged():
    frame = score_frame()
    undefine(frame, slice(0, 1), "overflow")
    frame["test_accuracy"] = np.nan
    sentences = diagnose(frame, {}, metric="epsilon", target="test_accuracy")
    assert len(sentences) == 2
    assert "overflow" in sentences[0]
