"""The published numbers of `paper.json`, and the results of jobs beside them."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from epsilon_research.reporting.published import (
    COUNT,
    MIN_ROWS,
    NOT_MEASURED,
    TOO_FEW,
    UNDEFINED,
    Comparison,
)
from epsilon_research.reporting.run import Choice, Estimate, Selection, Statistics
from epsilon_research.reporting.study import Job, PublishedPart
from epsilon_research.studies.margins import NORMAL_95, margin
from epsilon_research.studies.settings import Configuration

METRICS, SELECTION = "metrics", "selection"
"""Parts of a summary that a table is about."""

OPTIMUM, BEST_KNOWN = "optimum", "best_known"
"""Choices of a selection that no metric made."""

_TURNED = ("spearman_rho", "spearman_rho_top10", "kendall_tau", "kendall_tau_top10")
"""Statistics whose sign says whether higher is better."""

_WITHIN_PART = ("metric", "sample_size", "choice")
"""Keys of `match` that pick numbers within a job, and are no facts of it."""

_LIKE_SIZE = 0.1
"""Relative difference of two numbers of architectures at which the 64 best still compare."""

_MEAN, _STD = "test_accuracy_mean", "test_accuracy_std"
"""Statistics of the architectures that were chosen."""

Number = int | float

Ran = tuple[Job, Configuration]
"""A job and what it ran with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """A row of a published table.

    Args:
        label: As published.
        match: Fact of a job → values that it may have: null where there may be no such fact, and a
            text with * for any text of that pattern. None instead of a mapping: a number for
            reference, which no job stands beside.
        values: Statistic → number, as published.
    """

    label: str
    match: Mapping[str, Sequence[Any]] | None
    values: Mapping[str, Number]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"row {self.label!r} must have a number, got none: add one")
        for key, accepted in (self.match or {}).items():
            if not isinstance(accepted, list) or not accepted:
                raise ValueError(
                    f"match of row {self.label!r} must list values, got {accepted!r} for {key}: "
                    "write [value]"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTable:
    """A published table.

    Args:
        name: As `report.published` of a study calls it.
        title: Heading.
        source: Where it stands.
        note: What one has to know to compare, or None.
        part: "metrics" or "selection": the part of a summary that it is about.
        protocol: Which rows of ours its numbers are put beside; "selection" for that part.
        orientation: -1 where the correlations are with a loss as it is; ours always turn it.
        architectures: How many it scored, defined or not; None where that is not known.
        same_rows: Like `match`: what must be so, besides, for a job of as many architectures to
            have scored the same ones.
        decimals: Statistic → digits after the point that it is published with.
        not_comparable: Statistic → why it is not put beside ours.
        rows: Its rows.

    Raises:
        ValueError: A part is missing or contradicts another.
    """

    name: str
    title: str
    source: str
    note: str | None
    part: str
    protocol: str
    orientation: int
    architectures: int | None
    same_rows: Mapping[str, Sequence[Any]]
    decimals: Mapping[str, int]
    not_comparable: Mapping[str, str]
    rows: Sequence[PublishedRow]

    def __post_init__(self) -> None:
        if self.part not in (METRICS, SELECTION):
            raise ValueError(self._must(f"be about {METRICS} or {SELECTION}", self.part))
        if self.orientation not in (-1, 1):
            raise ValueError(self._must("have the orientation 1 or -1", self.orientation))
        labels = [row.label for row in self.rows]
        if not labels or len(set(labels)) < len(labels):
            raise ValueError(self._must("have rows with labels of their own", labels))
        statistics = {statistic for row in self.rows for statistic in row.values}
        if statistics != set(self.decimals) or not statistics >= set(self.not_comparable):
            raise ValueError(
                self._must(f"give the decimals of {sorted(statistics)}", dict(self.decimals))
            )

    def _must(self, what: str, given: object) -> str:
        return f"table {self.name} of paper.json must {what}, got {given!r}: correct the file"

    def first_equal(self, row: PublishedRow) -> PublishedRow:
        """The first row with the same numbers of the same metric."""
        return next(
            other
            for other in self.rows
            if (other.values, _metric(other)) == (row.values, _metric(row))
        )

    def oriented(self, row: PublishedRow, statistic: str) -> Number:
        """A number of the table such that better architectures with higher scores are positive."""
        turned = self.orientation < 0 and statistic in _TURNED
        return -row.values[statistic] if turned else row.values[statistic]


def published_tables(*names: str) -> Mapping[str, PublishedTable]:
    """The tables of `paper.json` by name: those asked for, or all.

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


def compare_with_published(jobs: Sequence[Ran], tables: Sequence[str]) -> list[PublishedPart]:
    """Put the jobs of a study beside published tables.

    A published row stands beside a job if all that its `match` says is a fact of the job: of the
    record of its run, or else of its configuration. `n` is compared only where the paper's
    architectures were scored, the 64 best where about as many were.

    Args:
        jobs: Jobs, each with what it ran with.
        tables: Names of tables.

    Raises:
        ValueError: There is no table of a name.
    """
    known = published_tables(*tables)
    return [_compare(known[name], jobs) for name in tables]


def _compare(table: PublishedTable, jobs: Sequence[Ran]) -> PublishedPart:
    rows: list[Comparison] = []
    unmatched = []
    for row in table.rows:
        found = [(ran, *part) for ran in jobs for part in _measured(table, row, ran)]
        if not found:
            unmatched.append(row.label)
        rows += [
            _comparison(table, row, statistic, numbers=numbers, ran=ran, metric=metric)
            for ran, metric, numbers in found
            for statistic in row.values
            if _comparable(table, statistic, ran)
        ]
    return PublishedPart(
        table=table.name,
        title=table.title,
        source=table.source,
        note=table.note or "",
        rows=rows,
        unmatched=unmatched,
    )


def _comparison(
    table: PublishedTable,
    row: PublishedRow,
    statistic: str,
    *,
    numbers: Statistics,
    ran: Ran,
    metric: str,
) -> Comparison:
    job, _ = ran
    ours, rows = numbers[statistic], numbers[COUNT].value
    # Of a count the pool alone is compared.
    same = _same_pool(table, ran) and (statistic == COUNT or row.values.get(COUNT, rows) == rows)
    allowed = 0.0
    if statistic != COUNT:
        allowed = margin(
            statistic,
            metric=metric,
            run=job.run,
            interval=ours.interval,
            rows=rows,
            published_rows=row.values.get(COUNT) or _scored(table, numbers),
            same_architectures=same,
            decimals=table.decimals[statistic],
        )
    return Comparison(
        table=table.name,
        label=row.label,
        row=table.first_equal(row).label,
        job=job.number,
        metric=metric,
        protocol=table.protocol,
        statistic=statistic,
        published=table.oriented(row, statistic),
        ours=ours.value,
        interval=ours.interval,
        same_architectures=same,
        margin=allowed,
        not_judged=_not_judged(ours.value, rows=rows, allowed=allowed),
    )


def _not_judged(ours: float, *, rows: float, allowed: float) -> str | None:
    """Why it cannot be said whether a number of ours agrees; None where it can."""
    if math.isnan(ours):
        return UNDEFINED
    if rows < MIN_ROWS:
        return TOO_FEW
    return NOT_MEASURED if math.isnan(allowed) else None


def _scored(table: PublishedTable, numbers: Statistics) -> float:
    """Architectures of a published number that does not say so: as large a share as of ours."""
    if table.architectures is None:
        return numbers[COUNT].value
    return numbers["coverage"].value * table.architectures


def _same_pool(table: PublishedTable, ran: Ran) -> bool:
    """Whether ours scored the published architectures."""
    job, _ = ran
    return (
        job.run.counts["architectures"] == table.architectures
        and COUNT not in table.not_comparable
        and _matches(table.same_rows, ran)
    )


def _comparable(table: PublishedTable, statistic: str, ran: Ran) -> bool:
    """Whether a statistic of both is of the same definition and of as many architectures."""
    if statistic in table.not_comparable:
        return False
    if statistic == COUNT:
        return _same_pool(table, ran)
    if statistic == "top64_in_top5" and table.architectures is not None:
        job, _ = ran
        scored = job.run.counts["architectures"]
        return math.isclose(scored, table.architectures, rel_tol=_LIKE_SIZE)
    return True


def _measured(
    table: PublishedTable, row: PublishedRow, ran: Ran
) -> Iterator[tuple[str, Statistics]]:
    """Our numbers that a row stands beside, each with the metric that they are of."""
    if row.match is None or not _matches(row.match, ran):
        return
    job, _ = ran
    if table.part == SELECTION:
        yield from _selected(row.match, job.run.selection)
        return
    for metric in row.match["metric"]:
        numbers = job.run.metrics.get(metric, {}).get(table.protocol)
        if numbers is not None:
            yield metric, numbers


def _selected(
    match: Mapping[str, Sequence[Any]], selections: Sequence[Selection]
) -> Iterator[tuple[str, Statistics]]:
    """The accuracy of the architectures that were chosen from samples of a size."""
    (choice,) = match["choice"]
    if choice == BEST_KNOWN:
        known = [Estimate(value=found.best_known) for found in selections]
        yield from ((choice, Statistics(estimates={_MEAN: best})) for best in known[:1])
        return
    (size,) = match["sample_size"]
    for found in selections:
        choices = {**found.by_metric, OPTIMUM: found.best}
        if found.size == size and choice in choices:
            yield choice, _chosen(choices[choice], runs=found.runs)


def _chosen(choice: Choice, *, runs: int) -> Statistics:
    """Mean and standard deviation over samples, and the interval in which the mean lies."""
    mean, std = choice.test_accuracy
    half = NORMAL_95 * std / math.sqrt(runs)
    ends = None if math.isnan(half) else (mean - half, mean + half)
    estimates = {_MEAN: Estimate(value=mean, interval=ends), _STD: Estimate(value=std)}
    return Statistics(estimates=estimates)


def _matches(match: Mapping[str, Sequence[Any]], ran: Ran) -> bool:
    job, configuration = ran
    return all(
        any(_same(job.run.facts.get(name, configuration[name]), value) for value in accepted)
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
    if isinstance(found, Number) and isinstance(accepted, Number):
        return math.isclose(found, accepted)
    if isinstance(found, str) and isinstance(accepted, str):
        return fnmatchcase(found, accepted)
    return found == accepted


def _metric(row: PublishedRow) -> Any:
    return (row.match or {}).get("metric")


@lru_cache(maxsize=1)
def _read() -> Mapping[str, PublishedTable]:
    """`paper.json`, read once."""
    path = Path(__file__).with_name("paper.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    return MappingProxyType(
        {name: _table(name, fields) for name, fields in content["tables"].items()}
    )


def _table(name: str, fields: Mapping[str, Any]) -> PublishedTable:
    shared = fields["match"]
    rows = [_row(row, shared=shared) for row in fields["rows"]]
    own = {key: value for key, value in fields.items() if key not in ("match", "rows")}
    return PublishedTable(name=name, rows=rows, **own)


def _row(row: Mapping[str, Any], *, shared: Mapping[str, Any]) -> PublishedRow:
    match = None if row["match"] is None else {**shared, **row["match"]}
    values = {key: value for key, value in row.items() if key not in ("label", "match")}
    return PublishedRow(label=row["label"], match=match, values=values)
