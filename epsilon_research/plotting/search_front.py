"""What a search found: an objective against each constrained cost, the front and the limits."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from epsilon_research.plotting.style import (
    BLUE,
    DARK,
    GREY,
    PANEL_HEIGHT,
    VERMILION,
    figure_style,
    new_panels,
)

_LEGEND = 0.35
"""Inches above the panels."""


def search_front(
    trials: pd.DataFrame,
    *,
    front: pd.DataFrame,
    objective: str,
    limits: Mapping[str, float],
) -> Figure:
    """Return a panel for each constrained cost, or the course of the search without any.

    Args:
        trials: Trials in order, with the columns `feasible`, `objective` and those of the costs.
        front: The best rows, with the same columns.
        objective: Name of a column.
        limits: {cost: the most that it may be}.
    """
    numbered = trials.assign(trial=range(1, len(trials) + 1))
    if not limits:
        chosen = numbered["architecture_id"].isin(list(front["architecture_id"])).to_numpy()
        front = numbered.loc[chosen].drop_duplicates(subset=["architecture_id"])
    names = list(limits) or ["trial"]
    rows = -(-len(names) // 2)
    feasible = numbered["feasible"].to_numpy(dtype=bool)
    with figure_style():
        figure, panels = new_panels(len(names), height=rows * PANEL_HEIGHT + _LEGEND)
        for panel, name in zip(panels, names, strict=False):
            for label, chosen, colour in (
                ("infeasible", numbered[~feasible], GREY),
                ("feasible", numbered[feasible], BLUE),
            ):
                panel.plot(chosen[name], chosen[objective], "o", color=colour, label=label)
            best = front.sort_values(name)
            panel.plot(best[name], best[objective], "D", color=VERMILION, label="front")
            if name in limits:
                panel.axvline(limits[name], color=DARK, linestyle="--", label="limit")
            panel.set(xlabel=name.replace("_", " "), ylabel=objective.replace("_", " "))
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure
