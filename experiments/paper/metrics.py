"""Several metrics of one run beside each other: their time, and their differences in ρ."""

from collections.abc import Mapping, Sequence
from typing import Any

from epsilon_research.plotting.comparison_table import differences_from
from experiments.paper.comparison import folded, job_label
from experiments.paper.html import Html, joined, table, tag
from experiments.paper.numbers import NOTHING, difference, interval, is_number, ours, plain

_RHO = "spearman_rho"
_ROWS = {"common": "all score", "common_float32": "float32 defines too"}
"""Protocols under which metrics are compared, and their rows in words."""


def metrics_table(record: Mapping[str, Any]) -> Html:
    """A line for each metric of each job that has several; empty where none has."""
    jobs = [job for job in record["jobs"] if len(job.get("metrics") or {}) > 1]
    jobs = [job for job in jobs if job.get("comparison")]
    lines: list[Sequence[object] | str] = []
    for job in jobs:
        lines += [job_label(job)] if len(record["jobs"]) > 1 else []
        lines += _lines(job["comparison"], list(job["metrics"]))
    num_rows = sum(not isinstance(line, str) for line in lines)
    if not lines:
        return Html("")
    head = ["metric", "ms per architecture"]
    for rows in _ROWS.values():
        head += [f"ρ above the first’s, rows that {rows}", "p (Holm)", "ρ in equal convolutions"]
    return folded("Metrics beside each other", table(head, lines, class_="numbers small"), num_rows)


def _lines(comparison: Mapping[str, Any], metrics: Sequence[str]) -> list[Sequence[object]]:
    seconds = comparison.get("seconds_per_architecture") or {}
    against = {
        protocol: dict(differences_from(comparison[protocol]["differences"], metrics[0]))
        for protocol in _ROWS
        if protocol in comparison
    }
    lines: list[Sequence[object]] = []
    for metric in metrics:
        time = seconds.get(metric)
        cells: list[object] = [metric, plain(1000 * time) if is_number(time) else NOTHING]
        for protocol in _ROWS:
            cells += _difference(against.get(protocol, {}).get(metric))
            cells.append(_within(comparison.get(protocol) or {}, metric))
        lines.append(cells)
    return lines


def _difference(part: Mapping[str, Any] | None) -> list[object]:
    if part is None:
        return ["", ""]
    p = part["p_holm"]
    shown = plain(p) if not is_number(p) or p >= 0.001 else "< 0.001"
    value = difference(part["difference"], _RHO)
    return [_with_interval(value, part.get("difference_interval")), shown]


def _within(found: Mapping[str, Any], metric: str) -> object:
    """ρ among architectures with equal numbers of convolutions, where the space has any."""
    part = (found.get("within_equal_num_convolutions") or {}).get(metric)
    if not part or not is_number(part[_RHO]):
        return NOTHING
    return _with_interval(ours(part[_RHO], _RHO), part.get(f"{_RHO}_interval"))


def _with_interval(value: Html, ends: Sequence[float | None] | None) -> Html:
    shown = interval(ends, _RHO)
    return joined([value, tag("span", shown, class_="under") if shown else ""])
