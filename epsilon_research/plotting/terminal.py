"""The summary of a run as a person reads it: settings, counts, one table per metric, diagnosis."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from epsilon_research.plotting.notes import decimals, percent

_COLUMNS = (
    "protocol",
    "n",
    "cover-\nage %",
    "ρ",
    "τ",
    "top10\nρ",
    "top10/\ntop10 %",
    "top64/\ntop5",
)
_LEGEND = """\
ρ Spearman, τ Kendall τ-b, each with its 95 % bootstrap interval
top10 ρ      among the 10 % most accurate
top10/top10  how many of the 10 % best scores are among the 10 % most accurate
top64/top5   how many of the 64 best scores are among the 5 % most accurate"""


def results_table(summary: Mapping[str, Any]) -> RenderableType:
    """What a run found, for a rich console of 80 columns or more; plain where no terminal is.

    Args:
        summary: The value of `summary.json`; `diagnosis` may add {metric: [sentences]}.

    Returns:
        A group: header, one table per metric, its diagnosis, and one legend.
    """
    diagnosis = summary.get("diagnosis", {})
    parts: list[RenderableType] = [_header(summary)]
    metrics = summary.get("metrics", {})
    for metric, protocols in metrics.items():
        parts += ["", _metric_table(metric, protocols)]
        parts += [_sentence(sentence) for sentence in diagnosis.get(metric, [])]
    if any(_has_statistics(protocols) for protocols in metrics.values()):
        parts += ["", Text(_LEGEND, style="dim")]
    return Group(*parts)


def _header(summary: Mapping[str, Any]) -> Table:
    run, counts, timing = (summary.get(part, {}) for part in ("run", "counts", "timing"))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, words in (
        ("run", _settings(run)),
        ("architectures", _counts(counts)),
        ("time", _timing(timing)),
    ):
        if words:
            grid.add_row(name, Text(words))
    return grid


def _settings(run: Mapping[str, Any]) -> str:
    names = ("search_space", "dataset", "benchmark", "weights", "batch_size", "seed", "engine")
    return ", ".join(f"{name}={_setting(run[name])}" for name in names if name in run)


def _setting(value: object) -> str:
    # As it would be typed on the command line.
    if isinstance(value, list | tuple):
        return f"[{','.join(f'{part:g}' for part in value)}]"
    return str(value)


def _counts(counts: Mapping[str, Any]) -> str:
    names = ("connected", "distinct", "computed", "from_store", "failed", "unresolved")
    parts = ", ".join(
        f"{counts[name]:,} {name.replace('_', ' ')}" for name in names if name in counts
    )
    total = f"{counts['architectures']:,}" if "architectures" in counts else ""
    return f"{total} ({parts})" if total and parts else total or parts


def _timing(timing: Mapping[str, Any]) -> str:
    words = []
    if "scoring_seconds" in timing:
        words.append(f"scoring {duration(timing['scoring_seconds'])}")
    if "architectures_per_second" in timing:
        words.append(f"{_rate(timing['architectures_per_second'])}/s")
    if "processes" in timing:
        count = timing["processes"]
        words.append(f"{count:g} process{'' if count == 1 else 'es'}")
    if "total_seconds" in timing:
        words.append(f"altogether {duration(timing['total_seconds'])}")
    return ", ".join(words)


def _rate(per_second: int | float) -> str:
    return f"{per_second:,.0f}" if per_second >= 100 else f"{per_second:.3g}"


def duration(seconds: int | float) -> str:
    """Seconds as people say them: 0.4 s, 12 s, 3 min 05 s, 2 h 07 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _metric_table(metric: str, protocols: Mapping[str, Mapping[str, Any]]) -> RenderableType:
    if not _has_statistics(protocols):
        return Text.assemble((metric, "bold"), ": no accuracies to compare with, so no statistics")
    table = Table(
        title=Text(metric, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 0),
        header_style="bold",
    )
    table.add_column(_COLUMNS[0], overflow="fold")
    for heading in _COLUMNS[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for protocol, found in protocols.items():
        table.add_row(Text(protocol), *_cells(found))
    return table


def _cells(found: Mapping[str, Any]) -> list[str | Text]:
    overlap = found.get("top10_overlap_percent")
    return [
        _count(found.get("n")),
        percent(found.get("coverage"), unit=""),
        _two_lines(found, "spearman_rho"),
        _two_lines(found, "kendall_tau"),
        decimals(found.get("spearman_rho_top10")),
        percent(None if overlap is None else overlap / 100, unit=""),
        _count(found.get("top64_in_top5")),
    ]


def _count(value: int | float | None) -> str:
    return "–" if value is None or not isfinite(value) else f"{value:,.0f}"


def _two_lines(found: Mapping[str, Any], name: str) -> Text:
    value, interval = decimals(found.get(name)), found.get(f"{name}_interval")
    if interval is None:
        return Text(value)
    low, high = (decimals(end) for end in interval)
    return Text.assemble(value, "\n", (f"[{low}, {high}]", "dim"))


def _sentence(sentence: str) -> Padding:
    mark = Table.grid(padding=(0, 1))
    mark.add_row(Text("→", style="bold yellow"), Text(sentence))
    return Padding(mark, (0, 0, 0, 1))


def _has_statistics(protocols: Mapping[str, Mapping[str, Any]]) -> bool:
    return any("spearman_rho" in found for found in protocols.values())
