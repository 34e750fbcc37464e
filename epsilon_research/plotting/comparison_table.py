"""Several metrics side by side in the terminal: one row for each, best on top."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, TypeGuard

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from epsilon_research.plotting.notes import decimals, percent

PROTOCOLS = ("connected", "common", "common_float32")
"""Those that are shown side by side; all are in the tables of each metric."""

_WORDS = {
    "connected": "connected: each metric on every connected architecture that it scores",
    "common": "common: the architectures that all metrics score",
    "common_float32": "common_float32: of those, what float32 defines",
}
_COLUMNS = ("n", "cov.\n%", "ρ", "τ", "top10\nρ", "over-\nlap %", "nDCG", "time")
_LEGEND = """\
ρ Spearman with its 95 % bootstrap interval, τ Kendall τ-b, cov. coverage
top10 ρ   among the 10 % most accurate
overlap   how many of the 10 % best scores are among the 10 % most accurate
nDCG      of the 10 % best scores: 0.52 by chance, 1 at best
time      per architecture"""


def comparison_table(summary: Mapping[str, Any]) -> RenderableType:
    """What the metrics of a run are worth beside each other, for 80 columns or more.

    Args:
        summary: The value of `summary.json`, with `metrics` and `comparison`.

    Returns:
        A group: one table for each of `PROTOCOLS`; for the common ones the differences from the
        first metric, and the best aggregates; one legend. Empty without a comparison.
    """
    comparison = summary.get("comparison")
    if not comparison:
        return Group()
    seconds = comparison.get("seconds_per_architecture", {})
    parts: list[RenderableType] = []
    for protocol in PROTOCOLS:
        rows = {
            metric: found[protocol]
            for metric, found in summary["metrics"].items()
            if protocol in found
        }
        if not rows:
            continue
        parts += ["", _side_by_side(_WORDS[protocol], rows, seconds)]
        if protocol in comparison:
            first = next(iter(rows))
            parts += ["", _differences(comparison[protocol], first=first)]
            parts += [Text(line) for line in _aggregates(comparison[protocol])]
    return Group(*parts[1:], "", Text(_LEGEND, style="dim"))


def _side_by_side(
    title: str, rows: Mapping[str, Mapping[str, Any]], seconds: Mapping[str, float | None]
) -> Table:
    table = _table(title, *(_COLUMNS if seconds else _COLUMNS[:-1]))
    order = sorted(rows, key=lambda metric: -_number(rows[metric].get("spearman_rho")))
    for metric in order:
        found = rows[metric]
        overlap = found.get("top10_overlap_percent")
        cells = [
            Text(f"{found['n']:,}"),
            Text(percent(found.get("coverage"), unit="")),
            _with_interval(found, "spearman_rho"),
            Text(_short(found.get("kendall_tau"))),
            Text(_short(found.get("spearman_rho_top10"))),
            Text(percent(None if overlap is None else overlap / 100, unit="")),
            Text(_short(found.get("ndcg"))),
        ]
        if seconds:
            cells.append(Text(duration(seconds.get(metric))))
        table.add_row(Text(metric), *cells)
    return table


def _differences(found: Mapping[str, Any], *, first: str) -> Table:
    """Each metric against the first, and what is left of it within equal numbers."""
    within = found.get("within_equal_num_convolutions", {})
    headings = [f"ρ higher than {first}'s by", "Z", "p (Holm)"]
    if within:
        headings.append("ρ in equal numbers\nof convolutions")
    table = _table("differences of ρ, Steiger's test", *headings)
    against = dict(differences_from(found["differences"], first))
    order = sorted(found["spearman_rho"], key=lambda name: -_number(found["spearman_rho"][name]))
    for metric in order:
        part = against.get(metric)
        cells = [Text("")] * 3 if part is None else _test_cells(part)
        if within:
            cells = [*cells, _with_interval(within[metric], "spearman_rho")]
        table.add_row(Text(metric), *cells)
    return table


def differences_from(
    differences: Sequence[Mapping[str, Any]], first: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The other metric of each pair with `first`, and the difference as other minus first.

    Args:
        differences: Of ρ, each pair of metrics once, as `summary.json` has them.
        first: The metric that all others are compared with.
    """
    for part in differences:
        if part["second"] == first:
            yield part["first"], dict(part)
        elif part["first"] == first:
            low, high = part["difference_interval"]
            yield (
                part["second"],
                {
                    **part,
                    "difference": _turned(part["difference"]),
                    "difference_interval": [_turned(high), _turned(low)],
                    "z": _turned(part["z"]),
                },
            )


def _turned(value: float | None) -> float | None:
    return None if value is None else -value


def _test_cells(part: Mapping[str, Any]) -> list[Text]:
    z = part["z"]
    shown_z = f"{z:.1f}".replace("-", "−") if _is_number(z) else "–"
    p = part["p_holm"]
    shown_p = "–" if not _is_number(p) else f"{p:.3f}" if p >= 0.001 else "< 0.001"
    style = "" if part["significant"] else "dim"
    return [
        _with_interval(part, "difference", style=style),
        Text(shown_z, style=style),
        Text(shown_p, style=style),
    ]


def _aggregates(found: Mapping[str, Any]) -> Iterator[str]:
    aggregates = found["aggregates"]
    best = [subsets[0] for subsets in (aggregates["pairs"], aggregates["triples"]) if subsets]
    parts = [f"{' + '.join(part['metrics'])} {decimals(part['spearman_rho'])}" for part in best]
    count, rho = len(aggregates["all"]["metrics"]), decimals(aggregates["all"]["spearman_rho"])
    yield f"ρ of mean ranks, best subsets: {'; '.join([*parts, f'all {count} {rho}'])}"


def _short(value: float | None) -> str:
    return f"{value:.2f}".replace("-", "−") if _is_number(value) else "–"


def duration(seconds: float | None) -> str:
    """Seconds for one architecture with two digits: 15 ms, 1.3 s."""
    if not _is_number(seconds):
        return "–"
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{1000 * seconds:.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.1f} ms"


def _with_interval(found: Mapping[str, Any], name: str, *, style: str = "") -> Text:
    value, interval = decimals(found.get(name)), found.get(f"{name}_interval")
    if interval is None:
        return Text(value, style=style)
    low, high = (decimals(end).replace("0.", ".") for end in interval)
    return Text.assemble((value, style), " ", (f"[{low}, {high}]", "dim"))


def _number(value: float | None) -> float:
    return value if _is_number(value) else -2.0


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and isfinite(value)


def _table(title: str, *headings: str) -> Table:
    table = Table(
        title=Text(title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 0),
        header_style="bold",
    )
    table.add_column("metric", overflow="fold", min_width=9)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
