"""The table of a run: scores with the aggregates, accuracies and published keys of each row."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from epsilon_research.analysis import aggregate_ranks, ranked_scores
from epsilon_research.benchmarks.accuracy_table import ACCURACIES
from epsilon_research.stages.base import Prepared

UNDEFINED_PART = "undefined_part"
"""Failure of an aggregate: one of its metrics has no score."""


def table_of_run(
    scores: pd.DataFrame, prepared: Prepared, *, aggregates: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Return the table of scores with aggregates, accuracies and published keys of its rows."""
    frame = with_accuracies(with_aggregates(scores, aggregates), prepared.accuracies)
    keys = prepared.scoring.space.published_keys(prepared.ids)
    if keys is not None:
        frame.insert(1, "published_key", np.array(keys, dtype=object))
    return frame


def with_accuracies(frame: pd.DataFrame, accuracies: pd.DataFrame | None) -> pd.DataFrame:
    """Return the table of scores with the trained results of each row, NaN where unknown."""
    frame = frame.copy()
    for name in ACCURACIES:
        values = np.nan if accuracies is None else accuracies[name].to_numpy()
        frame.insert(list(frame.columns).index("seconds"), name, values)
    return frame


def check_aggregates(aggregates: Mapping[str, Sequence[str]], *, metrics: Sequence[str]) -> None:
    """Refuse aggregates (name to metrics whose ranks they sum) of what the run does not score.

    Raises:
        ValueError: A part is not a metric of the run, or an aggregate has the name of one.
    """
    for name, parts in aggregates.items():
        missing = [part for part in parts if part not in metrics]
        if missing or not parts or name in metrics:
            raise ValueError(
                f"aggregates must name metrics of the run ({', '.join(metrics)}) under a name of "
                f"their own, got {name}: {list(parts)}: pass metric=[...] with all of them"
            )


def with_aggregates(frame: pd.DataFrame, aggregates: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return the table of scores with each aggregate.

    It is NaN where a part is undefined, unless that part ranks last (`ranked_scores`).
    """
    frame = frame.copy()
    for name, parts in aggregates.items():
        scores = np.column_stack([ranked_scores(frame, part) for part in parts])
        values = aggregate_ranks(scores, aggregate="log_rank")
        failures = [UNDEFINED_PART if undefined else None for undefined in np.isnan(values)]
        for column, content in ((name, values), (f"{name}_failure", np.array(failures, object))):
            frame.insert(list(frame.columns).index("seconds"), column, content)
    return frame
