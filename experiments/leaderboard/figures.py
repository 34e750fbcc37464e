"""The board as two figures for a paper: a heat map of ρ, and mean ranks."""

from collections.abc import Callable
from math import isfinite
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from epsilon_research.plotting.style import (
    BLUE,
    DARK,
    FAINT,
    VERMILION,
    Look,
    figure_settings,
    figure_style,
    new_panels,
    save_figure,
)
from epsilon_research.reporting.numbers import value
from experiments.leaderboard.ranks import critical_difference
from experiments.leaderboard.results import Results

_COLOURS = "RdBu"
_NORM = Normalize(-1, 1)
# Inches of a metric's row, and of titles, axis and legend together.
_ROW_HEIGHT, _FRAME_HEIGHT = 0.19, 1.2
_BRIGHT = 0.65
"""|ρ| from which a cell is so dark that its number is white."""


def save_figures(results: Results, *, folder: Path) -> list[Path]:
    """Write `heat_map` and `mean_ranks` as PNG and PDF, and return the paths."""
    drawn: dict[str, Callable[[Results], Figure]] = {
        "mean_ranks": mean_ranks,
        "heat_map": heat_map,
    }
    with figure_style():
        return [
            path
            for name, draw in drawn.items()
            for path in save_figure(draw(results), folder=folder, name=name)
        ]


def heat_map(results: Results) -> Figure:
    """Spearman's ρ of each metric (best mean rank on top) on each space and task."""
    metrics = [one.metric for one in results.standings]
    columns = results.columns
    rhos = {(cell.metric, cell.search_space, cell.task): cell.rho for cell in results.cells}
    values = np.array([[rhos[metric, *column] for column in columns] for metric in metrics])
    figure, (axes,) = new_panels(
        1, width=figure_settings().page_width, height=_FRAME_HEIGHT + _ROW_HEIGHT * len(metrics)
    )  # fmt: skip
    # Cells are centred on integers.
    edges = (np.arange(size + 1) - 0.5 for size in (len(columns), len(metrics)))
    axes.pcolormesh(
        *edges, np.ma.masked_invalid(values), norm=_NORM, cmap=_COLOURS, edgecolors="white",
        linewidth=0.8,
    )  # fmt: skip
    for (row, column), rho in np.ndenumerate(values):
        colour = "white" if isfinite(rho) and abs(rho) > _BRIGHT else DARK
        words = value(round(rho, 2)).replace("0.", ".")[:-1] if isfinite(rho) else value(rho)
        axes.text(column, row, words, ha="center", va="center", fontsize=6, color=colour)
    _label(axes, results, metrics=metrics)
    figure.colorbar(
        ScalarMappable(norm=_NORM, cmap=_COLOURS), ax=axes, label="Spearman's ρ", pad=0.015,
        aspect=40, ticks=[-1, -0.5, 0, 0.5, 1],
    )  # fmt: skip
    return figure


def _label(axes: Axes, results: Results, *, metrics: list[str]) -> None:
    columns = results.columns
    axes.grid(visible=False)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(metrics) - 0.5, -0.5)
    axes.set_yticks(range(len(metrics)), metrics)
    axes.set_xticks(range(len(columns)), [task for _, task in columns], rotation=45, ha="left")
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    spaces = [space for space, _ in columns]
    for space in dict.fromkeys(spaces):
        first, count = spaces.index(space), spaces.count(space)
        words = results.titles[space]
        if count == 1:
            words = words.replace("-Bench-", "-\nBench-")
        axes.text(
            first + (count - 1) / 2, len(metrics) - 0.3, words, ha="center", va="top", fontsize=6,
            color=FAINT,
        )  # fmt: skip
        if first:
            axes.axvline(first - 0.5, color=DARK, linewidth=0.8)


def mean_ranks(results: Results) -> Figure:
    """Mean rank of each metric with its interval, and the critical difference of two ranks."""
    shown = results.standings[::-1]
    spaces = len(results.titles)
    figure, (axes,) = new_panels(1, height=_FRAME_HEIGHT + 0.16 * len(shown))
    baselines = set(results.baselines)
    for row, one in enumerate(shown):
        look = Look(colour=VERMILION if one.metric.startswith("epsilon") else BLUE)
        axes.plot(one.interval, [row, row], color=look.colour, linewidth=1)
        face = "white" if one.metric in baselines else look.colour
        axes.plot(
            one.mean_rank, row, look.marker, color=look.colour, markerfacecolor=face, markersize=4
        )
    axes.set_yticks(range(len(shown)), [one.metric for one in shown])
    axes.set_ylim(-0.6, len(shown) + 0.9)
    axes.set_xlabel(f"mean rank over {spaces} search spaces")
    if spaces > 1:
        difference = critical_difference(num_metrics=len(shown), num_spaces=spaces)
        best = shown[-1].mean_rank
        axes.plot([best, best + difference], [len(shown)] * 2, "|-", color=DARK, linewidth=1.2)
        axes.text(
            best, len(shown) + 0.2, f"critical difference {difference:.1f}", fontsize=6.5,
            va="bottom",
        )  # fmt: skip
    handles = [
        Look(colour=VERMILION).handle("epsilon"),
        Look(colour=BLUE).handle("other metric"),
        Look(colour=BLUE).handle("size of the network", markerfacecolor="white"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure
