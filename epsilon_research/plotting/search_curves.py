"""What searches found against the number of trained models: medians and interquartile bands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullFormatter

from epsilon_research.plotting.scales import count_label, log_ticks
from epsilon_research.plotting.style import (
    BLUE,
    DARK,
    PAGE_WIDTH,
    PANEL_HEIGHT,
    VERMILION,
    new_figure,
    paper_style,
    save_figure,
)

# More of Okabe and Ito's palette, in an order in which neighbours differ most.
_COLOURS = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31")
_LINES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1, 1, 1)))
_BAND_ALPHA = 0.13
SPREAD_WORDS = "median and middle half of repeats"
_MARGIN = 0.05
# The first model that the limits must show, as a part of the budget.
_FIRST_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One variant: how it is drawn, and its curves by trained models, in the unit of the axis."""

    label: str
    colour: str
    line: Any
    median: Float[np.ndarray, " trained"]
    low: Float[np.ndarray, " trained"]
    high: Float[np.ndarray, " trained"]


def save_search_curves(
    entries: Mapping[str, Mapping[str, Any]], *, folder: Path, title: str, label: str
) -> list[Path]:
    """Write `search_curves`, all variants in one figure, as PNG and PDF.

    Args:
        entries: The `search` part of `summary.json`, also as read back from a file.
        folder: Where to write; made if need be.
        title: One line over the figure; may be empty.
        label: What the curves show, without a unit, e.g. `CIFAR-10 test accuracy`.

    Returns:
        The two paths, PNG first; none if no variant has a value to show.
    """
    percent = are_fractions(entries)
    curves = read_curves(entries, percent=percent)
    if not has_values(curves):
        return []
    folder.mkdir(parents=True, exist_ok=True)
    with paper_style():
        figure = search_curves(
            curves, title=title, label=axis_label(entries, label, percent=percent)
        )
        return save_figure(figure, folder=folder, name="search_curves")


def read_curves(
    entries: Mapping[str, Mapping[str, Any]],
    *,
    percent: bool,
    beside: Sequence[Mapping[str, Any]] = (),
) -> list[Curve]:
    """Curves of the `search` part of a summary: a line style per algorithm, a colour per start.

    Args:
        entries: {variant: entry}.
        percent: Whether values are fractions, to be shown as percentages.
        beside: Entries of all panels of the figure, if it has several: what is the same looks
            the same in all of them.
    """
    drawn = [*(beside or entries.values())]
    algorithms = list(dict.fromkeys(entry["algorithm"] for entry in drawn))
    starts = list(dict.fromkeys(_start(entry) for entry in drawn if _start(entry)))
    return [
        Curve(
            label=variant_label(entry),
            colour=_COLOURS[starts.index(_start(entry)) % len(_COLOURS)] if _start(entry) else DARK,
            line=_LINES[algorithms.index(entry["algorithm"]) % len(_LINES)],
            median=_values(entry["median_curve"], percent=percent),
            low=_values(entry["low_curve"], percent=percent),
            high=_values(entry["high_curve"], percent=percent),
        )
        for entry in entries.values()
    ]


def has_values(curves: Sequence[Curve]) -> bool:
    """Whether there is anything to draw."""
    return any(np.isfinite(curve.median).any() for curve in curves)


def search_curves(curves: Sequence[Curve], *, title: str, label: str) -> Figure:
    """Medians as lines, the middle half of the repeats as bands, models on a log axis.

    Args:
        curves: At least one; one of them has a finite median.
        title: One line over the figure; may be empty.
        label: Of the vertical axis, with its unit.
    """
    figure = new_figure(width=PAGE_WIDTH, height=PANEL_HEIGHT)
    axes = figure.add_subplot()
    draw_curves(axes, curves)
    axes.set_ylabel(label)
    figure.legend(
        loc="outside right upper", frameon=False, handlelength=2.6, labelspacing=0.7,
        title=SPREAD_WORDS, alignment="left", title_fontsize=7,
    )  # fmt: skip
    axes.set_title(title, loc="left", fontsize=8)
    return figure


def draw_curves(axes: Axes, curves: Sequence[Curve]) -> None:
    """Medians, bands and the axis of trained models, without words for the vertical axis.

    Args:
        axes: Empty ones.
        curves: At least one; one of them has a finite median.
    """
    # Bands of all variants below the lines of all. Steps, since nothing changes in between.
    for curve in curves:
        axes.fill_between(
            _models(curve), curve.low, curve.high,
            step="post", color=curve.colour, alpha=_BAND_ALPHA, linewidth=0,
        )  # fmt: skip
    for curve in curves:
        axes.plot(
            _models(curve), curve.median, label=curve.label,
            drawstyle="steps-post", color=curve.colour, linestyle=curve.line, linewidth=1.3,
        )  # fmt: skip
    _decorate(axes, curves)


def _models(curve: Curve) -> Float[np.ndarray, " trained"]:
    return np.arange(1.0, curve.median.size + 1)


def _decorate(axes: Axes, curves: Sequence[Curve]) -> None:
    budget = max(curve.median.size for curve in curves)
    axes.set_xscale("log")
    axes.set_xlim(1, max(budget, 2))
    # The budget itself is what a reader looks for; a tick that would touch it gives way.
    ticks = [tick for tick in log_ticks(1, budget)[0] if 1 <= tick < budget / 1.3]
    ticks = [*ticks, float(budget)]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FixedFormatter([count_label(tick) for tick in ticks]))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))
    axes.set_xlabel("trained models, log scale")
    axes.set_ylim(*_limits(curves, first=max(1, budget // _FIRST_SHOWN)))


def _limits(curves: Sequence[Curve], *, first: int) -> tuple[float, float]:
    """Limits that hold all medians from the `first` model on, and most of the bands.

    What a search has after its very first models would flatten all the rest, and so would a band
    around it.
    """
    settled = 5 * first
    shown = np.concatenate(
        [
            part
            for curve in curves
            for part in (curve.median[first - 1 :], curve.low[settled:], curve.high[settled:])
        ]
    )
    if not np.isfinite(shown).any():
        shown = np.concatenate([curve.median for curve in curves])
    low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
    margin = _MARGIN * (high - low) or 0.1 * abs(high) or 0.1
    return low - margin, high + margin


def variant_label(entry: Mapping[str, Any]) -> str:
    """A variant in words, e.g. `ageing evolution, epsilon warm-up`."""
    return ", ".join([entry["algorithm"].replace("_", " "), *_start(entry)])


def _start(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """What a variant adds to its algorithm, in words."""
    warmup, metric = entry["warmup_metric"], entry.get("move_metric")
    if metric is None:
        return () if warmup is None else (f"{warmup} warm-up",)
    move = _MOVES[entry["move"]]
    if warmup in (None, metric):
        return (f"{metric} {'' if warmup is None else 'warm-up and '}{move}",)
    return (f"{warmup} warm-up", f"{metric} {move}")


_MOVES = {"score": "move", "children": "children"}


def _values(curve: Sequence[float | None], *, percent: bool) -> Float[np.ndarray, " trained"]:
    # JSON holds null for what is undefined.
    values = np.array([np.nan if value is None else value for value in curve], np.float64)
    return 100 * values if percent else values


def are_fractions(entries: Mapping[str, Mapping[str, Any]]) -> bool:
    """Accuracies are shown as percentages; a loss or a user's own objective as it is."""
    return all(
        entry["higher_is_better"] and entry["reported"] != "objective" for entry in entries.values()
    )


def axis_label(entries: Mapping[str, Mapping[str, Any]], label: str, *, percent: bool) -> str:
    """What the vertical axis shows: the best so far of what is reported, and how it was chosen.

    Args:
        entries: {variant: entry}, at least one.
        label: The accuracy in words, without a unit.
        percent: Whether values are percentages.
    """
    entry = next(iter(entries.values()))
    unit = " (%)" if percent else ""
    if entry["protocol"] == "published":
        return f"best {label} so far{unit}"
    if entry["selected_on"] == "validation" and entry["reported"] == "test_accuracy":
        return f"{label} of the\nbest by validation so far{unit}"
    return f"best {label} so far{unit}"
