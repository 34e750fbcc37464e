"""What a search is given: accuracies as it sees them, scores on demand."""

import numpy as np
import pandas as pd
import pytest

from epsilon_research.stages.search.inputs import read_results
from tests.search_methods.words import Words, value

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
