"""The search of a run as a person reads it: one row per variant, then the choice of one network."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from epsilon_research.plotting.notes import are_fractions, percent, variant_label

EARLY = 10
"""Trained models after which the table first looks at a curve."""


def search_table(summary: Mapping[str, Any]) -> RenderableType:
    """What the searches of a run found, for a rich console of 80 columns or more.

    Args:
        summary: The value of `summary.json`, with `search` and `selection`.
    """
    entries, selection = summary.get("search", {}), summary.get("selection", {})
    parts: list[RenderableType] = []
    if entries:
        parts += [_variants(entries), Text(_legend(entries), style="dim")]
    if selection:
        parts += ["", _selection(selection)]
    return Group(*parts)


def _variants(entries: Mapping[str, Mapping[str, Any]]) -> Table:
    fractions = are_fractions(entries)
    budget = next(iter(entries.values()))["budget"]
    early = min(EARLY, budget)
    table = _table("search")
    table.add_column("variant", overflow="fold")
    headings = (f"after\n{early}", f"after\n{budget}", "middle\nhalf", "to\ntarget", "re-\npeats %")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for entry in entries.values():
        low, high = entry["low_curve"][-1], entry["high_curve"][-1]
        table.add_row(
            Text(variant_label(entry)),
            value_words(entry["median_curve"][early - 1], fractions=fractions),
            value_words(entry["median_curve"][-1], fractions=fractions),
            f"{value_words(low, fractions=fractions)}–{value_words(high, fractions=fractions)}",
            _models(next(iter(entry["targets"].values()))),
            percent(entry["repeat_share"], unit=""),
        )
    return table


def _legend(entries: Mapping[str, Mapping[str, Any]]) -> str:
    entry = next(iter(entries.values()))
    target = next(iter(entry["targets"].values()))["accuracy"]
    shown = value_words(target, fractions=are_fractions(entries))
    reported = entry["reported"].replace("_", " ")
    what = f"{reported}, median over {entry['repeats']} repeats, selected on {entry['selected_on']}"
    return (
        f"{what}, protocol {entry['protocol']}\n"
        f"to target: trained models until {shown}, median, and the share of repeats that get there"
    )


def _selection(selection: Mapping[str, Mapping[str, Any]]) -> Table:
    table = _table("one architecture without training")
    table.add_column("sample", justify="right", no_wrap=True)
    table.add_column("chosen by", overflow="fold")
    for heading in ("test", "validation", "rank"):
        table.add_column(heading, justify="right", no_wrap=True)
    for size, entry in selection.items():
        fractions = entry["higher_is_better"]
        choices = {
            entry["metric"]: entry,
            **entry["others"],
            "chance": entry["random"],
            "the best there": entry["optimum"],
        }
        for position, (name, found) in enumerate(choices.items()):
            table.add_row(
                "" if position else f"{int(size):,}",
                Text(name),
                _mean(found["test_accuracy"], fractions=fractions),
                _mean(found["validation_accuracy"], fractions=fractions),
                f"{found['mean_rank']:,.1f}",
            )
    return table


def _mean(found: Mapping[str, Any], *, fractions: bool) -> str:
    if not _is_number(found["mean"]):
        return "–"
    factor = 100 if fractions else 1
    return f"{factor * found['mean']:.2f} ± {factor * found['std']:.2f}"


def value_words(value: int | float | None, *, fractions: bool) -> str:
    """A fraction as a percentage, a loss or an objective as it is, a dash where there is none."""
    if value is None or not isfinite(value):
        return "–"
    return f"{100 * value:.2f}" if fractions else f"{value:.4g}"


def _models(target: Mapping[str, Any]) -> str:
    median = target["median_models"]
    share = percent(target["reached_share"])
    return f"{median:,.0f} ({share})" if _is_number(median) else f"– ({share})"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and isfinite(value)


def _table(title: str) -> Table:
    return Table(
        title=Text(title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        header_style="bold",
    )
