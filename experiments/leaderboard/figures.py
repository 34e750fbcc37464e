"""The board as two figures for a paper: a heat map of ρ, and mean ranks."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from epsilon_research.plotting import style
from epsilon_research.plotting.weight_grid import colour_bar, draw_heat_map
from experiments.leaderboard.results import Results, critical_difference

# Inches of a metric's row, and of titles, axis and legend together.
_ROW_HEIGHT, _FRAME_HEIGHT = 0.19, 1.2
_FONT = 6


def save_figures(results: Results, *, folder: Path) -> list[Path]:
    """Write `mean_ranks` and `heat_map` as PNG and PDF, and return the paths."""
    with style.figure_style():
        return [
            path
            for draw in (mean_ranks, heat_map)
            for path in style.save_figure(draw(results), folder=folder, name=draw.__name__)
        ]


def heat_map(results: Results) -> Figure:
    """Spearman's ρ of each metric (best mean rank on top) on each space and task."""
    metrics = [one.metric for one in results.standings]
    columns = results.columns
    rhos = {(cell.metric, cell.search_space, cell.task): cell.rho for cell in results.cells}
    values = np.array([[rhos[metric, *column] for column in columns] for metric in metrics])
    width, height = style.figure_settings().page_width, _FRAME_HEIGHT + _ROW_HEIGHT * len(metrics)
    figure, (axes,) = style.new_panels(1, width=width, height=height)
    draw_heat_map(axes, values, np.ones_like(values, dtype=bool), font=_FONT)
    axes.set_yticks(range(len(metrics)), metrics)
    axes.set_xticks(range(len(columns)), [task for _, task in columns], rotation=45, ha="left")
    axes.xaxis.tick_top()
    spaces = [space for space, _ in columns]
    for space, title in results.titles.items():
        first, count = spaces.index(space), spaces.count(space)
        words = title.replace("-Bench-", "-\nBench-") if count == 1 else title
        axes.text(
            first + (count - 1) / 2, len(metrics) - 0.3, words, ha="center", va="top",
            fontsize=_FONT, color=style.FAINT,
        )  # fmt: skip
        if first:
            axes.axvline(first - 0.5, color=style.DARK, linewidth=0.8)
    colour_bar(figure, axes, aspect=40)
    return figure


def mean_ranks(results: Results) -> Figure:
    """Mean rank of each metric with its interval, and the critical difference of two ranks."""
    shown = results.standings[::-1]
    spaces = len(results.titles)
    figure, (axes,) = style.new_panels(1, height=_FRAME_HEIGHT + 0.16 * len(shown))
    for row, one in enumerate(shown):
        color = style.VERMILION if one.metric.startswith("epsilon") else style.BLUE
        face = "white" if one.metric in results.baselines else color
        axes.plot(one.interval, [row, row], color=color, linewidth=1)
        axes.plot(one.mean_rank, row, "o", color=color, markerfacecolor=face, markersize=4)
    axes.set_yticks(range(len(shown)), [one.metric for one in shown])
    axes.set_ylim(-0.6, len(shown) + 0.9)
    axes.set_xlabel("mean rank")
    if spaces > 1:
        axes.set_xlabel(f"mean rank over {spaces} search spaces")
        difference = critical_difference(num_metrics=len(shown), num_spaces=spaces)
        best = shown[-1].mean_rank
        axes.plot(
            [best, best + difference], [len(shown)] * 2, "|-", color=style.DARK, linewidth=1.2
        )
        axes.text(
            best, len(shown) + 0.2, f"critical difference {difference:.1f}", fontsize=6.5,
            va="bottom",
        )  # fmt: skip
    handles = [
        style.dot_handle("epsilon", color=style.VERMILION),
        style.dot_handle("other metric", color=style.BLUE),
        style.dot_handle("size of the network", color=style.BLUE, markerfacecolor="white"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure
