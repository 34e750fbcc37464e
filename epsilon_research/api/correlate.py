"""Statistics of a table of scores, as one call."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from epsilon_research.analysis import summarise_metrics
from epsilon_research.checks import check_boolean, check_integer
from epsilon_research.stages.base import random_stream


def correlate(
    frame: pd.DataFrame,
    *,
    metrics: str | Sequence[str] | None = None,
    target: str | None = None,
    higher_is_better: bool | None = None,
    num_resamples: int = 1000,
    seed: int | None = None,
) -> pd.DataFrame:
    """Return statistics of scores and trained accuracies, by metric and protocol.

    Those of `python run.py`, see `analysis/protocols.py` for which rows each protocol counts.

    Args:
        frame: What `score` returned, a part of it, or a run's `scores.parquet`.
        metrics: Columns of scores; None: all metrics that `score` computed.
        target: Column of accuracies; None: the benchmark's.
        higher_is_better: Direction of `target`, False for losses; None: the benchmark's.
        num_resamples: Bootstrap resamples behind each 95 % interval, at least 1.
        seed: Seed of the resamples; None: that of `score`.

    Returns:
        Index `metric`, `protocol`; columns `n`, `spearman_rho`, `kendall_tau` and others, and the
        ends of intervals as `<statistic>_low` and `<statistic>_high`; NaN where undefined.

    Raises:
        ValueError: The table does not say what `metrics`, `target` or `higher_is_better` are, or
            has no such column.
    """
    given = {"metrics": metrics, "target": target, "higher_is_better": higher_is_better}
    known: dict[str, Any] = {str(name): value for name, value in frame.attrs.items()}
    known |= {name: value for name, value in given.items() if value is not None}
    for name in given:
        if known.get(name) is None:
            raise ValueError(
                f"{name} must be given for a table that does not say it, got None: pass "
                f"{name}=…, or score with a benchmark"
            )
    check_boolean("higher_is_better", known["higher_is_better"])
    check_integer("num_resamples", num_resamples, at_least=1, example=1000)
    chosen = known["metrics"]
    chosen = [chosen] if isinstance(chosen, str) else list(chosen)
    for column in [*chosen, known["target"]]:
        if column not in frame:
            raise ValueError(
                f"the table must have a column of each metric and of the target, got none called "
                f"{column!r} among {', '.join(frame)}: name one of them"
            )
    statistics = summarise_metrics(
        frame,
        metrics=chosen,
        target=known["target"],
        higher_is_better=known["higher_is_better"],
        rng=random_stream(known.get("seed", 21) if seed is None else seed, "bootstrap"),
        num_resamples=num_resamples,
        paper_filter=known.get("paper_filter", "finite"),
    )
    found = {
        (metric, protocol): _with_ends_of_intervals(values)
        for metric, protocols in statistics.items()
        for protocol, values in protocols.items()
    }
    index = pd.MultiIndex.from_tuples(list(found), names=["metric", "protocol"])
    return pd.DataFrame(list(found.values()), index=index)


def _with_ends_of_intervals(statistics: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in statistics.items():
        stem = name.removesuffix("_interval")
        if stem == name:
            found[name] = value
        else:
            found[f"{stem}_low"], found[f"{stem}_high"] = value
    return found
