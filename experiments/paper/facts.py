"""The parts of a study's section beside its tables of statistics: what was run, found and drawn."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.paper.agreement import counted, coverage
from experiments.paper.comparison import folded, job_label
from experiments.paper.html import Html, joined, picture, table, tag
from experiments.paper.metrics import metrics_table
from experiments.paper.numbers import MEAN_AND_SPREAD, is_number, is_told, plain, setting, share
from experiments.paper.plan import without_folder

_GENERAL = {
    "selection": "One architecture chosen without training",
    "stability": "Stability",
    "weight_rule": "Choice of the weights",
}
"""Parts of a job that are shown as they are, and their headings."""

_LONGEST_SHOWN = 6
_EARLY = 10
"""Trained models after which a search is first looked at."""


def run_facts(record: Mapping[str, Any], *, commit: str | None, data: Path | None = None) -> Html:
    """What was run: space, minibatch, benchmark, weights, and on how many architectures.

    Args:
        record: Of the study.
        commit: Of the page; a study's own is told where it is another.
        data: Folder of data files, told by its variable only.
    """
    own = _same(record, "git_commit")
    facts = {
        "search space": _same(record, "search_space"),
        "minibatch": _minibatch(record),
        "benchmark": without_folder(_benchmark(record), data),
        "weights": _same(record, "weights"),
        "metric": _same(record, "metrics"),
        "engine": _same(record, "engine"),
        "architectures": _architectures(record),
        "protocol paper": _defined(record),
        "swept": _swept(record),
        "commit": "" if own == commit else own,
    }
    pairs = ((tag("dt", name), tag("dd", value)) for name, value in facts.items() if value)
    return tag("dl", *(part for pair in pairs for part in pair))


def _values(record: Mapping[str, Any], name: str) -> list[str]:
    """The different values of a part of the jobs' `run`, as typed."""
    runs = [record["run"], *(job.get("run", {}) for job in record["jobs"])]
    return list(dict.fromkeys(setting(run[name]) for run in runs if run.get(name) is not None))


def _same(record: Mapping[str, Any], name: str) -> str:
    values = _values(record, name)
    if len(values) <= _LONGEST_SHOWN:
        return ", ".join(values)
    return f"{len(values)} values, {values[0]} to {values[-1]}"


def _minibatch(record: Mapping[str, Any]) -> str:
    sizes, seeds = _same(record, "batch_size"), _same(record, "minibatch_seed")
    parts = [_same(record, "dataset"), f"batch size {sizes}" if sizes else ""]
    return ", ".join(part for part in [*parts, f"seed {seeds}" if seeds else ""] if part)


def _benchmark(record: Mapping[str, Any]) -> str:
    named = _same(record, "benchmark_source") or _same(record, "benchmark")
    lower = "False" in _values(record, "higher_is_better")
    return f"{named}; lower is better" if named and lower else named


def _architectures(record: Mapping[str, Any]) -> str:
    names = ("architectures", "connected", "distinct")
    found = {name: _span([job["counts"].get(name) for job in record["jobs"]]) for name in names}
    others = ", ".join(f"{found[name]} {name}" for name in names[1:] if found[name])
    return f"{found['architectures']} ({others})" if others else found["architectures"]


def _span(values: Sequence[Any]) -> str:
    numbers = [value for value in values if is_number(value)]
    if not numbers:
        return ""
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _defined(record: Mapping[str, Any]) -> str:
    rows, shares = counted(record), coverage(record)
    if rows is None or shares is None:
        return ""
    return f"{_span(rows)} rows, coverage {span_of_shares(shares)} %"


def span_of_shares(ends: tuple[float, float]) -> str:
    """Least and largest coverage in percent."""
    low, high = (share(end) for end in ends)
    return low if low == high else f"{low} to {high}"


def _swept(record: Mapping[str, Any]) -> str:
    jobs = record["jobs"]
    if len(jobs) <= 1:
        return ""
    parts = [
        f"{name} ({len({job['settings'].get(name) for job in jobs})})"
        for name in record["settings"]
    ]
    missing = record["missing_jobs"]
    without = f"; without a result: {', '.join(map(str, missing))}" if missing else ""
    return f"{', '.join(parts)}: {len(jobs)} runs{without}"


def findings(record: Mapping[str, Any]) -> Html:
    """Several metrics, searches, the choice of one architecture, stability, rules, and remarks."""
    parts = [metrics_table(record), _searches(record)]
    for part, title in _GENERAL.items():
        rows = [
            (_with_job(record, job, path), fields)
            for job in record["jobs"]
            if part in job
            for path, fields in leaves(job[part])
        ]
        if rows:
            parts.append(folded(title, facts_table(rows), len(rows)))
    return joined([*parts, _remarks(record)])


def _with_job(record: Mapping[str, Any], job: Mapping[str, Any], path: Sequence[str]) -> str:
    words = " · ".join(path)
    if len(record["jobs"]) <= 1:
        return words
    return f"{job_label(job)} · {words}" if words else job_label(job)


def leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict]]:
    """The innermost mappings of nested ones, each with the names that lead to it."""
    if not isinstance(value, Mapping):
        yield path, {"value": value}
        return
    inner = {str(key): part for key, part in value.items() if _is_nested(part)}
    outer = {str(key): part for key, part in value.items() if not _is_nested(part)}
    if outer:
        yield path, outer
    for key, part in inner.items():
        yield from leaves(part, (*path, key))


def _is_nested(value: object) -> bool:
    """A mapping, unless it is written in one cell."""
    return isinstance(value, Mapping) and set(value) not in (set(), MEAN_AND_SPREAD)


def facts_table(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Html:
    """A line for each mapping, a column for each name in any of them."""
    told = (name for _, fields in rows for name, value in fields.items() if is_told(value))
    names = list(dict.fromkeys(told))
    lines = [
        (label, *(plain(fields[name]) if name in fields else "" for name in names))
        for label, fields in rows
    ]
    return table(("", *(name.replace("_", " ") for name in names)), lines, class_="numbers small")


def _searches(record: Mapping[str, Any]) -> Html:
    rows: list[tuple[str, Mapping[str, Any]]] = [
        (_with_job(record, job, [name]), _search(entry))
        for job in record["jobs"]
        for name, entry in (job.get("search") or {}).items()
    ]
    return folded("Search", facts_table(rows), len(rows)) if rows else Html("")


def _search(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What a search found: its curve early and at the end, and the models to a target."""
    curve = entry.get("median_curve") or []
    early = min(_EARLY, len(curve))
    shown: dict[str, Any] = {
        name: entry[name] for name in ("protocol", "repeats", "reported") if name in entry
    }
    if curve:
        shown |= {
            f"median after {early}": curve[early - 1],
            f"median after {len(curve)}": curve[-1],
        }
    for target, found in (entry.get("targets") or {}).items():
        shown[f"models to {target}"] = found.get("median_models")
    return shown


def _remarks(record: Mapping[str, Any]) -> Html:
    """The sentences that runs themselves say of their results."""
    sentences = [
        (job, metric, sentence)
        for job in record["jobs"]
        for metric, found in (job.get("diagnosis") or {}).items()
        for sentence in found
    ]
    told = dict.fromkeys(sentence for _, _, sentence in sentences)
    if not told:
        return Html("")
    items = tag("ul", *(tag("li", sentence) for sentence in told), class_="plain small")
    return folded("Remarks of the runs", items, len(told))


def figures(record: Mapping[str, Any], folder: Path) -> Html:
    """The study's figures inside the page, each with a caption."""
    parts = [_figure(record, folder, str(name)) for name in record["figures"]]
    return joined([tag("h3", "Figures"), *parts]) if parts else Html("")


def _figure(record: Mapping[str, Any], folder: Path, name: str) -> Html:
    words = Path(name).stem.replace("_", " ")
    caption = f"{words[:1].upper()}{words[1:]}: {record['title']}."
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        return tag("p", f"{name} is not in the study's folder, and not shown.", class_="soft")
    try:
        shown = picture(path, description=caption)
    except (OSError, ValueError) as error:
        return tag("p", f"{name} cannot be shown: {error}", class_="failure")
    return tag("figure", shown, tag("figcaption", caption))
