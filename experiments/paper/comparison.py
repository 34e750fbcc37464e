"""The tables of a study's section: ours beside published, then ours under each protocol."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from experiments.paper.agreement import row_of
from experiments.paper.html import Html, joined, table, tag
from experiments.paper.numbers import (
    EXACT,
    difference,
    heading,
    in_order,
    interval,
    ours,
    published,
)

_LONGEST_UNBROKEN = 24
"""Letters of the longest row heading that is kept in one line."""

_MOST_OPEN_ROWS = 24
"""A longer table is folded, so that it can be passed by; in print all are open."""


def comparison_table(found: Mapping[str, Any]) -> Html:
    """One published table with ours beside it."""
    entries = found["comparison"]
    parts: list[object] = [tag("h3", found["title"])]
    if entries:
        rows = _grouped(entries)
        parts += [_one_row(entries) if len(rows) == 1 else _many_rows(rows, entries)]
    else:
        parts += [tag("p", "Nothing of this table stands beside a result here.", class_="soft")]
    parts += [tag("p", _origin(found, entries), class_="soft small")]
    if found["unmatched"]:
        words = ", ".join(map(str, found["unmatched"]))
        parts += [tag("p", f"Published, but not run here: {words}.", class_="soft small")]
    return joined(parts)


def _origin(found: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> str:
    protocols = list(dict.fromkeys(str(entry["protocol"]) for entry in entries))
    told = f" Ours under protocol {', '.join(protocols)}." if protocols else ""
    note = f" {found['note']}" if found.get("note") else ""
    return f"Published: {found['source']}.{told}{note}"


def _grouped(
    entries: Iterable[Mapping[str, Any]],
) -> dict[tuple[str, str, str], dict[str, Mapping[str, Any]]]:
    rows: dict[tuple[str, str, str], dict[str, Mapping[str, Any]]] = {}
    for entry in entries:
        rows.setdefault(row_of(entry), {})[str(entry["statistic"])] = entry
    return rows


def _one_row(entries: Sequence[Mapping[str, Any]]) -> Html:
    """One published row: a line for each statistic."""
    by_statistic = {str(entry["statistic"]): entry for entry in entries}
    return table(
        ("statistic", "ours", "95 % interval", "published", "difference", "agrees"),
        [_line(name, by_statistic[name]) for name in in_order(by_statistic)],
        class_="numbers",
    )


def _line(name: str, entry: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        joined([heading(name), _exact(name)]),
        tag("strong", ours(entry["ours"], name)),
        interval(entry["interval"], name),
        published(entry["published"], name),
        difference(entry["difference"], name),
        mark(entry["agrees"], words=True),
    )


def _many_rows(
    rows: Mapping[tuple[str, str, str], Mapping[str, Mapping[str, Any]]],
    entries: Iterable[Mapping[str, Any]],
) -> Html:
    """Several published rows: a line for each, a column for each statistic."""
    names = in_order(str(entry["statistic"]) for entry in entries)
    # Where all rows have the same metric or protocol, it need not be told in each.
    differ = [len({row[place] for row in rows}) > 1 for place in (1, 2)]
    lines = [
        (_row_heading(row, differ), *(_cell(found.get(name), name) for name in names))
        for row, found in rows.items()
    ]
    head = ("row", *(joined([heading(name), _exact(name)]) for name in names))
    return joined([
        table(head, lines, class_="numbers"),
        tag("p", "In each cell: ours, published (difference), 95 % interval.", class_="soft small"),
    ])  # fmt: skip


def _row_heading(row: tuple[str, str, str], differ: Sequence[bool]) -> Html:
    label, *others = row
    more = [word for word, told in zip(others, differ, strict=True) if told and word != label]
    kept = "unbroken" if len(label) <= _LONGEST_UNBROKEN else None
    under = tag("span", ", ".join(more), class_="under") if more else ""
    return joined([tag("span", label, class_=kept), under])


def _cell(entry: Mapping[str, Any] | None, name: str) -> Html:
    if entry is None:
        return Html("")
    then, by = published(entry["published"], name), difference(entry["difference"], name)
    return joined([
        tag("strong", ours(entry["ours"], name)), " ", mark(entry["agrees"]),
        tag("span", then, " (", by, ")", class_="under"),
        tag("span", interval(entry["interval"], name), class_="under"),
    ])  # fmt: skip


def _exact(name: str) -> Html:
    return tag("span", "exact", class_="exact") if name in EXACT else Html("")


def mark(agrees: object, *, words: bool = False) -> Html:
    """Whether a value agrees: by sign, colour and, where there is room, a word."""
    kinds = {True: ("yes", "✓", "agrees"), False: ("no", "✗", "differs")}
    kind, sign, word = ("unknown", "?", "cannot be said")
    if isinstance(agrees, bool):
        kind, sign, word = kinds[agrees]
    if words:
        return tag("span", f"{sign} {word}", class_=f"mark {kind}")
    return tag("span", sign, class_=f"mark {kind}", title=word, role="img", aria_label=word)


def protocols_table(record: Mapping[str, Any]) -> Html:
    """Ours for each job, metric and protocol; empty without statistics."""
    jobs = [job for job in record["jobs"] if job.get("metrics")]
    groups = [
        (_group_heading(job, metric, jobs), protocols)
        for job in jobs
        for metric, protocols in job["metrics"].items()
    ]
    known = {name for _, protocols in groups for found in protocols.values() for name in found}
    names = [name for name in in_order(known) if f"{name}_interval" in known or name in _ROWS]
    lines: list[Sequence[object] | str] = []
    for title, protocols in groups:
        lines += [title] if len(groups) > 1 else []
        lines += [
            (protocol, *(_value(found, name) for name in names))
            for protocol, found in protocols.items()
        ]
    if not lines:
        return Html("")
    content = table(("protocol", *map(heading, names)), lines, class_="numbers small")
    return folded("Ours under every protocol", content, len(lines))


def _group_heading(job: Mapping[str, Any], metric: str, jobs: Sequence[Mapping[str, Any]]) -> str:
    several = len({name for other in jobs for name in other["metrics"]}) > 1
    parts = [job_label(job) if len(jobs) > 1 else "", metric if several else ""]
    return " · ".join(part for part in parts if part)


_ROWS = ("n", "coverage")
"""What a protocol tells of its rows; every other statistic has an interval."""


def _value(found: Mapping[str, Any], name: str) -> Html:
    ends = interval(found.get(f"{name}_interval"), name)
    return joined([ours(found.get(name), name), tag("span", ends, class_="under") if ends else ""])


def job_label(job: Mapping[str, Any]) -> str:
    """The settings by which a job differs from the others."""
    return ", ".join(f"{name}={value}" for name, value in job["settings"].items()) or "all"


def folded(title: str, content: Html, num_rows: int) -> Html:
    """A part of a section; a long one is folded."""
    if num_rows <= _MOST_OPEN_ROWS:
        return joined([tag("h3", title), content])
    return joined([
        tag("h3", title), tag("details", tag("summary", f"{num_rows:,} rows"), content)
    ])  # fmt: skip
