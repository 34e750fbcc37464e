"""The architectures with the highest scores, and what is known of them."""

import numpy as np
import pytest

from epsilon_research.stages.best_scored import BestScored
from epsilon_research.stages.correlate import Correlate
from tests.stages.contexts import accuracies_of, prepared_run, scored

IDS = ["first", "second", "third", "fourth"]


def frame():
    import pandas as pd

    return pd.DataFrame(
        {
            "architecture_id": IDS,
            "epsilon": [0.2, np.nan, 0.5, 0.2],
            "size": [1.0, 2.0, 3.0, 4.0],
            "test_accuracy": [0.91, 0.92, np.nan, 0.94],
        }
    )


def test_the_best_come_first_and_what_has_no_score_never() -> None:
    outcome = BestScored(count=3).run(scored(prepared_run(), frame=frame()))
    best = outcome.summary["best_scored"]["epsilon"]
    assert [entry["architecture_id"] for entry in best] == ["third", "first", "fourth"]
    assert outcome.tables[0].rows[0] == ["epsilon", "third", "0.5"]


def test_accuracies_stand_beside_the_scores_where_they_are_known() -> None:
    run = prepared_run(table=accuracies_of(IDS, [0.91, 0.92, 0.93, 0.94]))
    outcome = BestScored(count=2).run(scored(run, frame=frame(), columns=["epsilon", "size"]))
    (table,) = outcome.tables
    assert table.head == ["metric", "architecture", "score", "test accuracy"]
    assert table.rows == [
        ["epsilon", "third", "0.5", "–"],
        ["", "first", "0.2", "0.9100"],
        ["size", "fourth", "4", "0.9400"],
        ["", "third", "3", "–"],
    ]


def test_metrics_are_correlated_where_there_is_no_accuracy() -> None:
    context = scored(prepared_run(), frame=frame(), columns=["epsilon", "size"])
    outcome = Correlate(num_resamples=10).run(context)
    # Ranks 1.5, 3, 1.5 against 1, 2, 3: covariance 0.
    assert outcome.summary["between_metrics"]["n"] == 3
    assert outcome.summary["between_metrics"]["spearman_rho"][0][1] == pytest.approx(0)
    assert outcome.tables[0].rows[1] == ["size", "0.000", "1.000"]
    assert not Correlate(num_resamples=10).run(scored(prepared_run(), frame=frame())).summary


def test_no_architecture_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match=r"stages.best_scored.count must be an integer of 1"):
        BestScored(count=0)
