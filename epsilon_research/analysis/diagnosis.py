"""What a person should know before they trust a correlation: sentences, only where one is due."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from epsilon_research.analysis.protocols import DIFFERENCE_INTERVAL
from epsilon_research.analysis.ranks_last import ranked_scores
from epsilon_research.analysis.resolution import rank_stability, unresolved

NEAR_ZERO = 1e-3
"""A space whose scores are all below this is flat: at the published settings the median score is
0.5 on NAS-Bench-201, 0.4 on NAS-Bench-101 and 0.02 on NAS-Bench-NLP."""

MANY_TIES = 0.1
"""Share of distinct functions with a tied score from which ties are worth a sentence."""

SAME_RANKING = 0.999
"""Spearman's ρ between scores and scores that err by their resolution, from which no conclusion
hangs on rounding."""

FAR_ABOVE = 0.05
"""Difference of ρ from which the choice of rows by the published protocol is worth a sentence."""

FEW_ROWS = 100
"""Number of rows below which the 95 % interval of a ρ of 0 is wider than 0.2 on either side."""

_REASONS = {
    "disconnected": "disconnected (the output does not depend on the input)",
    "constant_output": "constant output over the minibatch",
    "overflow": "overflow",
    "identity_block": "a block that does nothing",
    "no_common_sample": "no sample on which both weights give a value",
}


def diagnose(
    frame: pd.DataFrame,
    summary_of_metric: Mapping[str, Mapping[str, Any]],
    *,
    metric: str,
    target: str,
) -> list[str]:
    """Sentences about one metric on one table, for a person; none if all is well.

    Args:
        frame: Score frame, as in `protocols.summarise_metric`; `<metric>_failure` gives the
            reasons.
        summary_of_metric: What `protocols.summarise_metric` returned; empty without a table of
            accuracies.
        metric: Column of scores.
        target: Column of accuracies.

    Returns:
        Sentences in this order: undefined scores, what float32 would have lost, scores near zero,
        rounding that changes the ranking, ties, a correlation that may be zero or cannot be
        computed, a published protocol whose ρ is higher. What a sentence claims about a
        correlation, its 95 % interval supports.
    """
    connected = summary_of_metric.get("connected", {})
    paper = summary_of_metric.get("paper", {})
    return [
        *_undefined(frame, metric),
        *_lost_by_float32(frame, metric),
        *_near_zero(frame, metric),
        *_rounded(frame, metric),
        *_ties(frame, metric),
        *_uncertain(connected, metric=metric, target=target),
        *_higher_as_published(paper, connected, metric),
    ]


def _undefined(frame: pd.DataFrame, metric: str) -> Sequence[str]:
    undefined = ~np.isfinite(frame[metric].to_numpy(dtype=np.float64))
    if not undefined.any():
        return []
    column = f"{metric}_failure"
    counts = ""
    if column in frame:
        reasons = frame.loc[undefined, column].fillna("no reason recorded").value_counts()
        parts = [f"{count:,} {_REASONS.get(str(why), str(why))}" for why, count in reasons.items()]
        counts = f": {', '.join(parts)}"
    return [
        f"{_share(int(undefined.sum()), len(frame))} have no {metric} score{counts}."
        f" {_treatment(frame, metric, num_undefined=int(undefined.sum()))}"
    ]


def _treatment(frame: pd.DataFrame, metric: str, *, num_undefined: int) -> str:
    last = int(np.isneginf(ranked_scores(frame, metric)).sum())
    published = "under every protocol, as in the published code"
    if last == num_undefined:
        return f"They rank last {published}."
    some = f"{last:,} of them rank last {published}; the others" if last else "They"
    return f"{some} are left out of every protocol but worst, which ranks them last."


def _lost_by_float32(frame: pd.DataFrame, metric: str) -> Sequence[str]:
    column = f"{metric}_float32_defined"
    if column not in frame:
        return []
    defined = frame[column].to_numpy(dtype=bool)
    scored = np.isfinite(frame[metric].to_numpy(dtype=np.float64))
    lost = int((~defined).sum())
    if lost == 0:
        return []
    rescued = int((scored & ~defined).sum())
    return [
        f"The published float32 code would have lost {_share(lost, len(frame))};"
        f" {rescued:,} of them have a score here."
    ]


def _near_zero(frame: pd.DataFrame, metric: str) -> Sequence[str]:
    # Only epsilon and its kin come with this column; the scale of other metrics means nothing.
    if f"{metric}_float32_defined" not in frame:
        return []
    scores = frame[metric].to_numpy(dtype=np.float64)
    scores = np.abs(scores[np.isfinite(scores)])
    if scores.size == 0 or scores.max() >= NEAR_ZERO:
        return []
    return [
        f"All {metric} scores are near zero (the largest is {scores.max():.1e}): after"
        " normalisation the outputs at the two weights are almost the same. Try weights that are"
        " further apart."
    ]


def _rounded(frame: pd.DataFrame, metric: str) -> Sequence[str]:
    count = int(unresolved(frame, metric).sum())
    if count == 0:
        return []
    scores = frame[metric].to_numpy(dtype=np.float64)
    scored = np.isfinite(scores)
    resolutions = frame[f"{metric}_resolution"].to_numpy(dtype=np.float64)
    rho = rank_stability(scores[scored], resolutions[scored]) if scored.sum() > 1 else 1.0
    if not rho < SAME_RANKING:
        return []
    return [
        f"Rounding changes the ranking: {_share(count, len(frame))} have a score of {metric} that"
        " is not known to a thousandth of itself, and scores shifted by their resolution rank with"
        f" ρ {rho:.2f} to these. Correlations of such scores mean nothing: choose weights further"
        " apart, or leave engine.dtype at auto."
    ]


def _ties(frame: pd.DataFrame, metric: str) -> Sequence[str]:
    scored = frame.loc[np.isfinite(frame[metric].to_numpy(dtype=np.float64))]
    functions = scored.drop_duplicates("canonical_hash")
    tied = int(functions.duplicated(metric, keep=False).sum())
    if tied <= MANY_TIES * len(functions):
        return []
    return [
        f"Many ties: {tied:,} of {len(functions):,} distinct functions"
        f" ({_percent(tied, len(functions))}) share their {metric} score with a different one, so"
        f" {metric} cannot distinguish them."
    ]


def _uncertain(connected: Mapping[str, Any], *, metric: str, target: str) -> Sequence[str]:
    if "n" not in connected:
        return []
    num_rows, rho = int(connected["n"]), connected.get("spearman_rho", np.nan)
    quantity = f"of {metric} with {target.replace('_', ' ')}"
    if not np.isfinite(rho):
        return [
            f"The correlation {quantity} cannot be computed: {num_rows:,} connected architectures"
            " have both, and at least 3 with different values are needed."
        ]
    low, high = connected.get("spearman_rho_interval", (np.nan, np.nan))
    if not low <= 0 <= high:
        return []
    advice = ["try another dataset or a larger batch_size"]
    if num_rows < FEW_ROWS:
        advice.insert(0, "score more architectures, which narrows the interval")
    return [
        f"Spearman's ρ {quantity} may be zero: {rho:.2f} over {num_rows:,} connected architectures,"
        f" 95 % interval [{low:.2f}, {high:.2f}]. To learn more, {', or '.join(advice)}."
    ]


def _higher_as_published(
    paper: Mapping[str, Any], connected: Mapping[str, Any], metric: str
) -> Sequence[str]:
    published, sound = (found.get("spearman_rho", np.nan) for found in (paper, connected))
    low, high = paper.get(DIFFERENCE_INTERVAL, (np.nan, np.nan))
    if not (published - sound > FAR_ABOVE and low > 0):
        return []
    return [
        f"Spearman's ρ of {metric} is {published:.2f} under the published protocol, but"
        f" {sound:.2f} over all connected architectures (95 % interval of the difference"
        f" [{low:.2f}, {high:.2f}]): the published protocol leaves out"
        f" {100 * (1 - paper['coverage']):.1f} % of the architectures."
    ]


def _share(count: int, total: int) -> str:
    return f"{count:,} of {total:,} architectures ({_percent(count, total)})"


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %"
