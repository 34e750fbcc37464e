"""The pair of weights of a job, and cases that have all settings but the weights in common."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from epsilon_research.plotting.study_record import Case, number

WEIGHTS = "weights"
"""Name of the setting, and of its value in a job's `run` part."""

Pair = tuple[float, float]
"""Two weights, the smaller one first: a score does not depend on their order."""


def pair_of(case: Case) -> Pair | None:
    """The two weights of a case, or None if it has none or not two."""
    found = case.jobs[0]["run"].get(WEIGHTS)
    if not isinstance(found, list | tuple):
        found = _typed(case.settings.get(WEIGHTS, ""))
    weights = sorted(number(weight) for weight in found)
    if len(weights) != 2 or not all(isfinite(weight) for weight in weights):
        return None
    return weights[0], weights[1]


def by_other_settings(cases: Sequence[Case], *, without: str) -> dict[str, list[Case]]:
    """{what they have in common, in words: cases}, in their order.

    Args:
        cases: All cases of a study.
        without: The setting that differs within a group.
    """
    grouped: dict[str, list[Case]] = {}
    for case in cases:
        grouped.setdefault(case.label(without=[without]), []).append(case)
    return grouped


def metrics_with_weights(cases: Sequence[Case]) -> list[str]:
    """Metrics that depend on the weights; all of them where the record does not say."""
    settings: dict[str, Mapping[str, Any]] = {}
    for case in cases:
        settings |= case.jobs[0]["run"].get("metric_settings") or {}
    metrics = list(dict.fromkeys(metric for case in cases for metric in case.metrics))
    weighted = [metric for metric in metrics if WEIGHTS in (settings.get(metric) or {})]
    return weighted or metrics


def weight_lines(cases: Sequence[Case]) -> list[tuple[float, list[tuple[float, Case]]]]:
    """Pairs that have one weight in common: [(that weight, [(the other, case), ...]), ...].

    The most frequent weight makes the first line, of all pairs that have it; what that leaves out
    makes further ones. A pair may be on two lines.
    """
    everything = [(pair, case) for case in cases if (pair := pair_of(case)) is not None]
    left, lines = everything, []
    while left:
        everywhere = [weight for pair, _ in left for weight in dict.fromkeys(pair)]
        common = max(dict.fromkeys(everywhere), key=everywhere.count)
        line = [(pair, case) for pair, case in everything if common in pair]
        left = [(pair, case) for pair, case in left if common not in pair]
        lines.append((common, [(_other(pair, common), case) for pair, case in line]))
    return lines


def _other(pair: Pair, weight: float) -> float:
    return pair[1] if pair[0] == weight else pair[0]


def _typed(text: str) -> list[float]:
    try:
        return [float(part) for part in text.strip("[]() ").split(",")]
    except ValueError:
        return []
