"""A study as a person reads it: ours beside the published numbers, then the other protocols."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from epsilon_research.plotting.notes import decimals, percent
from epsilon_research.plotting.study_cells import (
    name_cells,
    setting_names,
    setting_words,
    study_frame,
    titled,
    whole,
    with_spread,
)
from epsilon_research.plotting.study_published_table import MARKS, compared, published_table
from epsilon_research.plotting.study_record import Case, comparisons, metrics_of, read_cases
from epsilon_research.plotting.study_small_tables import small_tables
from epsilon_research.reporting.agreement_table import agreement_table
from epsilon_research.reporting.published import agreements, comparisons_of
from epsilon_research.reporting.terminal import renderable

_WIDE = 112
"""Columns of a console that has room for intervals beside the published numbers."""

_LEGEND = "ρ Spearman, τ Kendall τ-b; top10: among the 10 % most accurate"
_LEGEND_OF = {
    "top10_overlap_percent": "top10/top10  "
    "how many of the 10 % best scores are among the 10 % most accurate",
    "top64_in_top5": "top64/top5   how many of the 64 best scores are among the 5 % most accurate",
}


def study_table(study: Mapping[str, Any]) -> RenderableType:
    """What a study found, for a rich console of 80 columns or more; more tells more.

    Args:
        study: The value of `study.json`.

    Returns:
        Title and question; each published table beside ours; the remaining protocols; what else
        the jobs measured (weights chosen by rule, stability, choice of one architecture); jobs
        without a summary. Jobs that differ in a draw's seed alone are one row: mean ± standard
        deviation.
    """
    return _StudyTable(study=study)


@dataclass(frozen=True, slots=True, kw_only=True)
class _StudyTable:
    """Renders itself for the width that there is."""

    study: Mapping[str, Any]

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        parts = _parts(self.study, wide=options.max_width >= _WIDE)
        for place, part in enumerate(parts):
            if place:
                yield Text("")
            yield part


def _parts(study: Mapping[str, Any], *, wide: bool) -> Iterator[RenderableType]:
    cases = read_cases(study)
    yield Text.assemble((study["title"], "bold"), "\n", study["question"])
    for table in study.get("published") or []:
        yield from published_table(study, table, cases, wide=wide)
    found = agreement_table(agreements(comparisons_of(study)))
    if found is not None:
        yield renderable([found])
    if study.get("remark"):
        yield Text(study["remark"])
    yield from _statistics(study, cases, wide=wide)
    yield from small_tables(study, cases, wide=wide)
    yield from _missing(study)


def _statistics(
    study: Mapping[str, Any], cases: Sequence[Case], *, wide: bool
) -> Iterator[RenderableType]:
    if not metrics_of(cases):
        yield Text("no job has accuracies to compare with, so no statistics")
        return
    known = compared(study)
    title = "under the other protocols" if known else "under each protocol"
    table = _protocols(cases, known, names=setting_names(study), wide=wide)
    if table.row_count:
        yield titled(title, table)
    shown = {entry["statistic"] for entry in comparisons(study)}
    legend = [_beside(cases), _LEGEND, *(_LEGEND_OF[name] for name in _LEGEND_OF if name in shown)]
    yield Text("\n".join([*legend, MARKS] if shown else legend), style="dim")


def _beside(cases: Sequence[Case]) -> str:
    draws = max(len(case.jobs) for case in cases)
    if draws > 1:
        return f"± standard deviation over {draws} draws; (3): only 3 have a value"
    return "[ ] 95 % bootstrap interval"


def _protocols(
    cases: Sequence[Case],
    known: set[tuple[int, str, str]],
    *,
    names: Sequence[str],
    wide: bool,
) -> Table:
    """One row for each case and metric, a line for each protocol that is not in `known`."""
    metrics = metrics_of(cases)
    further = ["metric"] if len(metrics) > 1 and "metric" not in names else []
    table = study_frame([*names, *further], wide=wide)
    table.add_column("protocol", no_wrap=True)
    for heading in ("n", "cov. %", "ρ", "top10 ρ"):
        table.add_column(heading, justify="right", no_wrap=True)
    for case in cases:
        shown = True
        for metric in case.metrics:
            protocols = [
                protocol
                for protocol in case.protocols(metric)
                if not {(job["job"], metric, protocol) for job in case.jobs} <= known
            ]
            if not protocols:
                continue
            words = setting_words(case, shown=shown) | dict.fromkeys(further, metric)
            lines = [_numbers(case, metric, protocol) for protocol in protocols]
            cells = [Text("\n").join(column) for column in zip(*lines, strict=True)]
            table.add_row(*name_cells(words, wide=wide), Text("\n".join(protocols)), *cells)
            shown = False
    return table


def _numbers(case: Case, metric: str, protocol: str) -> list[Text]:
    found = {
        name: case.spread(metric, protocol, name)
        for name in ("n", "coverage", "spearman_rho", "spearman_rho_top10")
    }
    jobs = len(case.jobs)
    top = found["spearman_rho_top10"]
    return [
        Text(whole(found["n"])),
        Text(percent(found["coverage"].value, unit="")),
        with_spread(found["spearman_rho"], of=jobs),
        with_spread(top, of=jobs) if jobs > 1 else Text(decimals(top.value)),
    ]


def _missing(study: Mapping[str, Any]) -> Iterator[RenderableType]:
    missing = [str(folder) for folder in study.get("missing_jobs") or []]
    if missing:
        words = "job ended" if len(missing) == 1 else "jobs ended"
        line = f"{len(missing)} {words} without a summary: {', '.join(missing)}"
        yield Text(line, style="yellow")
    for job in study["jobs"]:
        if job.get("incomplete"):
            yield Text(f"job {job['folder']}: {job['incomplete']}", style="yellow")
