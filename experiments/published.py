"""The published numbers, and our results beside them: from `paper.json` to a study's record."""

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
from experiments.margins import NORMAL_95, margin

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

Number = int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """A row of a published table.

    Args:
        label: As published.
        match: Fact of a job → values that it may have; None where the fact may be untold, a text
            with * for any text of that pattern. None instead of a mapping: a number for
            reference, which no job can stand for.
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
                self._must(f"tell the decimals of {sorted(statistics)}", dict(self.decimals))
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
                f"report.published must name tables of experiments/paper.json, got {name!r}: "
                f"choose among {', '.join(known)}"
            )
    return {name: known[name] for name in names or known}


def compare_with_published(
    jobs: Sequence[Mapping[str, Any]], tables: Sequence[str]
) -> list[dict[str, Any]]:
    """Puts the jobs of a study beside published tables.

    A published row stands for a job if all that its `match` says is so: looked up in the job's
    `run`, in the settings of its metrics, then in what was typed. `n` is compared only
    where the paper's architectures were scored, the 64 best where about as many were.

    Args:
        jobs: Entries of a study's `jobs`, with `run`, `settings`, `counts` and, where the run has
            them, `metrics` and `selection`; undefined numbers are None or NaN.
        tables: Names of tables.

    Returns:
        For each table `table`, `title`, `source`, `note`, `comparison` (one `Comparison` as JSON
        for each row, job and statistic) and `unmatched` (labels of rows without a job).

    Raises:
        ValueError: There is no table of a name.
    """
    known = published_tables(*tables)
    return [_compare(known[name], jobs) for name in tables]


def _compare(table: PublishedTable, jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    comparison: list[dict[str, Any]] = []
    unmatched = []
    for row in table.rows:
        found = [(job, *part) for job in jobs for part in _measured(table, row, job)]
        if not found:
            unmatched.append(row.label)
        for job, metric, numbers in found:
            comparison += [
                _entry(table, row, statistic, numbers=numbers, job=job, metric=metric).to_json()
                for statistic in row.values
                if _comparable(table, statistic, job)
            ]
    return {
        "table": table.name,
        "title": table.title,
        "source": table.source,
        "note": table.note,
        "comparison": comparison,
        "unmatched": unmatched,
    }


def _entry(
    table: PublishedTable,
    row: PublishedRow,
    statistic: str,
    *,
    numbers: Mapping[str, Any],
    job: Mapping[str, Any],
    metric: str,
) -> Comparison:
    ours = _defined(numbers.get(statistic))
    interval = _interval(numbers.get(f"{statistic}_interval"))
    rows = numbers.get("n")
    same = _same_pool(table, job) and (
        # Of a count the pool alone is compared.
        statistic == COUNT or row.values.get(COUNT, rows) == rows
    )
    if statistic == COUNT:
        allowed = 0.0
    else:
        published_rows = row.values.get(COUNT) or _scored(table, numbers)
        allowed = margin(
            statistic,
            metric=metric,
            run=job["run"],
            interval=interval,
            rows=rows or 0,
            published_rows=published_rows or rows or 0,
            same_architectures=same,
            decimals=table.decimals[statistic],
        )
    return Comparison(
        table=table.name,
        label=row.label,
        row=table.first_equal(row).label,
        job=job["job"],
        metric=metric,
        protocol=table.protocol,
        statistic=statistic,
        published=table.oriented(row, statistic),
        ours=math.nan if ours is None else ours,
        interval=interval,
        same_architectures=same,
        margin=allowed,
        not_judged=_not_judged(ours, rows=rows, allowed=allowed),
    )


def _not_judged(ours: Number | None, *, rows: int | None, allowed: float) -> str | None:
    """Why it cannot be said whether a number of ours agrees; None where it can."""
    if ours is None:
        return UNDEFINED
    if rows is not None and rows < MIN_ROWS:
        return TOO_FEW
    return NOT_MEASURED if math.isnan(allowed) else None


def _interval(ends: Sequence[Number | None] | None) -> tuple[float, float] | None:
    low, high = (_defined(end) for end in ends or (None, None))
    return None if low is None or high is None else (low, high)


def _scored(table: PublishedTable, numbers: Mapping[str, Any]) -> float | None:
    """Architectures of a published number that does not say so: as large a share as of ours."""
    coverage = _defined(numbers.get("coverage"))
    known = coverage is not None and table.architectures is not None
    return coverage * table.architectures if known else None


def _same_pool(table: PublishedTable, job: Mapping[str, Any]) -> bool:
    """Whether ours scored the published architectures."""
    return (
        job["counts"]["architectures"] == table.architectures
        and COUNT not in table.not_comparable
        and _stands_for(table.same_rows, job)
    )


def _comparable(table: PublishedTable, statistic: str, job: Mapping[str, Any]) -> bool:
    """Whether a statistic of both is of the same definition and of as many architectures."""
    if statistic in table.not_comparable:
        return False
    scored, published = job["counts"]["architectures"], table.architectures
    if statistic == COUNT:
        return _same_pool(table, job)
    if statistic == "top64_in_top5" and published is not None:
        return math.isclose(scored, published, rel_tol=_LIKE_SIZE)
    return True


def _measured(
    table: PublishedTable, row: PublishedRow, job: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Our numbers that a row stands for, each with the metric that they are of."""
    if row.match is None or not _stands_for(row.match, job):
        return
    if table.part == SELECTION:
        yield from _selected(row.match, job.get(SELECTION) or {})
        return
    found = job.get(METRICS) or {}
    for metric in row.match["metric"]:
        numbers = found.get(metric, {}).get(table.protocol)
        if numbers is not None:
            yield metric, numbers


def _selected(
    match: Mapping[str, Sequence[Any]], selection: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The accuracy of the architectures that were chosen from samples of a size."""
    (choice,) = match["choice"]
    if choice == BEST_KNOWN:
        best = [entry[BEST_KNOWN] for entry in selection.values()]
        yield from ((choice, {"test_accuracy_mean": value}) for value in best[:1])
        return
    (size,) = match["sample_size"]
    entry = selection.get(str(size))
    if entry is None:
        return
    choices = {entry["metric"]: entry, OPTIMUM: entry[OPTIMUM], **entry["others"]}
    accuracy = choices.get(choice, {}).get("test_accuracy")
    if accuracy is not None:
        yield choice, _mean_and_interval(accuracy, runs=entry["runs"])


def _mean_and_interval(accuracy: Mapping[str, Any], *, runs: int) -> dict[str, Any]:
    """Mean and deviation over samples, and the interval in which the mean lies."""
    mean, std = _defined(accuracy["mean"]), _defined(accuracy["std"])
    found: dict[str, Any] = {"test_accuracy_mean": mean, "test_accuracy_std": std}
    if mean is not None and std is not None:
        half = NORMAL_95 * std / math.sqrt(runs)
        found["test_accuracy_mean_interval"] = [mean - half, mean + half]
    return found


def _stands_for(match: Mapping[str, Sequence[Any]], job: Mapping[str, Any]) -> bool:
    return all(
        any(_same(_fact(job, name), value) for value in accepted)
        for name, accepted in match.items()
        if name not in _WITHIN_PART
    )


def _fact(job: Mapping[str, Any], name: str) -> Any:
    """A fact or setting of a job; None where it is told nowhere."""
    run = job["run"]
    if name in run:
        return run[name]
    group, _, rest = name.partition(".")
    metric, _, setting = rest.partition(".")
    settings = run.get("metric_settings", {}).get(metric, {})
    if group == "metric" and setting in settings:
        return settings[setting]
    if job["settings"].get(name):
        return job["settings"][name]
    typed = [word.partition("=") for word in run.get("overrides", [])]
    return next((value for key, _, value in reversed(typed) if key.lstrip("+~") == name), None)


def _same(found: Any, accepted: Any) -> bool:
    """Whether a fact has a value: numbers compare as numbers, also as they were typed."""
    found = _read_typed(found) if isinstance(found, str) else found
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


def _read_typed(text: str) -> Any:
    """What a command line's text stands for: a list, a number, nothing, or a text."""
    text = text.strip().strip("'\"")
    if text.startswith("[") and text.endswith("]"):
        return [_read_typed(part) for part in text[1:-1].split(",") if part.strip()]
    if text == "null":
        return None
    try:
        return float(text)
    except ValueError:
        return text


def _metric(row: PublishedRow) -> Any:
    return (row.match or {}).get("metric")


def _defined(value: Number | None) -> Number | None:
    """None for what is undefined, which JSON has as null and Python as NaN."""
    return None if value is None or math.isnan(value) else value


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
