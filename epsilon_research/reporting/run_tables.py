"""The tables of a run, and of cases: a row for each combination of settings of a study.

A run is one case.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import isfinite, nan
from typing import TypeVar

from epsilon_research.reporting.numbers import (
    NOTHING,
    accuracy,
    count,
    count_range,
    duration,
    heading,
    interval,
    mean_and_std,
    minus,
    percent,
    setting,
    short_duration,
    value,
)
from epsilon_research.reporting.published import COUNT
from epsilon_research.reporting.run import (
    Difference,
    MetricComparison,
    Moments,
    Run,
    SearchVariant,
    Spread,
    Statistics,
)
from epsilon_research.reporting.study import Case, Job, metrics_of, spread_of
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
_MIN_ROWS = 3  # architectures with which a correlation begins

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


_EARLY = 10  # trained models after which a table first looks at the curve of a search

Value = TypeVar("Value")

Rows = Iterable[tuple[Case, Sequence[str]]]
"""Cells of each row, with the case that it is of."""


def run_parts(run: Run) -> list[Table | str]:
    """Return what a run found in general: settings, statistics of each metric, and remarks."""
    parts: list[Table | str] = [_header(run)]
    known = [metric for metric, found in run.metrics.items() if not _why_not(found)]
    for metric, protocols in run.metrics.items():
        reason = _why_not(protocols)
        if reason:
            parts.append(f"{metric}: {reason}, so no statistics")
        else:
            case = Job(run=replace(run, metrics={metric: protocols})).case
            legend = _LEGEND if metric == known[-1] else ""
            parts += statistics_table(
                metric, [case], _STATISTICS, spread=("spearman_rho", "kendall_tau"), note=legend
            )
        parts += [f"→ {sentence}" for sentence in run.diagnosis.get(metric, ())]
    return parts


def further_tables(run: Run) -> list[Table]:
    """Return what else a run found: metrics side by side, searches, choices, stages' tables."""
    return [*comparison_tables(run), *measured_tables([Job(run=run).case]), *run.tables]


def _header(run: Run) -> Table:
    """Settings, numbers of architectures, accuracies and time, as far as the record has them."""
    settings = (f"{name}={setting(run.fact(name))}" for name in _SETTINGS if name in run.facts)
    rows = [
        ("run", ", ".join(settings)),
        ("architectures", _counts(run.counts) if run.counts else ""),
        ("accuracies", run.fact("benchmark_source") or ""),
        ("reported", (run.search and run.fact("second_source")) or ""),
        ("time", _timing(run.timing) if run.timing else ""),
    ]
    return Table(title="", head=("", ""), rows=[row for row in rows if row[1]], align="ll")


def _counts(counts: Mapping[str, int]) -> str:
    parts = ", ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in _COUNTS)
    return f"{counts['architectures']:,} ({parts})"


def _timing(timing: Mapping[str, float]) -> str:
    rate, processes = timing["architectures_per_second"], timing["processes"]
    return (
        f"scoring {duration(timing['scoring_seconds'])}, "
        f"{f'{rate:,.0f}' if rate >= 100 else f'{rate:.3g}'}/s, "
        f"{processes:g} process{'' if processes == 1 else 'es'}, "
        f"altogether {duration(timing['total_seconds'])}"
    )


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
    seconds = run.seconds_per_architecture
    rows = []
    for metric in metrics:
        found = run.metrics[metric][protocol]
        cells = [
            statistic(found.spread(name), name, spread=name == "spearman_rho")
            for name in _COMPARED_STATISTICS
        ]
        time = [short_duration(seconds.get(metric))] if seconds else []
        rows.append((metric, *cells, *time))
    head = ("metric", *map(heading, _COMPARED_STATISTICS), *(["time"] if seconds else []))
    return Table(title=title, head=head, rows=rows)


def _differences(found: MetricComparison, *, first: str) -> Table:
    """Each metric against the first, and what is left of its ρ within equal numbers."""
    tests = {one.second: _test(one) for one in found.differences if one.first == first}
    within = found.within_equal_num_convolutions
    rows = []
    for metric in _best_first(found.spearman_rho):
        cells = [*tests.get(metric, ("", "", ""))]
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


def _test(one: Difference) -> tuple[str, str, str]:
    """The second metric's lead over the first: the record has the difference the other way."""
    low, high = one.difference_interval or (nan, nan)
    p = "< 0.001" if one.p_holm < 0.001 else f"{one.p_holm:.3f}"
    return (
        f"{value(-one.difference)}\n{interval((-high, -low))}".rstrip(),
        minus(f"{-one.z:.1f}") if isfinite(one.z) else NOTHING,
        p if isfinite(one.p_holm) else NOTHING,
    )


def _best_first(rhos: Mapping[str, float]) -> list[str]:
    """Metrics by ρ, undefined ones last."""
    return sorted(rhos, key=lambda name: -rhos[name] if isfinite(rhos[name]) else 2.0)


def settings_heading(case: Case) -> str:
    """Return the heading of a column of settings."""
    names = list(case.settings)
    return names[0].replace(".", ".\n") if len(names) == 1 else "settings" if names else "row"


def cases_table(
    title: str, head: Sequence[str], rows: Rows, *, align: str, note: str = ""
) -> list[Table]:
    """Return a table with a column of settings in front where cases have some; [] without rows.

    Words on the left that are those of the row above are left out.
    """
    found = list(rows)
    if not found:
        return []
    case, lines = found[0][0], [tuple(cells) for _, cells in found]
    if case.settings:
        lines = [(one.label(separator="\n"), *cells) for one, cells in found]
        head, align = (settings_heading(case), *head), f"l{align}"
    labels = max(len(align) - len(align.lstrip("l")) - 1, 0)
    shown = [
        tuple(
            "" if place < labels and line[: place + 1] == before[: place + 1] else word
            for place, word in enumerate(line)
        )
        for before, line in pairwise([(), *lines])
    ]
    return [Table(title=title, head=head, rows=shown, note=note, align=align)]


def statistics_table(
    title: str, cases: Sequence[Case], names: Sequence[str], *, spread: Collection[str], note: str
) -> list[Table]:
    """Return the statistics `names` with a row for each case, metric and protocol.

    Of those in `spread` the interval, or the standard deviation over draws, is shown too.
    """
    several = ["metric"] if len(metrics_of(cases)) > 1 else []
    rows = (
        (case, (*[metric][: len(several)], protocol, *(
            statistic(case.spread(metric, protocol, name), name, spread=name in spread)
            for name in names
        )))
        for case in cases
        for metric in case.metrics
        for protocol in case.protocols(metric)
    )  # fmt: skip
    align = f"{'l' * len(several)}l{'r' * len(names)}"
    return cases_table(
        title, (*several, "protocol", *map(heading, names)), rows, align=align, note=note
    )


def statistic(found: Spread, name: str, *, spread: bool) -> str:
    """Return a number; with `spread` also its interval, or its standard deviation over draws."""
    if name == COUNT and found.low < found.high:
        return count_range((found.low, found.high))
    if spread and isfinite(found.std):
        return mean_and_std(found.value, found.std, name)
    ends = interval((found.low, found.high), name) if spread else ""
    return f"{value(found.value, name)}\n{ends}".rstrip()


def measured_tables(cases: Sequence[Case]) -> list[Table]:
    """Return searches, weights, repeats and choices; of several draws the mean."""
    return [
        *_searches(cases),
        *cases_table(
            "Weights chosen by a rule", ("rule", "chosen", "it found"),
            _weight_rules(cases), align="lll",
        ),
        *cases_table(
            "The same architectures ranked again",
            ("metric", "with another", "repeats", "n", "cov. %", "mean ρ", "min ρ",
             "top10\noverlap %"),
            _stability(cases), align="llrrrrrr",
        ),
        *cases_table(
            "One architecture without training",
            ("sample", "chosen by", "test", "validation", "rank"),
            _choices(cases), align="rlrrr", note="mean ± standard deviation over samples",
        ),
    ]  # fmt: skip


def _mean(values: Iterable[float]) -> float:
    return spread_of(list(values)).value


def _by_name(parts: Iterable[Mapping[str, Value]]) -> dict[str, list[Value]]:
    """What several draws have under one name, in the order of first mention."""
    found: dict[str, list[Value]] = {}
    for name, value_ in (item for part in parts for item in part.items()):
        found.setdefault(name, []).append(value_)
    return found


def _draws(
    cases: Sequence[Case], part: Callable[[Run], Mapping[str, Value]]
) -> Iterator[tuple[Case, str, list[Value]]]:
    """The draws of each named part of the runs of a case."""
    for case in cases:
        for name, found in _by_name(part(job.run) for job in case.jobs).items():
            yield case, name, found


def _searches(cases: Sequence[Case]) -> list[Table]:
    found = [(case, draws) for case, _, draws in _draws(cases, lambda run: run.search)]
    every = [one for _, draws in found for one in draws]
    early = min([_EARLY, *(len(one.median_curve) for one in every)])
    about = [
        f"{one.reported.replace('_', ' ')}, median over {one.repeats} repeats, selected on "
        f"{one.selected_on}, protocol {one.protocol}"
        for one in every
    ]
    return cases_table(
        "Search",
        ("variant", f"after\n{early}", "at the end,\nquartiles", "models\ntrained",
         "models to target\n(% reach it)", "re-\npeats %"),
        ((case, _searched(draws, early=early)) for case, draws in found),
        align="lrrrrr",
        note="\n".join(dict.fromkeys(about)),
    )  # fmt: skip


def _searched(draws: Sequence[SearchVariant], *, early: int) -> list[str]:
    def reached(values: Iterable[float]) -> str:
        return accuracy(_mean(values), fractions=draws[0].are_fractions)

    targets = [next(iter(one.targets.values())) for one in draws if one.targets]
    share = percent(_mean(one.reached_share for one in targets), unit=" %")
    low, high = (
        reached(getattr(one, name)[-1] for one in draws) for name in ("low_curve", "high_curve")
    )
    return [
        draws[0].label,
        reached(one.median_curve[early - 1] for one in draws),
        f"{reached(one.median_curve[-1] for one in draws)}\n{low}–{high}",
        count(_mean(float(one.budget) for one in draws)),
        f"{count(_mean(one.median_models for one in targets))} ({share})\n"
        f"to {reached(one.accuracy for one in targets)}",
        percent(_mean(one.repeat_share for one in draws)),
    ]


def _weight_rules(cases: Sequence[Case]) -> Iterator[tuple[Case, Sequence[str]]]:
    for case in cases:
        for rule in (job.run.weight_rule for job in case.jobs):
            if rule is not None:
                limits = {"limits": rule.limits} if rule.limits else {}
                found = {**limits, **rule.picks}.items()
                pairs = "\n".join(f"{name}: {_weights(pair)}" for name, pair in found)
                yield case, (rule.rule or NOTHING, _weights(rule.weights), pairs)


def _weights(weights: Sequence[float] | None) -> str:
    if not weights:
        return "no pair"
    return setting(weights) if all(map(isfinite, weights)) else NOTHING


def _stability(cases: Sequence[Case]) -> Iterator[tuple[Case, Sequence[str]]]:
    for case, metric, kinds in _draws(cases, lambda run: run.stability):
        for drawn, found in _by_name(kinds).items():
            cells = (
                metric,
                drawn,
                count(_mean(one.repeats for one in found)),
                count(_mean(one.n for one in found)),
                percent(_mean(one.coverage for one in found)),
                value(_mean(one.mean_rho for one in found)),
                value(min(one.min_rho for one in found)),
                percent(_mean(one.mean_top10_overlap for one in found)),
            )
            yield case, cells


def _choices(cases: Sequence[Case]) -> Iterator[tuple[Case, Sequence[str]]]:
    """The best-scored of each sample, beside one by chance and the best there."""
    for case, size, found in _draws(cases, lambda run: run.selection):
        factor = 100 if found[0].higher_is_better else 1
        chosen = _by_name(
            {**one.by_metric, "chance": one.random, "the best there": one.optimum} for one in found
        )
        for place, (name, choices) in enumerate(chosen.items()):
            rank = _mean(one.mean_rank for one in choices)
            cells = (
                "" if place else f"{int(size):,}",
                name,
                _moments([one.test_accuracy for one in choices], factor),
                _moments([one.validation_accuracy for one in choices], factor),
                f"{rank:,.1f}" if isfinite(rank) else NOTHING,
            )
            yield case, cells


def _moments(found: Sequence[Moments], factor: float) -> str:
    mean, std = factor * _mean(one.mean for one in found), factor * _mean(one.std for one in found)
    if not isfinite(mean):
        return NOTHING
    return f"{mean:.2f} ± {std:.2f}" if isfinite(std) else f"{mean:.2f}"
