"""Whether the order of scores is known."""

import numpy as np
import pandas as pd
import pytest

from epsilon_research.analysis.diagnosis import diagnose
from epsilon_research.analysis.protocols import protocol_scores
from epsilon_research.analysis.resolution import rank_stability, unresolved


def frame(*, resolution: float, resolved: bool) -> pd.DataFrame:
    scores = np.linspace(0.2, 0.7, 50)
    return pd.DataFrame(
        {
            "epsilon": scores,
            "epsilon_failure": [None] * 50,
            "epsilon_float32_defined": True,
            "epsilon_resolution": resolution,
            "epsilon_resolved": resolved,
            "connected": True,
            "canonical_hash": [str(i) for i in range(50)],
        }
    )


def sentences(table: pd.DataFrame) -> str:
    return " ".join(diagnose(table, {}, metric="epsilon", target="test_accuracy"))


def test_errors_below_the_distances_of_scores_change_no_rank() -> None:
    scores = np.array([0.3, 0.1, 0.2, 0.9])
    assert rank_stability(scores, np.full(4, 0.04)) == pytest.approx(1)
    assert rank_stability(scores, np.full(4, 0.06)) < 0.9


def test_errors_of_the_size_of_all_scores_leave_little_of_the_ranking() -> None:
    scores = np.linspace(0, 1, 101)
    assert rank_stability(scores, np.full(101, 10.0)) < 0.6


def test_undefined_scores_and_other_metrics_are_not_unresolved() -> None:
    table = frame(resolution=1e-9, resolved=False)
    table.loc[3, "epsilon"] = np.nan
    table["flops"] = 1.0
    assert unresolved(table, "epsilon").sum() == 49
    assert unresolved(table, "flops").sum() == 0


def test_rounding_is_mentioned_only_where_it_changes_the_ranking() -> None:
    assert "Rounding changes the ranking: 50 of 50" in sentences(
        frame(resolution=0.3, resolved=False)
    )
    assert "Rounding" not in sentences(frame(resolution=1e-3, resolved=False))
    assert "Rounding" not in sentences(frame(resolution=0.3, resolved=True))


def test_the_paper_protocol_keeps_ties_at_zero_that_the_published_filter_would_drop() -> None:
    table = frame(resolution=1e-9, resolved=True)
    table.loc[:4, "epsilon"] = 0.0
    kept = protocol_scores(table, metric="epsilon", protocol="paper", paper_filter="positive")
    assert np.isfinite(kept).all()
    exact = table.drop(columns="epsilon_resolution")
    kept = protocol_scores(exact, metric="epsilon", protocol="paper", paper_filter="positive")
    assert np.isnan(kept).sum() == 5
