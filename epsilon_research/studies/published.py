"""The published numbers of `paper.json`, and the results of jobs beside them."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from epsilon_research.reporting.published import (
    COUNT,
    MIN_ROWS,
    NOT_MEASURED,
    TOO_FEW,
    UNDEFINED,
    Comparison,
)
from epsilon_research.reporting.run import Run, Statistics
from epsilon_research.reporting.study import Job, PublishedPart
from epsilon_research.reporting.typed_json import read_record
from epsilon_research.studies.margins import NORMAL_95, margin

SELECTION = "selection"
"""Word in place of a protocol where a table is of architectures chosen from samples."""

_TURNED = ("spearman_rho", "spearman_rho_top10", "kendall_tau", "kendall_tau_top10")
"""Statistics whose sign says whether higher is better."""

_WITHIN_PART = ("metric", "sample_size", "choice")
"""Keys of `match` that pick numbers within a job, and are not facts of it."""

_LIKE_SIZE = 0.1
"""Relative difference of two numbers of architectures at which the 64 best still compare."""

Match = Mapping[str, Sequence[Any]]
"""Fact of a job to the values that it may have: null where there may be no such fact, and a text
with * for any text of that pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """A row of a published table: statistic to number, as published.

    `match` is what a job must be; None: a number for reference, which no job stands beside.
    """

    label: str
    match: Match | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTable:
    """A published table.

    Args:
        name: The name in `report.published` of a study.
        note: What one has to know to compare; empty for nothing.
        protocol: Which rows of ours its numbers are put beside, or `SELECTION`.
        orientation: -1 where the correlations are with a loss as it is; ours always turn it.
        architectures: How many it scored, defined or not; None where that is not known.
        match: What a job must be beside what the match of a row says.
        same_rows: What must be so, besides, for a job of as many architectures to have scored the
            same ones.
        decimals: Statistic to digits after the point that it is published with.
        not_comparable: Statistic to the reason why it is not put beside ours.
    """

    name: str
    title: str
    source: str
    note: str
    protocol: str
    orientation: int
    architectures: int | None
    match: Match
    same_rows: Match
    decimals: Mapping[str, int]
    not_comparable: Mapping[str, str]
    rows: Sequence[PublishedRow]

    def first_equal(self, row: PublishedRow) -> PublishedRow:
        """Return the first row with the same numbers of the same metric."""
        return next(
            other
            for other in self.rows
            if other.values == row.values
            and (other.match or {}).get("metric") == (row.match or {}).get("metric")
        )


def published_tables(*names: str) -> Mapping[str, PublishedTable]:
    """Return the tables of `paper.json` by name: those asked for, or all.

    Raises:
        ValueError: There is no table of a name.
    """
    known = _read()
    for name in names:
        if name not in known:
            raise ValueError(
                f"report.published must name tables of paper.json, got {name!r}: "
                f"choose among {', '.join(known)}"
            )
    return {name: known[name] for name in names or known}


@lru_cache(maxsize=1)
def _read() -> Mapping[str, PublishedTable]:
    path = Path(__file__).with_name("paper.json")
    tables = json.loads(path.read_text(encoding="utf-8"))["tables"]
    return {name: read_record(PublishedTable, {**tables[name], "name": name}) for name in tables}


def compare_with_published(
    jobs: Sequence[tuple[Job, Mapping[str, Any]]], tables: Sequence[str]
) -> list[PublishedPart]:
    """Put the jobs of a study, each with what it ran with, beside published tables.

    A published row stands beside a job if all that its `match` says is a fact of the job: of the
    record of its run, or else of its configuration. `n` is compared only where the paper's
    architectures were scored, the 64 best where about as many were.
    """
    known = published_tables(*tables)
    facts = [(job, {**configuration, **job.run.facts}) for job, configuration in jobs]
    return [_compare(known[name], facts) for name in tables]


def _compare(table: PublishedTable, jobs: Sequence[tuple[Job, Mapping[str, Any]]]) -> PublishedPart:
    found: list[Comparison] = []
    unmatched = []
    for row in table.rows:
        match = {**table.match, **(row.match or {})}
        beside = [
            (job, facts, *part)
            for job, facts in jobs
            if row.match is not None and _matches(match, facts)
            for part in _measured(table.protocol, match, job.run)
        ]
        unmatched += [] if beside else [row.label]
        for job, facts, metric, numbers in beside:
            same_pool = (
                job.run.counts["architectures"] == table.architectures
                and COUNT not in table.not_comparable
                and _matches(table.same_rows, facts)
            )
            found += _comparisons(
                table, row, job=job, metric=metric, numbers=numbers, same_pool=same_pool
            )
    return PublishedPart(
        table=table.name,
        title=table.title,
        source=table.source,
        note=table.note,
        published_rows=found,
        unmatched=unmatched,
    )


def _comparisons(
    table: PublishedTable,
    row: PublishedRow,
    *,
    job: Job,
    metric: str,
    numbers: Statistics,
    same_pool: bool,
) -> Iterator[Comparison]:
    """Every statistic of a row that is of the same definition and of as many architectures."""
    rows, first = numbers[COUNT], table.first_equal(row).label
    # As large a share as of ours, where the published number does not say of how many it is.
    size = rows if table.architectures is None else numbers["coverage"] * table.architectures
    for name, value in row.values.items():
        # Of a count the pool alone is compared.
        same = same_pool and (name == COUNT or row.values.get(COUNT, rows) == rows)
        if name in table.not_comparable or (name == COUNT and not same_pool):
            continue
        if name == "top64_in_top5" and table.architectures is not None:
            scored = job.run.counts["architectures"]
            if not math.isclose(scored, table.architectures, rel_tol=_LIKE_SIZE):
                continue
        allowed = 0.0 if name == COUNT else margin(
            name,
            metric=metric,
            run=job.run,
            numbers=numbers,
            published_rows=row.values.get(COUNT) or size,
            same_architectures=same,
            decimals=table.decimals[name],
        )  # fmt: skip
        yield Comparison(
            table=table.name,
            label=row.label,
            row=first,
            job=job.number,
            metric=metric,
            protocol=table.protocol,
            statistic=name,
            published=table.orientation * value if name in _TURNED else value,
            ours=numbers[name],
            interval=numbers.intervals.get(name),
            same_architectures=same,
            margin=allowed,
            not_judged=_not_judged(numbers[name], rows=rows, allowed=allowed),
        )


def _not_judged(ours: float, *, rows: float, allowed: float) -> str | None:
    """Why it cannot be said whether a number of ours agrees; None where it can."""
    if math.isnan(ours):
        return UNDEFINED
    if rows < MIN_ROWS:
        return TOO_FEW
    return NOT_MEASURED if math.isnan(allowed) else None


def _measured(protocol: str, match: Match, run: Run) -> Iterator[tuple[str, Statistics]]:
    """Our numbers that a row stands beside, each with the metric that they are of."""
    if protocol == SELECTION:
        yield from _selected(match, run)
        return
    for metric in match["metric"]:
        found = run.metrics.get(metric, {})
        if protocol in found:
            yield metric, found[protocol]


def _selected(match: Match, run: Run) -> Iterator[tuple[str, Statistics]]:
    """The accuracy of the architectures that were chosen from samples of a size."""
    (choice,) = match["choice"]
    if choice == "best_known":
        for found in list(run.selection.values())[:1]:
            yield choice, Statistics(values={"test_accuracy_mean": found.best_known})
        return
    (size,) = match["sample_size"]
    found = run.selection.get(str(size))
    if found is None:
        return
    chosen = {**found.by_metric, "optimum": found.optimum}.get(choice)
    if chosen is not None:
        mean, std = chosen.test_accuracy.mean, chosen.test_accuracy.std
        half = NORMAL_95 * std / math.sqrt(found.runs)
        values = {"test_accuracy_mean": mean, "test_accuracy_std": std}
        ends = None if math.isnan(half) else (mean - half, mean + half)
        yield choice, Statistics(values=values, intervals={"test_accuracy_mean": ends})


def _matches(match: Match, facts: Mapping[str, Any]) -> bool:
    return all(
        any(_same(facts.get(name), value) for value in accepted)
        for name, accepted in match.items()
        if name not in _WITHIN_PART
    )


def _same(found: Any, accepted: Any) -> bool:
    """Whether a fact has a value; a text may be a pattern, and null stands for null only."""
    if isinstance(accepted, list):
        return (
            isinstance(found, list | tuple)
            and len(found) == len(accepted)
            and all(map(_same, found, accepted))
        )
    if isinstance(found, int | float) and isinstance(accepted, int | float):
        return math.isclose(found, accepted)
    if isinstance(found, str) and isinstance(accepted, str):
        return fnmatchcase(found, accepted)
    return found == accepted
