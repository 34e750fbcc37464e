"""Small searches of words, with tables and scores that are known by definition."""

from typing import Any

import numpy as np
import pandas as pd

from epsilon_research.benchmarks import AccuracyTable
from epsilon_research.search_methods import ScoreCache
from epsilon_research.stages.base import Outcome
from epsilon_research.stages.search.base import SearchStage
from epsilon_research.stages.search.task import SearchInputs
from tests.search_methods.words import Words, value

SPACE = Words()


WORDS = list(SPACE.architecture_ids)


SMALL: dict[str, Any] = {
    "budget": 12,
    "repeats": 4,
    "warmup_pool": 20,
    "sample_sizes": [5, 50],
    "selection_runs": 20,
}


EVOLUTION: dict[str, Any] = SMALL | {"population_size": 5, "tournament_size": 2}


def table(words: list[str] = WORDS) -> pd.DataFrame:
    """Validation accuracy is a word's value, test accuracy that of the word read backwards."""
    return pd.DataFrame(
        {
            "architecture_id": words,
            "validation_accuracy": [value(word) for word in words],
            "test_accuracy": [value(word[::-1]) for word in words],
        }
    )


def table_of(rows: pd.DataFrame, *, higher_is_better: bool = True) -> AccuracyTable:
    """Accuracies as a benchmark loads them."""
    known = "test_accuracy" if rows["test_accuracy"].notna().any() else "validation_accuracy"
    return AccuracyTable(
        name="words", rows=rows, target=known, higher_is_better=higher_is_better, source="made up",
        label="accuracy",
    )  # fmt: skip


def inputs(
    *,
    accuracies: pd.DataFrame | None = None,
    higher_is_better: bool = True,
    **changes: Any,
) -> SearchInputs:
    rows = table() if accuracies is None else accuracies
    parts: dict[str, Any] = {
        "space": SPACE,
        "table": table_of(rows, higher_is_better=higher_is_better),
        "scores": {
            "good": lambda ids: np.array([value(id_) for id_ in ids]),
            "bad": lambda ids: np.array([-value(id_) for id_ in ids]),
        },
        "metrics": ["good"],
        "scored": WORDS,
    }
    parts |= changes
    parts["scores"] = {name: ScoreCache(compute) for name, compute in parts["scores"].items()}
    return SearchInputs(**parts)


def run(stage: SearchStage, **changes: Any) -> Outcome:
    return stage.search(inputs(**changes), rng=np.random.default_rng(1))


def trials(outcome: Outcome, variant: str) -> pd.DataFrame:
    found = outcome.frames["search_trials"]
    return found[found["variant"] == variant]
