"""What a search is given: accuracies as it sees them, scores on demand."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from epsilon_research.stages.search.inputs import read_results, stored_scores
from tests.search.words import Words, value

WORDS = list(Words().architecture_ids)


def table(words: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "architecture_id": words,
            "validation_accuracy": [value(word) for word in words],
            "test_accuracy": [value(word[::-1]) for word in words],
        }
    )


def test_rows_without_what_is_needed_are_no_part_of_the_search() -> None:
    accuracies = table(WORDS[:4])
    accuracies.loc[0, "validation_accuracy"] = np.nan
    accuracies.loc[1, "test_accuracy"] = np.nan
    results = read_results(accuracies, higher_is_better=True)
    assert list(results.rows.index) == WORDS[2:4]
    accuracies[["validation_accuracy", "test_accuracy"]] = np.nan
    with pytest.raises(ValueError, match="must have some accuracy to go by"):
        read_results(accuracies, higher_is_better=True)


def test_scores_outside_the_table_are_computed_once_or_undefined() -> None:
    counts: Counter[str] = Counter()

    def compute(ids):
        counts.update(ids)
        return np.array([value(id_) for id_ in ids])

    scores = stored_scores(["aaaa", None], np.array([7.0, 8.0]), compute=compute)
    for _ in range(2):
        np.testing.assert_array_equal(scores(["cccc", "aaaa"]), [value("cccc"), 7.0])
    assert counts == {"cccc": 1}
    alone = stored_scores(["aaaa"], np.array([7.0]))
    np.testing.assert_array_equal(alone(["cccc", "aaaa"]), [np.nan, 7.0])
