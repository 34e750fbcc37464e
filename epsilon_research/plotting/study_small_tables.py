"""What jobs of a study measured beside correlations: weights by rule, stability, searches."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from epsilon_research.plotting.notes import decimals, percent
from epsilon_research.plotting.study_cells import (
    name_cells,
    setting_names,
    setting_words,
    study_frame,
    titled,
)
from epsilon_research.plotting.study_record import Case, Spread, number, spread_of
from epsilon_research.plotting.study_search_table import searches


def small_tables(study: Mapping[str, Any], cases: Sequence[Case], *, wide: bool) -> Iterator[Group]:
    """One table for each further part of a summary that some job has.

    Args:
        study: The record of the study.
        cases: Its jobs by settings.
        wide: Whether there is room for a column for each setting.
    """
    names = setting_names(study)
    for title, make in _TABLES.items():
        table = make(cases, names, wide=wide)
        if table.row_count:
            yield titled(title, table)


def _weight_rules(cases: Sequence[Case], names: Sequence[str], *, wide: bool) -> Table:
    table = study_frame(names, wide=wide)
    table.add_column("rule", overflow="fold")
    table.add_column("chosen", overflow="fold")
    table.add_column("it found", overflow="fold")
    table.add_column("tried", justify="right", no_wrap=True)
    for case in cases:
        shown = True
        for job in case.jobs:
            rule = _mapping(job.get("weight_rule"))
            if not rule:
                continue
            table.add_row(
                *name_cells(setting_words(case, shown=shown), wide=wide),
                Text(str(rule.get("rule") or "–")),
                Text(_weights(rule.get("weights"))),
                Text("\n".join(_findings(rule)) or "–"),
                _num_tried(rule),
            )
            shown = False
    return table


def _findings(rule: Mapping[str, Any]) -> Iterator[str]:
    """What a rule found on its way: the limits, or its pick under each protocol."""
    if rule.get("limits"):
        yield f"limits: {_weights(rule['limits'])}"
    for protocol, pick in _mapping(rule.get("picks")).items():
        yield f"{protocol}: {_weights(pick) if pick else 'no pair'}"


def _num_tried(rule: Mapping[str, Any]) -> str:
    """Number of pairs, or of weights on both sides, that a rule has tried."""
    parts = [rule.get(name) for name in ("tried", "low", "high")]
    known = [part for part in parts if isinstance(part, list | tuple | dict)]
    return f"{sum(map(len, known)):,}" if known else "–"


def _weights(weights: object) -> str:
    """As they would be typed."""
    if not isinstance(weights, list | tuple):
        return "–" if weights is None else str(weights)
    return f"[{','.join(_typed(weight) for weight in weights)}]"


def _typed(weight: object) -> str:
    value = number(weight)
    return f"{value:g}" if isfinite(value) else "–"


def _stability(cases: Sequence[Case], names: Sequence[str], *, wide: bool) -> Table:
    """Agreement of the rankings of one metric when it is repeated."""
    table = study_frame(names, wide=wide)
    table.add_column("metric", overflow="fold", min_width=7)
    table.add_column("with another", overflow="fold")
    for heading in ("repeats", "n", "cov. %", "mean ρ", "least ρ", "top10\noverlap %"):
        table.add_column(heading, justify="right", no_wrap=True)
    for case in cases:
        shown = True
        for metric, what in _pairs(job.get("stability") for job in case.jobs):
            parts = [_part(job.get("stability"), metric, what) for job in case.jobs]
            table.add_row(
                *name_cells(setting_words(case, shown=shown), wide=wide),
                Text(metric),
                Text(what),
                f"{_mean(parts, 'repeats').value:g}".replace("nan", "–"),
                f"{_mean(parts, 'n').value:,.0f}".replace("nan", "–"),
                percent(_mean(parts, "coverage").value, unit=""),
                decimals(_mean(parts, "mean_rho").value),
                decimals(_mean(parts, "min_rho").low),
                percent(_mean(parts, "mean_top10_overlap").value, unit=""),
            )
            shown = False
    return table


def _selection(cases: Sequence[Case], names: Sequence[str], *, wide: bool) -> Table:
    """The best-scored of a sample, beside one by chance and the best there."""
    table = study_frame(names, wide=wide)
    table.add_column("sample", justify="right", no_wrap=True)
    table.add_column("chosen by", overflow="fold", min_width=14)
    for heading in ("chosen", "chance", "the best there"):
        table.add_column(heading, justify="right", no_wrap=True)
    for case in cases:
        shown, before = True, ""
        for size, metric in _choices(job.get("selection") for job in case.jobs):
            table.add_row(
                *name_cells(setting_words(case, shown=shown), wide=wide),
                "" if size == before else f"{int(size):,}" if size.isdigit() else Text(size),
                Text(metric),
                *(_chosen(case, size, who) for who in (metric, "random", "optimum")),
            )
            shown, before = False, size
    return table


def _chosen(case: Case, size: str, who: str) -> str:
    means, stds = [], []
    for job in case.jobs:
        entry = _part(job.get("selection"), size)
        found = {**_mapping(entry.get("others")), str(entry.get("metric")): entry, **entry}
        accuracy = _accuracy(_mapping(found.get(who)))
        factor = 100 if entry.get("higher_is_better", True) else 1
        means.append(factor * number(accuracy.get("mean")))
        stds.append(factor * number(accuracy.get("std")))
    mean, std = spread_of(means).value, spread_of(stds).value
    if not isfinite(mean):
        return "–"
    return f"{mean:.2f} ± {std:.2f}" if isfinite(std) else f"{mean:.2f}"


def _accuracy(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the choice is worth: by test if that is known, else by what there is."""
    known = {name: part for name, part in entry.items() if _is_mean(part)}
    return known.get("test_accuracy") or next(iter(known.values()), {})


def _is_mean(part: object) -> bool:
    return isinstance(part, Mapping) and isfinite(number(part.get("mean")))


def _choices(parts: Iterator[Any]) -> list[tuple[str, str]]:
    """(sample size, metric) of all choices, in their order."""
    return list(
        dict.fromkeys(
            (str(size), str(metric))
            for part in parts
            for size, entry in _mapping(part).items()
            for metric in (entry.get("metric"), *_mapping(entry.get("others")))
        )
    )


def _pairs(parts: Iterator[Any]) -> list[tuple[str, str]]:
    return list(
        dict.fromkeys(
            (metric, what)
            for part in parts
            for metric, found in _mapping(part).items()
            for what in _mapping(found)
        )
    )


def _part(found: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        found = _mapping(found).get(key)
    return _mapping(found)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mean(parts: Sequence[Mapping[str, Any]], name: str) -> Spread:
    return spread_of([number(part.get(name)) for part in parts])


_TABLES = {
    "search: medians over repeats; target: what the first variant ends with": searches,
    "weights chosen by a rule": _weight_rules,
    "the same architectures ranked again": _stability,
    "one architecture without training: mean ± std over samples": _selection,
}
