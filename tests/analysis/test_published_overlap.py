import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from epsilon_research.analysis.published_overlap import published_top10_overlap_percent
from epsilon_research.analysis.top import oriented, top10_overlap_percent

whole = st.integers(0, 12).map(float)
tied = st.integers(3, 120).flatmap(lambda rows: arrays(np.float64, (2, rows), elements=whole))


def naive(scores: np.ndarray, losses: np.ndarray) -> float:
    """The share as a loop over raw losses counts it."""
    high, low = np.nanpercentile(scores, 90), np.nanpercentile(scores, 10)
    good = np.nanpercentile(losses, 10)
    both = sum(s > high and loss < good for s, loss in zip(scores, losses, strict=True))
    worst = sum(s < low for s in scores)
    return 100 * both / worst if worst else np.nan


@given(table=tied)
def test_it_is_the_published_share_of_raw_losses(table: np.ndarray) -> None:
    scores, losses = table
    good = oriented(losses, higher_is_better=False)
    expected = naive(scores, losses)
    assert published_top10_overlap_percent(scores, good) == pytest.approx(expected, nan_ok=True)


@given(rows=st.integers(3, 300), seed=st.integers(0, 2**32 - 1))
def test_without_ties_it_is_the_sound_share(rows: int, seed: int) -> None:
    scores, accuracies = np.random.default_rng(seed).permuted(
        np.tile(np.arange(float(rows)), (2, 1)), axis=1
    )
    sound = top10_overlap_percent(scores, accuracies)
    assert published_top10_overlap_percent(scores, accuracies) == pytest.approx(sound)


def test_ties_change_one_end_only() -> None:
    # Of 0..19 two lie above the 90th percentile and two below the 10th.
    scores = np.arange(20.0)
    assert published_top10_overlap_percent(scores, scores) == 100
    tied_low = scores.copy()
    tied_low[1:4] = 1
    assert published_top10_overlap_percent(tied_low, scores) == 200
    tied_high = scores.copy()
    tied_high[-4:] = 19
    assert published_top10_overlap_percent(tied_high, scores) == 0


def test_without_scores_below_the_percentile_it_is_undefined() -> None:
    scores = np.array([0.0] * 10 + [1.0, 2.0])
    assert np.isnan(published_top10_overlap_percent(scores, np.arange(12.0)))
    assert top10_overlap_percent(scores, np.arange(12.0)) == 100


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_too_few_rows_give_nan(rows: int) -> None:
    values = np.arange(float(rows))
    assert np.isnan(published_top10_overlap_percent(values, values))


def test_undefined_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        published_top10_overlap_percent(np.array([1.0, np.nan, 2.0]), np.arange(3.0))
