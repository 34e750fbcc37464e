import re

import numpy as np
import pytest

from epsilon_research.analysis.diagnosis import FAR_ABOVE, diagnose
from epsilon_research.analysis.protocols import DIFFERENCE_INTERVAL, summarise_metric
from tests.analysis.frames import score_frame, undefine


def summary_of(frame, *, metric="epsilon"):
    return summarise_metric(
        frame,
        metric=metric,
        target="test_accuracy",
        higher_is_better=True,
        rng=np.random.default_rng(0),
        num_resamples=200,
    )


def diagnosis(frame, *, metric="epsilon"):
    summary = summary_of(frame, metric=metric)
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
        "30 disconnected (the output does not depend on the input), 10 overflow."
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


@pytest.mark.parametrize(
    ("num_last", "sentence"),
    [
        (0, "They are left out of every protocol but worst, which ranks them last."),
        (
            10,
            "10 of them rank last under every protocol, as in the published code; the others are "
            "left out of every protocol but worst, which ranks them last.",
        ),
        (40, "They rank last under every protocol, as in the published code."),
    ],
)
def test_undefined_scores_that_rank_last_are_not_called_left_out(num_last, sentence):
    frame = score_frame(2000)
    undefine(frame, slice(0, 40), "identity_block")
    frame["epsilon_ranks_last"] = np.arange(len(frame)) < num_last
    found, _ = diagnosis(frame)  # the second sentence is of float32
    assert found.startswith("40 of 2,000 architectures (2.0 %) have no epsilon score: 40 a block")
    assert found.endswith(f". {sentence}")


def test_scores_near_zero_name_the_weights():
    frame = score_frame()
    frame["epsilon"] *= 1e-5
    [sentence] = diagnosis(frame)
    assert sentence.startswith("All epsilon scores are near zero (the largest is 1.2e-05)")
    assert sentence.endswith("Try weights that are further apart.")


def test_small_values_of_another_metric_mean_nothing():
    frame = score_frame()
    frame["nwot"] = frame["epsilon"] * 1e-5
    assert diagnosis(frame, metric="nwot") == []


@pytest.mark.parametrize(("rows", "is_few"), [(40, True), (400, False)])
def test_a_correlation_that_may_be_zero_asks_for_more_rows_where_there_are_few(rows, is_few):
    frame = score_frame(rows)
    frame["epsilon"] = np.random.default_rng(3).uniform(size=rows)
    [sentence] = diagnosis(frame)
    assert "test accuracy may be zero" in sentence
    assert ("score more architectures" in sentence) is is_few
    assert "batch_size" in sentence


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


def without_float32(rows: int, num_lost: int):
    """Scores that float32 loses are the ones that rank architectures the wrong way round."""
    frame = score_frame(rows)
    lost = frame.index[:num_lost]
    frame.loc[lost, "epsilon_float32_defined"] = False
    frame.loc[lost, "epsilon"] = 1 - frame.loc[lost, "epsilon"]
    return frame


def test_a_published_rho_that_is_higher_says_by_how_much_and_what_is_left_out():
    sentence = diagnosis(without_float32(400, 100))[-1]
    assert "under the published protocol, but" in sentence
    low, high = re.search(r"interval of the difference \[([\d.]+), ([\d.]+)\]", sentence).groups()
    assert 0 < float(low) < float(high)
    assert sentence.endswith("the published protocol leaves out 25.0 % of the architectures.")


def test_a_difference_that_few_rows_do_not_support_is_not_claimed():
    frame = without_float32(16, 2)
    found = summary_of(frame)
    assert found["paper"]["spearman_rho"] - found["connected"]["spearman_rho"] > FAR_ABOVE
    assert found["paper"][DIFFERENCE_INTERVAL][0] <= 0
    assert not any("published protocol" in sentence for sentence in diagnosis(frame))


def test_equal_rows_have_no_difference_of_rho():
    assert DIFFERENCE_INTERVAL not in summary_of(score_frame())["paper"]


def test_without_accuracies_only_the_scores_are_judged():
    frame = score_frame()
    undefine(frame, slice(0, 1), "overflow")
    frame["test_accuracy"] = np.nan
    sentences = diagnose(frame, {}, metric="epsilon", target="test_accuracy")
    assert len(sentences) == 2
    assert "overflow" in sentences[0]
