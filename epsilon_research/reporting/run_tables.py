"""The tables of a run: settings and counts, statistics of each metric, metrics side by side."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite

from epsilon_research.reporting.case_tables import measured_tables, statistic, statistics_table
from epsilon_research.reporting.numbers import (
    NOTHING,
    duration,
    heading,
    interval,
    minus,
    setting,
    short_duration,
    value,
)
from epsilon_research.reporting.run import Difference, MetricComparison, Run, Statistics
from epsilon_research.reporting.study import Case, Job
from epsilon_research.reporting.table import Table

_TOP10 = """\
top10 ρ      among the 10 % most accurate
top10/top10  how many of the 10 % best scores are among the 10 % most accurate"""
_LEGEND = f"""\
ρ Spearman, τ Kendall τ-b, each with its 95 % bootstrap interval
{_TOP10}
top64/top5   how many of the 64 best scores are among the 5 % most accurate"""

_STATISTICS = (
    "n", "coverage", "spearman_rho", "kendall_tau", "spearman_rho_top10",
    "top10_overlap_percent", "top64_in_top5",
)  # fmt: skip
_MIN_ROWS = 3
"""Architectures with which a correlation begins."""

_COMPARED = {
    "connected": "connected: each metric on every connected architecture that it scores",
    "common": "common: the architectures that all metrics score",
    "common_float32": "common_float32: of those, what float32 defines",
}
_COMPARED_STATISTICS = (*_STATISTICS[:-1], "ndcg")
_COMPARISON_LEGEND = f"""\
ρ Spearman with its 95 % bootstrap interval, τ Kendall τ-b, cov. coverage
{_TOP10}
nDCG         of the 10 % best scores: 0.52 by chance, 1 at best
time         per architecture"""

_SETTINGS = (
    "search_space", "dataset", "benchmark", "weights", "batch_size", "seed", "engine",
)  # fmt: skip
_COUNTS = ("connected", "distinct", "computed", "from_store", "failed")


def run_parts(run: Run) -> list[Table | str]:
    """Return what a run found in general: settings, statistics of each metric, and remarks."""
    parts: list[Table | str] = [_header(run)]
    known = [metric for metric, found in run.metrics.items() if not _why_not(found)]
    for metric, protocols in run.metrics.items():
        reason = _why_not(protocols)
        if reason:
            parts.append(f"{metric}: {reason}, so no statistics")
        else:
            case = _case(replace(run, metrics={metric: protocols}))
            legend = _LEGEND if metric == known[-1] else ""
            parts += statistics_table(
                metric, [case], _STATISTICS, spread=("spearman_rho", "kendall_tau"), note=legend
            )
        parts += [f"→ {sentence}" for sentence in run.diagnosis.get(metric, ())]
    return parts


def further_tables(run: Run) -> list[Table]:
    """Return what else a run found: metrics side by side, searches, choices, stages' tables."""
    return [*comparison_tables(run), *measured_tables([_case(run)]), *run.tables]


def _case(run: Run) -> Case:
    return Case(settings={}, jobs=(Job(number=0, folder=".", settings={}, run=run),))


def _header(run: Run) -> Table:
    """Settings, numbers of architectures, accuracies and time of a run."""
    settings = (f"{name}={setting(run.fact(name))}" for name in _SETTINGS if name in run.facts)
    rows = [
        ("run", ", ".join(settings)),
        ("architectures", _counts(run.counts)),
        ("accuracies", run.fact("benchmark_source") or ""),
        ("reported", (run.search and run.fact("second_source")) or ""),
        ("time", ", ".join(_timing(run.timing))),
    ]
    return Table(title="", head=("", ""), rows=[row for row in rows if row[1]], align="ll")


def _counts(counts: Mapping[str, int]) -> str:
    if not counts:
        return ""
    parts = [f"{counts[name]:,} {name.replace('_', ' ')}" for name in _COUNTS if name in counts]
    total = f"{counts['architectures']:,}"
    return f"{total} ({', '.join(parts)})" if parts else total


def _timing(timing: Mapping[str, float]) -> Iterator[str]:
    if "scoring_seconds" in timing:
        yield f"scoring {duration(timing['scoring_seconds'])}"
    if "architectures_per_second" in timing:
        rate = timing["architectures_per_second"]
        yield f"{rate:,.0f}/s" if rate >= 100 else f"{rate:.3g}/s"
    if "processes" in timing:
        yield f"{timing['processes']:g} process{'' if timing['processes'] == 1 else 'es'}"
    if "total_seconds" in timing:
        yield f"altogether {duration(timing['total_seconds'])}"


def _why_not(protocols: Mapping[str, Statistics]) -> str:
    """Why a metric has no statistics to show; empty where it has some."""
    counts = [found["n"] for found in protocols.values() if "spearman_rho" in found.values]
    if not counts:
        return "no accuracies to compare with"
    few = f"fewer than {_MIN_ROWS} architectures with a score and an accuracy"
    return "" if max(counts) >= _MIN_ROWS else few


def comparison_tables(run: Run) -> list[Table]:
    """Return several metrics beside each other: alone, on common rows, and their differences."""
    tables: list[Table] = []
    for protocol, title in _COMPARED.items():
        rhos = {
            metric: protocols[protocol]["spearman_rho"]
            for metric, protocols in run.metrics.items()
            if protocol in protocols
        }
        if run.comparisons and rhos:
            tables.append(_side_by_side(title, run, protocol, _best_first(rhos)))
        if rhos and protocol in run.comparisons:
            tables.append(_differences(run.comparisons[protocol], first=next(iter(rhos))))
    for last in tables[-1:]:
        tables[-1] = replace(last, note=f"{last.note}\n{_COMPARISON_LEGEND}".lstrip())
    return tables


def _side_by_side(title: str, run: Run, protocol: str, metrics: Sequence[str]) -> Table:
    case, seconds = _case(run), run.seconds_per_architecture
    rows = []
    for metric in metrics:
        cells = [
            statistic(case.spread(metric, protocol, name), name, spread=name == "spearman_rho")
            for name in _COMPARED_STATISTICS
        ]
        time = [short_duration(seconds.get(metric))] if seconds else []
        rows.append((metric, *cells, *time))
    head = ("metric", *map(heading, _COMPARED_STATISTICS), *(["time"] if seconds else []))
    return Table(title=title, head=head, rows=rows)


def _differences(found: MetricComparison, *, first: str) -> Table:
    """Each metric against the first, and what is left of its ρ within equal numbers."""
    both = [*found.differences, *(one.turned() for one in found.differences)]
    against = {one.first: one for one in both if one.second == first}
    within = found.within_equal_num_convolutions
    rows = []
    for metric in _best_first(found.spearman_rho):
        cells = [*_test(against.get(metric))]
        if within:
            rho = within[metric].spread("spearman_rho")
            cells.append(statistic(rho, "spearman_rho", spread=True))
        rows.append((metric, *cells))
    best = found.aggregates
    # Of two or three metrics the best subset is all of them.
    subsets = {tuple(sorted(one.metrics)): one.spearman_rho
               for one in (*best.pairs[:1], *best.triples[:1], best.all)}  # fmt: skip
    every = {tuple(sorted(found.spearman_rho)): f"all {len(found.spearman_rho)}"}
    words = "; ".join(
        f"{every.get(names, ' + '.join(names))} {value(rho)}" for names, rho in subsets.items()
    )
    return Table(
        title="differences of ρ, Steiger's test",
        head=(
            "metric", f"ρ higher than {first}'s by", "Z", "p (Holm)",
            *(["ρ in equal numbers\nof convolutions"] if within else []),
        ),
        rows=rows,
        note=f"ρ of mean ranks, best subsets: {words}",
    )  # fmt: skip


def _test(part: Difference | None) -> tuple[str, str, str]:
    if part is None:
        return ("", "", "")
    p = "< 0.001" if part.p_holm < 0.001 else f"{part.p_holm:.3f}"
    return (
        f"{value(part.difference)}\n{interval(part.difference_interval)}".rstrip(),
        minus(f"{part.z:.1f}") if isfinite(part.z) else NOTHING,
        p if isfinite(part.p_holm) else NOTHING,
    )


def _best_first(rhos: Mapping[str, float]) -> list[str]:
    """Metrics by ρ, undefined ones last."""
    return sorted(rhos, key=lambda name: -rhos[name] if isfinite(rhos[name]) else 2.0)
