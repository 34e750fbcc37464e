"""The tables of a run: settings and counts, statistics of each metric, searches, choices."""

from collections.abc import Mapping, Sequence
from math import isfinite

from epsilon_research.reporting.numbers import (
    NOTHING,
    accuracy,
    count,
    duration,
    heading,
    interval,
    minus,
    percent,
    setting,
    short_duration,
    value,
)
from epsilon_research.reporting.run import (
    EARLY,
    Choice,
    Difference,
    Estimate,
    MetricComparison,
    Run,
    SearchVariant,
    Selection,
    Statistics,
)
from epsilon_research.reporting.table import Table

PROTOCOL_LEGEND = """\
ρ Spearman, τ Kendall τ-b, each with its 95 % bootstrap interval
top10 ρ      among the 10 % most accurate
top10/top10  how many of the 10 % best scores are among the 10 % most accurate
top64/top5   how many of the 64 best scores are among the 5 % most accurate"""

_STATISTICS = (
    "n", "coverage", "spearman_rho", "kendall_tau", "spearman_rho_top10",
    "top10_overlap_percent", "top64_in_top5",
)  # fmt: skip
_MIN_ROWS = 3
"""Architectures with which a correlation begins."""
_WITH_INTERVAL = ("spearman_rho", "kendall_tau")

_COMPARED = {
    "connected": "connected: each metric on every connected architecture that it scores",
    "common": "common: the architectures that all metrics score",
    "common_float32": "common_float32: of those, what float32 defines",
}
_COMPARISON_LEGEND = """\
ρ Spearman with its 95 % bootstrap interval, τ Kendall τ-b, cov. coverage
top10 ρ   among the 10 % most accurate
overlap   how many of the 10 % best scores are among the 10 % most accurate
nDCG      of the 10 % best scores: 0.52 by chance, 1 at best
time      per architecture"""

_SETTINGS = (
    "search_space", "dataset", "benchmark", "weights", "batch_size", "seed", "engine",
)  # fmt: skip
_COUNTS = ("connected", "distinct", "computed", "from_store", "failed")


def run_parts(run: Run) -> list[Table | str]:
    """What a run found, in the order of reading: tables and remarks.

    The tables of searches and of metrics beside each other are in `search_tables` and
    `comparison_tables`.
    """
    parts: list[Table | str] = [header_table(run)]
    known = {metric: found for metric, found in run.metrics.items() if _has_statistics(found)}
    for metric, protocols in run.metrics.items():
        if metric in known:
            legend = PROTOCOL_LEGEND if metric == list(known)[-1] else ""
            parts.append(protocols_table(metric, protocols, note=legend))
        else:
            parts.append(f"{metric}: {_why_not(protocols)}, so no statistics")
        parts += [f"→ {sentence}" for sentence in run.diagnosis.get(metric, ())]
    return parts


def header_table(run: Run) -> Table:
    """Settings, numbers of architectures and time of a run."""
    settings = (f"{name}={setting(run.fact(name))}" for name in _SETTINGS if name in run.facts)
    rows = [("run", ", ".join(settings)), ("architectures", _counts(run)), ("time", _timing(run))]
    return Table(title="", head=("", ""), rows=[row for row in rows if row[1]], align="ll")


def _counts(run: Run) -> str:
    known = [name for name in _COUNTS if name in run.counts]
    parts = ", ".join(f"{run.counts[name]:,} {name.replace('_', ' ')}" for name in known)
    total = f"{run.counts['architectures']:,}" if "architectures" in run.counts else ""
    return f"{total} ({parts})" if total and parts else total or parts


def _timing(run: Run) -> str:
    timing, words = run.timing, []
    if "scoring_seconds" in timing:
        words.append(f"scoring {duration(timing['scoring_seconds'])}")
    if "architectures_per_second" in timing:
        rate = timing["architectures_per_second"]
        words.append(f"{rate:,.0f}/s" if rate >= 100 else f"{rate:.3g}/s")
    if "processes" in timing:
        number = timing["processes"]
        words.append(f"{number:g} process{'' if number == 1 else 'es'}")
    if "total_seconds" in timing:
        words.append(f"altogether {duration(timing['total_seconds'])}")
    return ", ".join(words)


def protocols_table(metric: str, protocols: Mapping[str, Statistics], *, note: str = "") -> Table:
    """The statistics of one metric, a row for each protocol."""
    return Table(
        title=metric,
        head=("protocol", *map(heading, _STATISTICS)),
        rows=[
            (protocol, *(_statistic(found, name) for name in _STATISTICS))
            for protocol, found in protocols.items()
        ],
        note=note,
    )


def _statistic(found: Statistics, name: str) -> str:
    one = found[name]
    return with_interval(one, name) if name in _WITH_INTERVAL else value(one.value, name)


def with_interval(one: Estimate, name: str = "spearman_rho") -> str:
    """A value with its interval in the line below, where that is known."""
    ends = interval(one.interval, name)
    return f"{value(one.value, name)}\n{ends}" if ends else value(one.value, name)


def _has_statistics(protocols: Mapping[str, Statistics]) -> bool:
    counts = [found["n"].value for found in protocols.values() if "spearman_rho" in found]
    return max(counts, default=0.0) >= _MIN_ROWS


def _why_not(protocols: Mapping[str, Statistics]) -> str:
    if any("spearman_rho" in found for found in protocols.values()):
        return f"fewer than {_MIN_ROWS} architectures with a score and an accuracy"
    return "no accuracies to compare with"


def comparison_tables(run: Run) -> list[Table]:
    """Several metrics beside each other: each alone, on common rows, and their differences."""
    tables = []
    for protocol in _COMPARED:
        found = {
            metric: protocols[protocol]
            for metric, protocols in run.metrics.items()
            if protocol in protocols
        }
        if not found:
            continue
        tables.append(_side_by_side(_COMPARED[protocol], found, run.seconds_per_architecture))
        if protocol in run.comparisons:
            tables.append(differences_table(run.comparisons[protocol], first=next(iter(found))))
    if not run.comparisons or not tables:
        return []
    last = tables[-1]
    note = "\n".join(part for part in (last.note, _COMPARISON_LEGEND) if part)
    shown = Table(title=last.title, head=last.head, rows=last.rows, note=note, align=last.align)
    return [*tables[:-1], shown]


def _side_by_side(
    title: str, found: Mapping[str, Statistics], seconds: Mapping[str, float]
) -> Table:
    names = ("n", "coverage", "spearman_rho", "kendall_tau", "spearman_rho_top10")
    rows = []
    for metric in best_first({name: part["spearman_rho"].value for name, part in found.items()}):
        part = found[metric]
        cells = [
            with_interval(part[name], name)
            if name == "spearman_rho"
            else value(part[name].value, name)
            for name in names
        ]
        cells += [value(part[name].value, name) for name in ("top10_overlap_percent", "ndcg")]
        rows.append((metric, *cells, *([short_duration(seconds.get(metric))] if seconds else [])))
    head = ("metric", *map(heading, names), "over-\nlap %", "nDCG", *(["time"] if seconds else []))
    return Table(title=title, head=head, rows=rows)


def differences_table(found: MetricComparison, *, first: str) -> Table:
    """Each metric against the first, and what is left of its ρ within equal numbers."""
    against = {
        part.first: part
        for part in (one.of(_other(one, first)) for one in found.differences if _has(one, first))
    }
    within = found.within_convolutions
    rows = []
    for metric in best_first(found.rhos):
        cells = _test(against.get(metric))
        rows.append((metric, *cells, *([with_interval(within[metric])] if within else [])))
    # Of two or three metrics the best subset is all of them.
    subsets = {tuple(sorted(names)): rho for names, rho in found.aggregates}
    best = "; ".join(f"{_sum(names, found)} {value(rho)}" for names, rho in subsets.items())
    return Table(
        title="differences of ρ, Steiger's test",
        head=(
            "metric", f"ρ higher than {first}'s by", "Z", "p (Holm)",
            *(["ρ in equal numbers\nof convolutions"] if within else []),
        ),
        rows=rows,
        note=f"ρ of mean ranks, best subsets: {best}",
    )  # fmt: skip


def _has(one: Difference, metric: str) -> bool:
    return metric in (one.first, one.second)


def _other(one: Difference, metric: str) -> str:
    return one.second if one.first == metric else one.first


def _sum(names: Sequence[str], found: MetricComparison) -> str:
    return f"all {len(names)}" if len(names) == len(found.rhos) else " + ".join(names)


def _test(part: Difference | None) -> tuple[str, str, str]:
    if part is None:
        return ("", "", "")
    p = part.p_holm
    small = "< 0.001" if p < 0.001 else f"{p:.3f}"
    return (
        with_interval(part.difference),
        minus(f"{part.z:.1f}") if isfinite(part.z) else NOTHING,
        small if isfinite(p) else NOTHING,
    )


def best_first(rhos: Mapping[str, float]) -> list[str]:
    """Metrics by ρ, undefined ones last."""
    return sorted(rhos, key=lambda name: -rhos[name] if isfinite(rhos[name]) else 2.0)


def search_tables(run: Run) -> list[Table]:
    """What the searches of a run found, and the choice of one architecture."""
    tables = [_variants(list(run.search.values()))] if run.search else []
    return tables + ([_choices(run.selection)] if run.selection else [])


def _variants(variants: Sequence[SearchVariant]) -> Table:
    first = variants[0]
    early = min(EARLY, first.budget)
    target = accuracy(first.targets[0].accuracy, fractions=first.are_fractions)
    rows = []
    for one in variants:
        shown = [
            accuracy(number, fractions=one.are_fractions)
            for number in (one.median_curve[early - 1], one.median_curve[-1])
        ]
        ends = (one.low_curve[-1], one.high_curve[-1])
        quartiles = "–".join(accuracy(end, fractions=one.are_fractions) for end in ends)
        rows.append(
            (one.label, *shown, quartiles, models_to_target(one), percent(one.repeat_share))
        )
    return Table(
        title="search",
        head=(
            "variant", f"after\n{early}", f"after\n{first.budget}", "quartiles", "to\ntarget",
            "re-\npeats %",
        ),
        rows=rows,
        note=f"{first.reported.replace('_', ' ')}, median over {first.repeats} repeats, selected "
        f"on {first.selected_on}, protocol {first.protocol}\nto target: trained models until "
        f"{target}, median, and the share of repeats that get there",
    )  # fmt: skip


def models_to_target(one: SearchVariant) -> str:
    """Trained models to the main target, and the share of repeats that reach it."""
    target = one.targets[0]
    return f"{count(target.median_models)} ({percent(target.reached_share, unit=' %')})"


def _choices(selections: Sequence[Selection]) -> Table:
    rows = []
    for found in selections:
        choices = [*found.by_metric.values(), found.by_chance, found.best]
        for place, one in enumerate(choices):
            size = "" if place else f"{found.size:,}"
            rows.append((size, one.chosen_by, *_choice(one, fractions=found.are_fractions)))
    return Table(
        title="one architecture without training",
        head=("sample", "chosen by", "test", "validation", "rank"),
        rows=rows,
        note="mean ± standard deviation over samples",
        align="rlrrr",
    )


def _choice(one: Choice, *, fractions: bool) -> tuple[str, str, str]:
    test = chosen_accuracy(one.test_accuracy, fractions=fractions)
    validation = chosen_accuracy(one.validation_accuracy, fractions=fractions)
    return (test, validation, f"{one.mean_rank:,.1f}" if isfinite(one.mean_rank) else NOTHING)


def chosen_accuracy(found: tuple[float, float], *, fractions: bool) -> str:
    """Mean ± standard deviation of chosen accuracies, in percent where they are fractions."""
    mean, std = ((100 if fractions else 1) * number for number in found)
    if not isfinite(mean):
        return NOTHING
    return f"{mean:.2f} ± {std:.2f}" if isfinite(std) else f"{mean:.2f}"
