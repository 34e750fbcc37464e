"""What a search is given: accuracies as it sees them, scores on demand."""

import numpy as np

from epsilon_research.stages.search.inputs import read_results
from tests.stages.word_searches import WORDS, table, table_of


def test_rows_without_what_is_needed_are_no_part_of_the_search() -> None:
    accuracies = table(WORDS[:4])
    accuracies.loc[0, "validation_accuracy"] = np.nan
    accuracies.loc[1, "test_accuracy"] = np.nan
    results = read_results(table_of(accuracies))
    assert list(results.rows.index) == WORDS[2:4]
