"""Fronts that searches found of accuracy against a cost, beside the true one."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from epsilon_research.analysis.pareto import attainment
from epsilon_research.plotting.lines import draw_line
from epsilon_research.plotting.scales import limits_of, round_ticks
from epsilon_research.plotting.search_curves import (
    looks_of,
    search_panels,
    write_search_legend,
)
from epsilon_research.plotting.style import FAINT, GREY, label_panels
from epsilon_research.reporting.run import SearchVariant

_MOST_COST = 1.3
"""The largest cost that is shown, as a multiple of the dearest architecture's of the true front."""
_GRID = 300
"""Costs at which fronts of several searches are compared."""


def pareto_fronts(
    points: pd.DataFrame,
    found: pd.DataFrame,
    *,
    variants: Mapping[str, SearchVariant],
    cost_label: str,
    label: str,
    worst: float,
) -> Figure:
    """Return a panel for each budget: all architectures, their front, and what searches found.

    Of a variant the median and the interquartile range over its repeats is drawn of the best value
    at no more than a cost, which is its empirical attainment surface.

    Args:
        points: All architectures: columns `cost`, `reported`, `on_front`.
        found: Columns `variant`, `repeat`, `budget`, `cost`, `reported`.
        variants: The searches by name; they look as in `search_curves`.
        cost_label: Label of the horizontal axis, with the unit of the cost.
        label: Label of the vertical axis, without a unit; accuracies are shown as percentages.
        worst: The least good reported value that is shown.
    """
    budgets = list(dict.fromkeys(found["budget"]))
    figure, panels = search_panels(len(budgets), num_entries=len(variants) + 1)
    looks = looks_of(list(variants.values()))
    are_fractions = all(one.are_fractions for one in variants.values())
    higher_is_better = all(one.higher_is_better for one in variants.values())
    factor = 100.0 if are_fractions else 1.0
    points, found = (one.assign(reported=factor * one["reported"]) for one in (points, found))
    front = points.loc[points["on_front"].to_numpy(dtype=bool)].sort_values("cost")
    sign = 1.0 if higher_is_better else -1.0
    shown = sign * points["reported"].to_numpy(np.float64) >= sign * factor * worst
    shown &= points["cost"].to_numpy(np.float64) <= _MOST_COST * front["cost"].max()
    cloud = points.loc[shown]
    left, right = limits_of(cloud["cost"].to_numpy(np.float64))
    grid = np.linspace(left, right, _GRID)
    for panel, budget in zip(panels, budgets, strict=True):
        panel.plot(
            cloud["cost"], cloud["reported"], ".", color=GREY, markersize=1.2, rasterized=True,
            label="all architectures", zorder=0,
        )  # fmt: skip
        panel.step(
            front["cost"], front["reported"], where="post", color=FAINT, linewidth=0.8,
            marker="D", markersize=2.2, label="true front", zorder=1,
        )  # fmt: skip
        for name, variant in variants.items():
            chosen = found.loc[found["budget"].eq(budget) & found["variant"].eq(name)]
            surface = attainment(chosen, grid, higher_is_better=higher_is_better)
            draw_line(panel, grid, surface, step=True, label=variant.label, **looks[variant.label])
        panel.set_xlim(left, right)
        panel.set_ylim(*limits_of(cloud["reported"].to_numpy(np.float64)))
        panel.xaxis.set_major_locator(round_ticks(5))
        panel.yaxis.set_major_locator(round_ticks(6))
        panel.set_title(f"{budget:,} trained models", loc="left")
        panel.set(xlabel=cost_label, ylabel=f"{label} (%)" if are_fractions else label)
    repeats = found["repeat"].nunique()
    write_search_legend(figure, f"lines: median and interquartile range of {repeats} repeats")
    label_panels(panels)
    return figure
