"""An accuracy table is checked once, where it is made."""

import numpy as np
import pandas as pd
import pytest
from sentences import refused

from epsilon_research.benchmarks import AccuracyTable


def rows(**columns: list) -> pd.DataFrame:
    usual = {
        "architecture_id": ["a", "b", "c"],
        "validation_accuracy": [0.1, np.nan, 0.3],
        "test_accuracy": [np.nan, 0.5, 0.6],
    }
    return pd.DataFrame(usual | columns)


def table(
    frame: pd.DataFrame, *, target: str = "test_accuracy", higher_is_better: bool = True
) -> AccuracyTable:
    return AccuracyTable(
        name="mine",
        rows=frame,
        target=target,
        higher_is_better=higher_is_better,
        source="a test",
        label="accuracy",
    )


def test_lookup_keeps_the_order_asked_for_and_leaves_unknown_values_missing() -> None:
    found = table(rows()).lookup(["c", "unknown", "a", "b"])
    np.testing.assert_array_equal(found["validation_accuracy"], [0.3, np.nan, 0.1, np.nan])
    np.testing.assert_array_equal(found["test_accuracy"], [0.6, np.nan, np.nan, 0.5])
    assert list(found.index) == [0, 1, 2, 3]
    assert set(found.dtypes) == {np.dtype(np.float64)}


def test_lookup_of_nothing_is_empty() -> None:
    assert len(table(rows()).lookup([])) == 0


def test_lookup_of_architectures_that_are_all_unknown_is_refused() -> None:
    with refused(
        ValueError, match=r"none in common: the table has e\.g\. 'a', chosen was e\.g\. 'x'"
    ):
        table(rows()).lookup(["x", "y"])


def test_losses_may_be_above_1_and_below_0() -> None:
    losses = rows(test_accuracy=[-1.5, 4.25, np.nan])
    assert table(losses, higher_is_better=False).rows["test_accuracy"][1] == 4.25


def test_the_ends_of_the_range_are_fractions() -> None:
    assert len(table(rows(test_accuracy=[0.0, 1.0, np.nan])).rows) == 3


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (rows(architecture_id=["a", "b", "b"]), "got 1 repeated, e.g. 'b': keep one"),
        (rows(architecture_id=["a", None, "b"]), r"got 1 without, the first in row 1"),
        (rows().iloc[:0], "must have at least one row, got none"),
        (rows().drop(columns="validation_accuracy"), "got none called validation_accuracy"),
        (rows().drop(columns="architecture_id"), "got none called architecture_id"),
        (rows(test_accuracy=[np.nan] * 3), "must have a test_accuracy for some architecture"),
        (rows(test_accuracy=[93.5, 91, 10]), "got 10 to 93.5: divide percentages by 100 or pass "),
        (rows(test_accuracy=[0.5, -0.1, 0.2]), "between 0 and 1, got -0.1 to 0.5"),
        (rows(test_accuracy=[0.5, np.inf, 0.2]), "must be finite or missing, got infinity"),
        # The column that is not the target is reported, too.
        (rows(validation_accuracy=[1.5, 0.1, 0.2]), "validation_accuracy of mine must be a frac"),
    ],
)
def test_rows_that_are_no_table_are_refused(frame: pd.DataFrame, message: str) -> None:
    with refused(ValueError, match=message):
        table(frame)


def test_infinite_losses_are_refused() -> None:
    with refused(ValueError, match="got infinity"):
        table(rows(test_accuracy=[-np.inf, 1, 2]), higher_is_better=False)


def test_a_target_that_is_no_accuracy_is_refused() -> None:
    with refused(ValueError, match=r"validation_accuracy or test_accuracy, got 'accuracy'"):
        table(rows(), target="accuracy")
