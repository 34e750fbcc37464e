"""Which architectures a statistic is about: from a score frame to `{protocol: {statistic: value}}`.

A proxy is undefined for some architectures, and what one does with those decides the number that
one publishes. So each metric is summarised under several protocols, side by side:

* `paper`: every row whose score is finite and, for a metric with a column
  `<metric>_float32_defined`, that float32 defines, too. Undefined rows are dropped, equal
  functions and ties at 0 below the rounding error are all kept.
* `connected`: every connected architecture with a finite score.
* `worst`: every architecture; undefined scores rank below all others and are tied among themselves.
* `unique`: connected, and of the rows with one `canonical_hash` the first; dropped if its score
  is undefined.
* `common`: rows on which all metrics are finite; only where several metrics are summarised
  together.
* `common_float32`: of those, the rows that float32 defines for each metric with such a column;
  only where that leaves a row out. Here a metric that float32 computes for few meets the others on
  the rows that it was published for.

Rows without accuracy are in none of them. `n` is the number of rows used and `coverage` is `n`
divided by the number of rows that have an accuracy, under every protocol alike. Infinite scores
are undefined. An undefined score that its metric's published code ranks last (column
`<metric>_ranks_last`) counts as defined under every protocol, below all others (`ranks_last.py`).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from epsilon_research.analysis.published_overlap import published_top10_overlap_percent
from epsilon_research.analysis.rank_correlations import rho_difference_interval
from epsilon_research.analysis.ranks_last import dense_ranks, finite_scores, ranked_scores
from epsilon_research.analysis.statistics import Statistics, describe
from epsilon_research.analysis.top import oriented

PUBLISHED_OVERLAP = "published_top10_overlap_percent"
"""Statistic of losses under protocol `paper`: the overlap as the published code defines it."""

DIFFERENCE_INTERVAL = "spearman_rho_minus_connected_interval"
"""Statistic of protocol `paper` where its rows are not those of `connected`: how much higher its ρ
is, as a 95 % interval."""

PROTOCOLS = ("paper", "connected", "worst", "unique")
"""Protocols of a single metric."""

PAPER_FILTERS = {
    "finite": np.isfinite,
    "nonzero": lambda scores: np.isfinite(scores) & (scores != 0),
    "positive": lambda scores: np.isfinite(scores) & (scores > 0),
}
"""Rows that the published code keeps: `finite` on NAS-Bench-201, `positive` on NAS-Bench-101,
`nonzero` on NAS-Bench-NLP."""

Summary = dict[str, Statistics]
"""{protocol: {statistic: value}}; undefined is NaN."""


def summarise_metrics(
    frame: pd.DataFrame,
    *,
    metrics: Sequence[str],
    target: str,
    higher_is_better: bool,
    rng: np.random.Generator,
    num_resamples: int = 1000,
    paper_filter: str = "finite",
) -> dict[str, Summary]:
    """The summaries of several metrics, with the protocols `common` where there are two or more.

    Args:
        frame: One row per architecture, columns as in `summarise_metric`.
        metrics: Columns of scores, higher is better.
        target: See `summarise_metric`.
        higher_is_better: See `summarise_metric`.
        rng: Source of the resamples; a metric's intervals do not change when others are added
            after it.
        num_resamples: See `summarise_metric`.
        paper_filter: See `summarise_metric`.

    Returns:
        {metric: {protocol: {statistic: value}}}.

    Raises:
        KeyError: A column is missing.
        ValueError: See `summarise_metric`.
    """
    _check_columns(frame, [*metrics, target])
    rngs = dict(zip(metrics, rng.spawn(len(metrics)), strict=True))
    summaries = {
        metric: summarise_metric(
            frame,
            metric=metric,
            target=target,
            higher_is_better=higher_is_better,
            rng=rngs[metric],
            num_resamples=num_resamples,
            paper_filter=paper_filter,
        )
        for metric in metrics
    }
    if len(metrics) > 1:
        rated = frame.loc[np.isfinite(_column(frame, target))]
        accuracies = oriented(_column(rated, target), higher_is_better=higher_is_better)
        for protocol, rows in common_protocols(rated, metrics).items():
            for metric in metrics:
                summaries[metric][protocol] = _describe_defined(
                    np.where(rows, finite_scores(rated, metric), np.nan),
                    accuracies,
                    rng=rngs[metric].spawn(1)[0],
                    num_resamples=num_resamples,
                )
    return summaries


def summarise_metric(
    frame: pd.DataFrame,
    *,
    metric: str,
    target: str,
    higher_is_better: bool,
    rng: np.random.Generator,
    num_resamples: int = 1000,
    paper_filter: str = "finite",
) -> Summary:
    """Return the statistics of one metric under each protocol of this module.

    Args:
        frame: One row per architecture; columns `connected` (bool), `canonical_hash` (str),
            `metric` and `target` (float64, NaN where unknown) and, if there are any,
            `<metric>_float32_defined` and `<metric>_ranks_last` (bool).
        metric: Column of scores, higher is better.
        target: Column of accuracies (fractions in [0, 1]) or losses.
        higher_is_better: False for losses; a good metric has ρ > 0 either way, see `top.oriented`.
        rng: Source of the resamples.
        num_resamples: Bootstrap resamples; above 100,000 rows at most 300 are drawn.
        paper_filter: Key of `PAPER_FILTERS`: what protocol `paper` keeps.

    Returns:
        {protocol: {`n`, `coverage`, the statistics, their intervals, `num_resamples`}}. With
        fewer than 3 rows the statistics are NaN; coverage is NaN where no row has an accuracy. Of
        losses, `paper` has the published overlap, too; and `DIFFERENCE_INTERVAL` where its rows are
        not those of `connected`.

    Raises:
        KeyError: A column is missing.
        ValueError: `num_resamples` is below 1, or `paper_filter` is not one of `PAPER_FILTERS`.
    """
    _check_columns(frame, [metric, target, "connected", "canonical_hash"])
    if paper_filter not in PAPER_FILTERS:
        raise ValueError(
            f"paper_filter must be one of {', '.join(PAPER_FILTERS)}, got {paper_filter!r}"
        )
    rated = frame.loc[np.isfinite(_column(frame, target))]
    accuracies = oriented(_column(rated, target), higher_is_better=higher_is_better)
    ranked = {
        protocol: protocol_scores(
            rated, metric=metric, protocol=protocol, paper_filter=paper_filter
        )
        for protocol in PROTOCOLS
    }
    rngs: dict[str, np.random.Generator] = dict(
        zip(PROTOCOLS, rng.spawn(len(PROTOCOLS)), strict=True)
    )
    found = {
        protocol: _describe_defined(
            scores, accuracies, rng=rngs[protocol], num_resamples=num_resamples
        )
        for protocol, scores in ranked.items()
    }
    paper, connected = (np.isfinite(ranked[protocol]) for protocol in ("paper", "connected"))
    if (paper != connected).any():
        interval = rho_difference_interval(
            finite_scores(rated, metric),
            accuracies,
            first=paper,
            second=connected,
            rng=rngs["paper"].spawn(1)[0],
            num_resamples=num_resamples,
        )
        found["paper"][DIFFERENCE_INTERVAL] = list(interval)
    if not higher_is_better:
        found["paper"][PUBLISHED_OVERLAP] = published_top10_overlap_percent(
            ranked["paper"][paper], accuracies[paper]
        )
    return found


def protocol_scores(
    frame: pd.DataFrame, *, metric: str, protocol: str, paper_filter: str = "finite"
) -> Float[np.ndarray, " rows"]:
    """Return the scores that a protocol ranks, NaN in the rows that it leaves out.

    Args:
        frame: See `summarise_metric`.
        metric: See `summarise_metric`.
        protocol: One of `PROTOCOLS`.
        paper_filter: See `summarise_metric`.
    """
    ranked = ranked_scores(frame, metric)
    defined, last = ~np.isnan(ranked), np.isneginf(ranked)
    if protocol == "worst":
        return dense_ranks(np.where(defined, ranked, -np.inf))
    connected = frame["connected"].to_numpy(dtype=bool)
    kept = {
        "paper": lambda: (
            (PAPER_FILTERS[paper_filter](ranked) | last | _tied_at_zero(frame, metric))
            & float32_defined(frame, metric)
        ),
        "connected": lambda: defined & connected,
        "unique": lambda: defined & connected & _first_of_function(frame, among=connected),
    }[protocol]()
    return np.where(kept, finite_scores(frame, metric), np.nan)


def _tied_at_zero(frame: pd.DataFrame, metric: str) -> Bool[np.ndarray, " rows"]:
    """Return the scores of 0 that lie below their rounding error.

    The published code, whose rounding is coarser, has some number there.
    """
    column = f"{metric}_resolution"
    if column not in frame:
        return np.zeros(len(frame), dtype=bool)
    return (_column(frame, metric) == 0) & (_column(frame, column) > 0)


def common_protocols(
    frame: pd.DataFrame, metrics: Sequence[str]
) -> dict[str, Bool[np.ndarray, " rows"]]:
    """Return the rows of `common` and, where it differs, `common_float32`."""
    common = np.ones(len(frame), dtype=bool)
    for metric in metrics:
        common &= ~np.isnan(ranked_scores(frame, metric))
    in_float32 = common.copy()
    for metric in metrics:
        in_float32 &= float32_defined(frame, metric)
    found = {"common": common}
    return found if in_float32.sum() == common.sum() else found | {"common_float32": in_float32}


def _describe_defined(
    scores: Float[np.ndarray, " rows"],
    accuracies: Float[np.ndarray, " rows"],
    *,
    rng: np.random.Generator,
    num_resamples: int,
) -> Statistics:
    kept = np.isfinite(scores)
    found = describe(scores[kept], accuracies[kept], rng=rng, num_resamples=num_resamples)
    coverage = int(kept.sum()) / scores.size if scores.size else np.nan
    return {"n": found["n"], "coverage": coverage} | found


def float32_defined(frame: pd.DataFrame, metric: str) -> Bool[np.ndarray, " rows"]:
    """Rows in which the published float32 code has a score; all rows without that column.

    Args:
        frame: One row per architecture; column `<metric>_float32_defined`, if there is one.
        metric: Name of the score column.
    """
    column = f"{metric}_float32_defined"
    if column not in frame:
        return np.ones(len(frame), dtype=bool)
    return frame[column].to_numpy(dtype=bool)


def _first_of_function(
    frame: pd.DataFrame, *, among: Bool[np.ndarray, " rows"]
) -> Bool[np.ndarray, " rows"]:
    first = np.zeros(len(frame), dtype=bool)
    first[among] = ~frame.loc[among].duplicated("canonical_hash").to_numpy(dtype=bool)
    return first


def _column(frame: pd.DataFrame, name: str | list[str]) -> Float[np.ndarray, "..."]:
    return frame[name].to_numpy(dtype=np.float64)


def _check_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in frame]
    if missing:
        raise KeyError(
            f"a score frame must have the columns {', '.join(columns)}; missing here: "
            f"{', '.join(missing)} (it has {', '.join(map(str, frame.columns))})"
        )
