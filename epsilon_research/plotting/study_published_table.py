"""Ours beside the published numbers: one row for each case, marked where ours bears them out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from epsilon_research.plotting.study_cells import (
    as_published,
    interval_words,
    name_cells,
    plain,
    setting_names,
    setting_words,
    signed,
    study_frame,
    titled,
)
from epsilon_research.plotting.study_record import Case, interval_of, number, spread_of

_COLUMNS = {
    "n": "n",
    "spearman_rho": "ρ",
    "kendall_tau": "τ",
    "spearman_rho_top10": "top10\nρ",
    "kendall_tau_top10": "top10\nτ",
    "top10_overlap_percent": "top10/\ntop10 %",
    "top64_in_top5": "top64/\ntop5",
}
_WIDE_ONLY = ("kendall_tau_top10",)
_WITH_INTERVAL = ("spearman_rho", "kendall_tau")
_LABEL = "published as"
"""The column of the published rows' own names."""

_STYLES = {"✓": "green", "✗": "bold red", "–": "dim"}
_MOST_NAMED = 6
"""Published rows without a job that are named one by one."""

MARKS = """\
✓ the difference is within the margin that chance explains (n: equal)
✗ it is not      – cannot be said      3/10 it is for 3 of 10 draws"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What stands beside one published row: its entries by statistic, one for each draw."""

    case: Case
    metric: str
    protocol: str
    label: str
    entries: Mapping[str, Sequence[Mapping[str, Any]]]


def published_table(
    study: Mapping[str, Any], table: Mapping[str, Any], cases: Sequence[Case], *, wide: bool
) -> Iterator[RenderableType]:
    """The parts that tell of one published table.

    Args:
        study: The record of the study.
        table: An entry of its `published`.
        cases: The jobs by settings.
        wide: Whether there is room for intervals and for τ among the best.
    """
    rows = _rows(table, cases)
    known = {name for row in rows for name in row.entries}
    names = [*setting_names(study), *_further_names(rows, setting_names(study))]
    title = f"beside the published numbers: {table.get('title') or table['table']}"
    columns = [name for name in _COLUMNS if name in known and (wide or name not in _WIDE_ONLY)]
    if columns:
        yield titled(title, _main(rows, columns, names=names, wide=wide))
    others = sorted(known - set(_COLUMNS))
    if others:
        table_of_others = _others(rows, others, names=[*setting_names(study), _LABEL], wide=wide)
        yield table_of_others if columns else titled(title, table_of_others)
    if not known:
        yield Text.assemble((title, "bold"), "\nno row of it can be put beside a job")
    remarks = "\n".join(_remarks(table))
    if remarks:
        yield Text(remarks, style="dim")


def _rows(table: Mapping[str, Any], cases: Sequence[Case]) -> list[Row]:
    by_job = {job["job"]: case for case in cases for job in case.jobs}
    places = {id(case): place for place, case in enumerate(cases)}
    found: dict[tuple[int, str, str, str], dict[str, list[Mapping[str, Any]]]] = {}
    for entry in table.get("comparison") or []:
        if entry["job"] not in by_job:
            continue
        key = (
            places[id(by_job[entry["job"]])],
            str(entry["metric"]),
            str(entry["protocol"]),
            str(entry["label"]),
        )
        found.setdefault(key, {}).setdefault(entry["statistic"], []).append(entry)
    return [
        Row(case=cases[place], metric=metric, protocol=protocol, label=label, entries=entries)
        for (place, metric, protocol, label), entries in found.items()
    ]


def _further_names(rows: Sequence[Row], names: Sequence[str]) -> list[str]:
    """What a row needs beside its settings, so that one can tell it from the others."""
    extra = [name for name in ("metric", "protocol") if _differ(rows, name)]
    keys = {(id(row.case), row.metric, row.protocol) for row in rows}
    if len(keys) < len(rows) or not (names or extra):
        extra.append(_LABEL)
    return extra


def _differ(rows: Sequence[Row], name: str) -> bool:
    return len({getattr(row, name) for row in rows}) > 1


def _names(row: Row, names: Sequence[str], *, wide: bool, shown: bool = True) -> list[Text]:
    known = {"metric": row.metric, "protocol": row.protocol, _LABEL: row.label}
    # A setting may be called metric too: it comes first, as typed.
    words = {name: known[name] for name in names if name in known} | setting_words(row.case)
    return name_cells({name: words[name] if shown else "" for name in names}, wide=wide)


def _main(
    rows: Sequence[Row], columns: Sequence[str], *, names: Sequence[str], wide: bool
) -> Table:
    frame = study_frame(names, wide=wide)
    frame.add_column("", no_wrap=True, style="dim")
    for name in columns:
        # Cells are set by hand, so that decimal points and marks stand under each other.
        frame.add_column(Text(_COLUMNS[name], justify="right"), no_wrap=True)
    for row in rows:
        draws = max(len(entries) for entries in row.entries.values())
        words = ["ours", "published", "difference"]
        if draws > 1:
            words = [f"mean of {draws}", "std", *words[1:], "inside"]
        frame.add_row(
            *_names(row, names, wide=wide),
            Text("\n".join(words)),
            *(_cell(row, name, draws=draws, wide=wide) for name in columns),
        )
    return frame


def _cell(row: Row, statistic: str, *, draws: int, wide: bool) -> Text:
    """Ours, the published value with its mark, the difference; of several draws also the spread."""
    width = 3 if statistic == "top64_in_top5" else 6
    entries = row.entries.get(statistic, ())
    if not entries:
        return Text("")
    ours, spread, published, difference = _values(entries, statistic)
    text, mark = Text(f"{ours:>{width}}"), _mark(entries)
    sign = (mark, _STYLES.get(mark, "yellow"))
    if draws > 1:
        text.append(f"\n{spread:>{width}}\n{published:>{width}}\n{difference:>{width}}", "dim")
        return text.append("\n").append(*(f"{mark:>{width}}", sign[1]))
    if wide and statistic in _WITH_INTERVAL:
        text.append(interval_words(*interval_of(entries[0].get("interval"))), style="dim")
    text.append(f"\n{published:>{width}} ", "dim").append(*sign)
    return text.append(f"\n{difference:>{width}}", "dim")


def _values(entries: Sequence[Mapping[str, Any]], statistic: str) -> tuple[str, str, str, str]:
    ours = spread_of([number(entry.get("ours")) for entry in entries])
    printed = [number(entry.get("published")) for entry in entries]
    # The mean of equal numbers would not be equal to them.
    published = printed[0] if len(set(printed)) == 1 else spread_of(printed).value
    difference = spread_of([number(entry.get("difference")) for entry in entries])
    return (
        plain(ours.value, statistic),
        plain(ours.std, statistic),
        as_published(published, statistic),
        signed(difference.value, statistic),
    )


def _mark(entries: Sequence[Mapping[str, Any]]) -> str:
    """Whether the published value agrees with ours; with several draws, with how many of them."""
    known = [entry["agrees"] for entry in entries if isinstance(entry.get("agrees"), bool)]
    if not known:
        return "–"
    if all(known):
        return "✓"
    return f"{sum(known)}/{len(known)}" if any(known) else "✗"


def _others(
    rows: Sequence[Row], statistics: Sequence[str], *, names: Sequence[str], wide: bool
) -> Table:
    """Whatever else was published, one line for each number."""
    frame = study_frame(names, wide=wide)
    frame.add_column("statistic", no_wrap=True)
    for words in ("ours", "published", "difference", ""):
        frame.add_column(words, justify="right", no_wrap=True)
    for row in rows:
        shown = True
        for statistic in statistics:
            entries = row.entries.get(statistic)
            if entries is None:
                continue
            ours, spread, published, difference = _values(entries, statistic)
            mark = _mark(entries)
            frame.add_row(
                *_names(row, names, wide=wide, shown=shown),
                Text(statistic.replace("_", " ")),
                f"{ours} ± {spread}" if len(entries) > 1 else ours,
                published.strip(),
                difference,
                Text(mark, style=_STYLES.get(mark, "yellow")),
            )
            shown = False
    return frame


def _remarks(table: Mapping[str, Any]) -> Iterator[str]:
    unmatched = [str(label) for label in table.get("unmatched") or []]
    if unmatched:
        named = ", ".join(unmatched[:_MOST_NAMED])
        more = len(unmatched) - _MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        yield f"published, but without a job here: {named}{rest}"
    for part in ("note", "source"):
        if table.get(part):
            yield f"{part}: {table[part]}"


def compared(study: Mapping[str, Any]) -> set[tuple[int, str, str]]:
    """(job, metric, protocol) of what stands beside published correlations already."""
    return {
        (entry["job"], entry["metric"], entry["protocol"])
        for table in study.get("published") or []
        for entry in table.get("comparison") or []
        if entry["statistic"] == "spearman_rho" and isfinite(number(entry.get("ours")))
    }
