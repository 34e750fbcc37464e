"""The tables of a study: ours beside the published numbers, then everything else it measured."""

from collections.abc import Iterable, Iterator, Sequence

from epsilon_research.reporting.numbers import (
    NOTHING,
    difference,
    heading,
    in_order,
    mean_and_std,
    published,
)
from epsilon_research.reporting.published import Comparison, agreement_table
from epsilon_research.reporting.run_tables import (
    cases_table,
    comparison_tables,
    measured_tables,
    settings_heading,
    statistics_table,
)
from epsilon_research.reporting.study import Job, PublishedPart, Study, spread_of
from epsilon_research.reporting.table import Table

_MOST_NAMED = 6  # published rows without a job that are named one by one

_MARKS = (
    "In each cell: ours, published, difference. ✓ the difference is within the margin that chance "
    "explains (n: equal), ✗ it is not, – cannot be said, 3/10 it is for 3 of 10 draws."
)
_LEGEND = "ρ Spearman, τ Kendall τ-b, top10: among the 10 % most accurate"
_STATISTICS = ("n", "coverage", "spearman_rho", "spearman_rho_top10")


def study_parts(study: Study) -> list[Table | str]:
    """Return what a study found, in the order of reading: tables and paragraphs.

    Title and question; each published table beside ours and how they agree; statistics under each
    protocol; what else the jobs measured; jobs without a result. Jobs that differ in a draw's seed
    alone are one row.
    """
    title = f"{study.title}\n{study.question}" if study.question else study.title
    found = agreement_table(study.comparisons)
    draws = max(len(case.jobs) for case in study.cases)
    beside = (
        f"± standard deviation over {draws} draws" if draws > 1 else "[ ] 95 % bootstrap interval"
    )
    return [
        title,
        *(_published_table(study, part) for part in study.published),
        *(part for part in (found, study.remark) if part),
        *statistics_table(
            "Under each protocol", study.cases, _STATISTICS, spread=_STATISTICS[2:],
            note=f"{beside}; {_LEGEND}",
        ),
        *measured_tables(study.cases),
        *_missing(study),
    ]  # fmt: skip


def job_tables(study: Study) -> list[Table]:
    """Return what a run shows by itself: metrics side by side, and the tables of its stages.

    The first are of a study with one job; of several jobs, tables with one title and one head are
    one table.
    """
    alone = comparison_tables(study.jobs[0].run) if len(study.jobs) == 1 else []
    found: dict[tuple[str, ...], list[tuple[Job, Table]]] = {}
    for job in study.jobs:
        for table in job.run.tables:
            found.setdefault((table.title, *table.head), []).append((job, table))
    return [*alone, *(one for parts in found.values() for one in _joined(parts))]


def _joined(parts: Sequence[tuple[Job, Table]]) -> list[Table]:
    first = parts[0][1]
    rows = ((job.case, row) for job, table in parts for row in table.rows)
    notes = dict.fromkeys(table.note for _, table in parts if table.note)
    return cases_table(first.title, first.head, rows, align=first.alignment, note="\n".join(notes))


def _missing(study: Study) -> Iterator[str]:
    """A paragraph for each job that is incomplete, and for those that left no result."""
    for job in study.jobs:
        if job.run.incomplete:
            yield f"job {job.folder}: {job.run.incomplete}"
    if study.missing_jobs:
        what = "job has" if len(study.missing_jobs) == 1 else "jobs have"
        folders = ", ".join(study.missing_jobs)
        yield f"{len(study.missing_jobs)} {what} left no summary: {folders}"


def _published_table(study: Study, part: PublishedPart) -> Table:
    """Ours beside one published table: a row for each case, metric and published row."""
    cases = study.cases
    places = {job.number: place for place, case in enumerate(cases) for job in case.jobs}
    rows: dict[tuple[int, str, str], list[Comparison]] = {}
    for one in part.published_rows:
        rows.setdefault((places[one.job], one.metric, one.label), []).append(one)
    names = in_order(one.statistic for one in part.published_rows)
    metrics = len({metric for _, metric, _ in rows}) > 1
    labels = len({(place, metric) for place, metric, _ in rows}) < len(rows)
    lines = []
    for (place, metric, label), found in rows.items():
        words = [cases[place].label(separator="\n")] if study.settings else []
        words += [metric] * metrics + [label] * (labels or not words)
        cells = ([one for one in found if one.statistic == name] for name in names)
        lines.append(("\n".join(filter(None, words)), *map(_compared, cells)))
    return Table(
        title=f"Beside the published numbers: {part.title}",
        head=(settings_heading(cases[0]), *map(heading, names)),
        rows=lines,
        note="\n".join(_remarks(part)),
    )


def _compared(found: Sequence[Comparison]) -> str:
    """Ours, the published value with a mark, and the difference; of several draws the mean."""
    if not found:
        return ""
    name = found[0].statistic
    ours = spread_of([one.ours for one in found])
    printed = {published(one.published, name) for one in found}
    by = spread_of([one.difference for one in found])
    first = mean_and_std(ours.value, ours.std, name)
    return f"{first}\n{', '.join(sorted(printed))} {_mark(found)}\n{difference(by.value, name)}"


def _mark(found: Iterable[Comparison]) -> str:
    """Whether ours agrees with the published value; of several draws, how many of them do."""
    known = [one.agrees for one in found if one.agrees is not None]
    if not known:
        return NOTHING
    if all(known):
        return "✓"
    return f"{sum(known)}/{len(known)}" if any(known) else "✗"


def _remarks(part: PublishedPart) -> Iterator[str]:
    if part.published_rows:
        protocols = dict.fromkeys(one.protocol for one in part.published_rows)
        yield f"{_MARKS} Ours under protocol {', '.join(protocols)}."
    else:
        yield "Nothing of this table stands beside a result here."
    if part.unmatched:
        more = len(part.unmatched) - _MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        yield f"Published, but not run here: {', '.join(part.unmatched[:_MOST_NAMED])}{rest}."
    yield f"Published: {part.source}. {part.note}".strip()
