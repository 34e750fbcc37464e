"""The tables of a study: ours beside the published numbers, then everything else it measured."""

from collections.abc import Iterable, Iterator, Sequence
from math import isfinite, nan

from epsilon_research.reporting.agreement_table import agreement_table
from epsilon_research.reporting.numbers import (
    NOTHING,
    accuracy,
    count,
    difference,
    heading,
    in_order,
    interval,
    mean_and_std,
    percent,
    published,
    setting,
    value,
)
from epsilon_research.reporting.published import Comparison, agreements
from epsilon_research.reporting.run import EARLY, SearchVariant, Selection
from epsilon_research.reporting.run_tables import chosen_accuracy, comparison_tables
from epsilon_research.reporting.study import (
    Case,
    PublishedPart,
    Spread,
    Study,
    metrics_of,
    short_name,
    spread_of,
)
from epsilon_research.reporting.table import Table

_MOST_NAMED = 6
"""Published rows without a job that are named one by one."""

_MARKS = (
    "In each cell: ours, published, difference. ✓ the difference is within the margin that chance "
    "explains (n: equal), ✗ it is not, – cannot be said, 3/10 it is for 3 of 10 draws."
)
_LEGEND = "ρ Spearman, τ Kendall τ-b, top10: among the 10 % most accurate"
Rows = Sequence[tuple[Case, Sequence[str]]]
"""Cells of each row, with the case that it is of."""

_PROTOCOL_STATISTICS = ("spearman_rho", "spearman_rho_top10")


def study_parts(study: Study) -> list[Table | str]:
    """What a study found, in the order of reading: tables and paragraphs.

    Title and question; each published table beside ours and how they agree; statistics under each
    protocol; what else the jobs measured; jobs without a result. Jobs that differ in a draw's seed
    alone are one row.
    """
    title = f"{study.title}\n{study.question}" if study.question else study.title
    parts: list[Table | str] = [title]
    parts += [published_table(study, part) for part in study.published]
    found = agreement_table(agreements(study.comparisons))
    parts += [part for part in (found, study.remark) if part]
    parts += further_tables(study)
    return parts + missing(study)


def further_tables(study: Study) -> list[Table]:
    """Everything that the jobs measured beside what is compared with published numbers.

    Of a study with one job also its metrics beside each other, and the tables of its stages.
    """
    cases = study.cases
    alone = [job.run for job in study.jobs] if len(study.jobs) == 1 else []
    tables = [
        _protocols(cases),
        *(table for run in alone for table in (*comparison_tables(run), *run.tables)),
        _searches(cases),
        _weight_rules(cases),
        _stability(cases),
        _selection(cases),
    ]
    return [table for table in tables if table.rows]


def missing(study: Study) -> list[Table | str]:
    """A paragraph for jobs that left no result, and for each one that is incomplete."""
    words: list[Table | str] = [
        f"job {job.folder}: {job.run.incomplete}" for job in study.jobs if job.run.incomplete
    ]
    folders = study.missing_jobs
    if folders:
        what = "job has" if len(folders) == 1 else "jobs have"
        words.append(f"{len(folders)} {what} left no summary: {', '.join(folders)}")
    return words


def published_table(study: Study, part: PublishedPart) -> Table:
    """Ours beside one published table: a row for each case, metric and published row."""
    cases = study.cases
    rows = _grouped(part, cases)
    names = in_order(one.statistic for row in rows.values() for one in row)
    keys = list(rows)
    metrics = len({metric for _, metric, _ in keys}) > 1
    labels = len({(place, metric) for place, metric, _ in keys}) < len(keys)
    lines = []
    for (place, metric, label), found in rows.items():
        words = [case_words(cases[place])] if study.settings else []
        words += [metric] * metrics + [label] * (labels or not words)
        by_name = {name: [one for one in found if one.statistic == name] for name in names}
        lines.append(("\n".join(filter(None, words)), *map(_compared, by_name.values())))
    return Table(
        title=f"Beside the published numbers: {part.title}",
        head=(settings_heading(cases), *map(heading, names)),
        rows=lines,
        note="\n".join(_remarks(part)),
    )


def _grouped(
    part: PublishedPart, cases: Sequence[Case]
) -> dict[tuple[int, str, str], list[Comparison]]:
    """By case, metric and published row; several of one statistic where a case has draws."""
    places = {job.number: place for place, case in enumerate(cases) for job in case.jobs}
    rows: dict[tuple[int, str, str], list[Comparison]] = {}
    for one in part.rows:
        rows.setdefault((places[one.job], one.metric, one.label), []).append(one)
    return rows


def _compared(found: Sequence[Comparison]) -> str:
    """Ours, the published value with a mark, and the difference; of several draws the mean."""
    if not found:
        return ""
    name = found[0].statistic
    ours = spread_of([one.ours for one in found])
    printed = {published(one.published, name) for one in found}
    by = spread_of([one.difference for one in found])
    first = mean_and_std(ours.value, ours.std, name)
    return f"{first}\n{', '.join(sorted(printed))} {mark(found)}\n{difference(by.value, name)}"


def mark(found: Iterable[Comparison]) -> str:
    """Whether ours agrees with the published value; of several draws, how many of them do."""
    known = [one.agrees for one in found if one.agrees is not None]
    if not known:
        return NOTHING
    if all(known):
        return "✓"
    return f"{sum(known)}/{len(known)}" if any(known) else "✗"


def _remarks(part: PublishedPart) -> Iterator[str]:
    if part.rows:
        protocols = dict.fromkeys(one.protocol for one in part.rows)
        yield f"{_MARKS} Ours under protocol {', '.join(protocols)}."
    else:
        yield "Nothing of this table stands beside a result here."
    if part.unmatched:
        more = len(part.unmatched) - _MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        yield f"Published, but not run here: {', '.join(part.unmatched[:_MOST_NAMED])}{rest}."
    yield f"Published: {part.source}. {part.note}".strip()


def case_words(case: Case) -> str:
    """The settings of a case: the value of a single one, else a line for each."""
    if len(case.settings) == 1:
        return case.label()
    return "\n".join(
        f"{short_name(name)}={setting(found)}" for name, found in case.settings.items()
    )


def settings_heading(cases: Sequence[Case]) -> str:
    """Heading of the column of `case_words`."""
    names = list(cases[0].settings)
    return names[0].replace(".", ".\n") if len(names) == 1 else "settings" if names else "row"


def _table(
    title: str,
    cases: Sequence[Case],
    head: Sequence[str],
    rows: Rows,
    *,
    align: str,
    note: str = "",
) -> Table:
    """A table with a column of settings in front where cases differ.

    Words on the left that are those of the row above are left out.
    """
    lines = [(case_words(case), *cells) for case, cells in rows]
    columns, align = (settings_heading(cases), *head), f"l{align}"
    if not cases[0].settings:
        lines, columns, align = [line[1:] for line in lines], columns[1:], align[1:]
    labels = len(align) - len(align.lstrip("l"))
    shown = []
    for before, line in zip([(), *lines], lines, strict=False):
        same = [line[: place + 1] == before[: place + 1] for place in range(labels - 1)]
        words = ("" if known else word for known, word in zip(same, line, strict=False))
        shown.append((*words, *line[max(labels - 1, 0) :]))
    return Table(title=title, head=columns, rows=shown, note=note, align=align)


def _protocols(cases: Sequence[Case]) -> Table:
    """A row for each case, metric and protocol."""
    several = len(metrics_of(cases)) > 1
    rows = [
        (
            case,
            (
                *([metric] if several else []),
                protocol,
                _range(case.spread(metric, protocol, "n")),
                percent(case.spread(metric, protocol, "coverage").value),
                *(
                    _spread(case.spread(metric, protocol, name), name)
                    for name in _PROTOCOL_STATISTICS
                ),
            ),
        )
        for case in cases
        for metric in case.metrics
        for protocol in case.protocols(metric)
    ]
    draws = max(len(case.jobs) for case in cases)
    beside = (
        f"± standard deviation over {draws} draws; (3): only 3 have a value"
        if draws > 1
        else "[ ] 95 % bootstrap interval"
    )
    return _table(
        "Under each protocol",
        cases,
        (
            *(["metric"] if several else []),
            "protocol",
            *map(heading, ("n", "coverage", *_PROTOCOL_STATISTICS)),
        ),
        rows,
        note=f"{beside}; {_LEGEND}",
        align=f"{'l' * several}lrr{'r' * len(_PROTOCOL_STATISTICS)}",
    )


def _range(spread: Spread) -> str:
    if spread.count > 1 and spread.low < spread.high:
        return f"{spread.low:,.0f}–{spread.high:,.0f}"
    return count(spread.value)


def _spread(spread: Spread, name: str) -> str:
    """A value with its interval, or with its standard deviation over draws."""
    if not isfinite(spread.std):
        ends = interval((spread.low, spread.high), name)
        return f"{value(spread.value, name)} {ends}".rstrip()
    return mean_and_std(spread.value, spread.std, name)


def _searches(cases: Sequence[Case]) -> Table:
    """Medians after few and after all trained models; of several draws the means."""
    found = [(case, _variants(case)) for case in cases]
    curves = [one.median_curve for _, parts in found for part in parts.values() for one in part]
    early = min([EARLY, *map(len, curves)])
    rows = [
        (case, (draws[0].label, *_searched(draws, early=early)))
        for case, parts in found
        for draws in parts.values()
    ]
    return _table(
        "Search: medians over repeats; target: what the first variant ends with",
        cases,
        (
            "variant", f"after\n{early}", "at the\nend", "models\ntrained", "target",
            "models to it\n(% reach it)",
        ),
        rows,
        align="lrrrrr",
    )  # fmt: skip


def _variants(case: Case) -> dict[str, list[SearchVariant]]:
    variants: dict[str, list[SearchVariant]] = {}
    for job in case.jobs:
        for name, one in job.run.search.items():
            variants.setdefault(name, []).append(one)
    return variants


def _searched(draws: Sequence[SearchVariant], *, early: int) -> list[str]:
    fractions = draws[0].are_fractions
    targets = [one.targets[0] for one in draws if one.targets]
    return [
        accuracy(_mean(one.median_curve[early - 1] for one in draws), fractions=fractions),
        accuracy(_mean(one.median_curve[-1] for one in draws), fractions=fractions),
        count(_mean(float(one.budget) for one in draws)),
        accuracy(_mean(one.accuracy for one in targets), fractions=fractions),
        f"{count(_mean(one.median_models for one in targets))} "
        f"({percent(_mean(one.reached_share for one in targets), unit=' %')})",
    ]


def _mean(values: Iterable[float]) -> float:
    return spread_of(list(values)).value


def _weight_rules(cases: Sequence[Case]) -> Table:
    rows = [
        (
            case,
            (
                rule.rule or NOTHING,
                _weights(rule.weights),
                "\n".join(f"{name}: {_weights(pair)}" for name, pair in rule.found.items()),
                count(rule.tried) if rule.tried else NOTHING,
            ),
        )
        for case in cases
        for job in case.jobs
        for rule in [job.run.weight_rule]
        if rule is not None
    ]
    return _table(
        "Weights chosen by a rule", cases, ("rule", "chosen", "it found", "tried"), rows,
        align="lllr",
    )  # fmt: skip


def _weights(weights: Sequence[float] | None) -> str:
    if weights is None:
        return "no pair"
    return setting(weights) if all(map(isfinite, weights)) else NOTHING


def _stability(cases: Sequence[Case]) -> Table:
    """How alike the rankings of one metric are when it is repeated."""
    rows = []
    for case in cases:
        kinds = dict.fromkeys(
            (one.metric, one.drawn) for job in case.jobs for one in job.run.stability
        )
        for metric, drawn in kinds:
            found = [
                one
                for job in case.jobs
                for one in job.run.stability
                if (one.metric, one.drawn) == (metric, drawn)
            ]
            cells = (
                metric,
                drawn,
                count(_mean(one.repeats for one in found)),
                count(_mean(one.n for one in found)),
                percent(_mean(one.coverage for one in found)),
                value(_mean(one.mean_rho for one in found)),
                value(min((one.min_rho for one in found), default=nan)),
                percent(_mean(one.mean_top10_overlap for one in found)),
            )
            rows.append((case, cells))
    head = (
        "metric", "with another", "repeats", "n", "cov. %", "mean ρ", "min ρ",
        "top10\noverlap %",
    )  # fmt: skip
    return _table("The same architectures ranked again", cases, head, rows, align="llrrrrrr")


def _selection(cases: Sequence[Case]) -> Table:
    """The best-scored of a sample, beside one by chance and the best there."""
    rows = []
    for case in cases:
        by_size: dict[int, list[Selection]] = {}
        for job in case.jobs:
            for found in job.run.selection:
                by_size.setdefault(found.size, []).append(found)
        for size, found in by_size.items():
            for place, metric in enumerate(found[0].by_metric):
                rows.append((case, ("" if place else f"{size:,}", metric, *_chosen(found, metric))))
    return _table(
        "One architecture without training: mean ± standard deviation over samples",
        cases,
        ("sample", "chosen by", "chosen", "chance", "the best there"),
        rows,
        align="rlrrr",
    )


def _chosen(found: Sequence[Selection], metric: str) -> Iterator[str]:
    for choices in (
        [one.by_metric[metric] for one in found if metric in one.by_metric],
        [one.by_chance for one in found],
        [one.best for one in found],
    ):
        # A table may know one of the two accuracies only.
        pairs = [one.test_accuracy for one in choices if isfinite(one.test_accuracy[0])]
        pairs = pairs or [one.validation_accuracy for one in choices]
        mean, std = (_mean(pair[place] for pair in pairs) for place in (0, 1))
        yield chosen_accuracy((mean, std), fractions=found[0].are_fractions)
