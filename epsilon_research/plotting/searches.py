"""What searches found: their course over trained models, and their fronts against a cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from epsilon_research.analysis.pareto import attainment
from epsilon_research.plotting import style
from epsilon_research.plotting.scales import (
    count_label,
    fix_ticks,
    limits_of,
    log_ticks,
    round_ticks,
)
from epsilon_research.plotting.study import with_draws
from epsilon_research.reporting.numbers import count_range
from epsilon_research.reporting.run import SearchVariant
from epsilon_research.reporting.study import Study, short_name

_LINES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1, 1, 1)))
_COLUMNS = 2
# Inches above and between panels, and of a line of the legend.
_FRAME_HEIGHT, _LEGEND_LINE = 0.45, 0.15
# The first model that the limits must show, as a part of the budget.
_FIRST_SHOWN = 50
# The largest cost that is shown, as a multiple of the dearest architecture's of the true front.
_MOST_COST = 1.3
# Number of costs at which fronts of several searches are compared.
_GRID = 300

Curve = Float[np.ndarray, "3 _"]
"""Median and quartiles of a variant after each trained model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPanel:
    """The variants of one run, at least one, and what their curves show, without a unit."""

    variants: Sequence[SearchVariant]
    label: str
    title: str = ""

    @property
    def is_percent(self) -> bool:
        """Return whether the curves are accuracies, shown as percentages."""
        return all(variant.are_fractions for variant in self.variants)

    @property
    def axis_label(self) -> str:
        """Label of the vertical axis: the best so far of what is reported, and how it is chosen."""
        first, unit = self.variants[0], " (%)" if self.is_percent else ""
        selected, reported = first.selected_on, first.reported
        if reported not in (selected, f"{selected}_accuracy") and first.protocol != "published":
            return f"{self.label} of the\nbest by {selected} so far{unit}"
        return f"best {self.label} so far{unit}"

    @property
    def curves(self) -> list[Curve]:
        """The curve of each variant."""
        factor = 100.0 if self.is_percent else 1.0
        return [
            factor * np.array([one.median_curve, one.low_curve, one.high_curve], np.float64)
            for one in self.variants
        ]


def search_curves(panels: Sequence[SearchPanel]) -> Figure | None:
    """Medians as lines, interquartile ranges as bands, trained models on a logarithmic axis.

    Percentages share one scale in all panels, and a variant looks the same in each. Panels without
    any value are left out; without others there is no figure.
    """
    looks = _looks_of([variant for panel in panels for variant in panel.variants])
    drawn = [
        panel for panel in panels if any(np.isfinite(curve[0]).any() for curve in panel.curves)
    ]
    if not drawn:
        return None
    variants = [variant for panel in drawn for variant in panel.variants]
    labels = {variant.label for variant in variants}
    figure, axes = _search_panels(len(drawn), num_entries=len(labels))
    for one, panel in zip(axes, drawn, strict=True):
        for variant, curve in zip(panel.variants, panel.curves, strict=True):
            models = np.arange(1.0, curve.shape[1] + 1)
            style.draw_line(
                one, models, curve, step=True, label=variant.label, **looks[variant.label]
            )
        _set_axes(one, panel.curves)
        one.set_title(panel.title, loc="left")
        one.set_ylabel(panel.axis_label)
    # One scale for all accuracies, wide enough for each panel's own choice.
    percents = [one for one, panel in zip(axes, drawn, strict=True) if panel.is_percent]
    limits = [one.get_ylim() for one in percents]
    for one in percents:
        one.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
    repeats = count_range(variant.repeats for variant in variants)
    _write_legend(figure, f"median and interquartile range of {repeats} repeats")
    style.label_panels(axes)
    return figure


def study_searches(study: Study) -> Figure:
    """The searches of each case of a study; of several draws those of the first that has searched.

    Raises:
        ValueError: No search found anything.
    """
    panels = []
    for case in study.cases:
        variants = next((list(job.run.search.values()) for job in case.jobs if job.run.search), [])
        if variants:
            names = " ".join(short_name(name).replace("_", " ") for name in case.settings)
            words = f"{names} {case.label()}" if len(case.settings) == 1 else case.label()
            label, title = variants[0].reported.replace("_", " "), with_draws(words, case)
            panels.append(SearchPanel(variants=variants, label=label, title=title))
    drawn = search_curves(panels)
    if drawn is None:
        raise ValueError(
            "figure=search must have at least one job with a search that found something, got "
            "none: choose a search, or figure=none"
        )
    return drawn


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
    figure, panels = _search_panels(len(budgets), num_entries=len(variants) + 1)
    looks = _looks_of(list(variants.values()))
    are_fractions = all(one.are_fractions for one in variants.values())
    higher_is_better = all(one.higher_is_better for one in variants.values())
    factor = 100.0 if are_fractions else 1.0
    points, found = (one.assign(reported=factor * one["reported"]) for one in (points, found))
    front = points.loc[points["on_front"].to_numpy(dtype=bool)].sort_values("cost")
    sign = 1.0 if higher_is_better else -1.0
    shown = sign * points["reported"].to_numpy(np.float64) >= sign * factor * worst
    shown &= points["cost"].to_numpy(np.float64) <= _MOST_COST * front["cost"].max()
    cloud = points.loc[shown]
    limits = limits_of(cloud["cost"].to_numpy(np.float64))
    grid = np.linspace(*limits, _GRID)
    for panel, budget in zip(panels, budgets, strict=True):
        panel.plot(
            cloud["cost"], cloud["reported"], ".", color=style.GREY, markersize=1.2,
            rasterized=True, label="all architectures", zorder=0,
        )  # fmt: skip
        panel.step(
            front["cost"], front["reported"], where="post", color=style.FAINT, linewidth=0.8,
            marker="D", markersize=2.2, label="true front", zorder=1,
        )  # fmt: skip
        for name, variant in variants.items():
            chosen = found.loc[found["budget"].eq(budget) & found["variant"].eq(name)]
            surface = attainment(chosen, grid, higher_is_better=higher_is_better)
            style.draw_line(
                panel, grid, surface, step=True, label=variant.label, **looks[variant.label]
            )
        panel.set(xlim=limits, ylim=limits_of(cloud["reported"].to_numpy(np.float64)))
        panel.xaxis.set_major_locator(round_ticks(5))
        panel.yaxis.set_major_locator(round_ticks(6))
        panel.set_title(f"{budget:,} trained models", loc="left")
        panel.set(xlabel=cost_label, ylabel=f"{label} (%)" if are_fractions else label)
    repeats = found["repeat"].nunique()
    _write_legend(figure, f"lines: median and interquartile range of {repeats} repeats")
    style.label_panels(panels)
    return figure


def search_front(
    trials: pd.DataFrame, *, front: pd.DataFrame, objective: str, limits: Mapping[str, float]
) -> Figure:
    """Return a panel for each constrained cost, or the course of the search without any.

    Args:
        trials: Trials in order, with the columns `feasible`, `objective` and those of the costs.
        front: The best rows, with the same columns.
        objective: Name of a column.
        limits: {cost: the most that it may be}.
    """
    trials = trials.assign(trial=range(1, len(trials) + 1))
    if not limits:
        best = trials["architecture_id"].isin(list(front["architecture_id"])).to_numpy()
        front = trials.loc[best].drop_duplicates(subset=["architecture_id"])
    names = list(limits) or ["trial"]
    feasible = trials["feasible"].to_numpy(dtype=bool)
    with style.figure_style():
        rows = -(-len(names) // _COLUMNS)
        figure, panels = style.new_panels(len(names), height=rows * style.PANEL_HEIGHT + 0.35)
        for panel, name in zip(panels, names, strict=True):
            for label, shown, marker, colour in (
                ("infeasible", trials[~feasible], "o", style.GREY),
                ("feasible", trials[feasible], "o", style.BLUE),
                ("front", front.sort_values(name), "D", style.VERMILION),
            ):
                panel.plot(shown[name], shown[objective], marker, color=colour, label=label)
            if name in limits:
                panel.axvline(limits[name], color=style.DARK, linestyle="--", label="limit")
            panel.set(xlabel=name.replace("_", " "), ylabel=objective.replace("_", " "))
        handles = style.legend_entries(figure)
        figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


def _search_panels(num_panels: int, *, num_entries: int) -> tuple[Figure, list[Axes]]:
    """Panels side by side, with room below them for a legend of so many entries."""
    rows = -(-num_panels // _COLUMNS)
    height = _FRAME_HEIGHT + rows * style.PANEL_HEIGHT + _LEGEND_LINE * (num_entries + 1)
    return style.new_panels(num_panels, columns=_COLUMNS, height=height)


def _write_legend(figure: Figure, title: str) -> None:
    """One legend of all panels below them, an entry in a line."""
    handles, place = style.legend_entries(figure), "outside lower center"
    figure.legend(handles=handles, loc=place, handlelength=2.6, title=title)


def _looks_of(variants: Sequence[SearchVariant]) -> dict[str, dict[str, Any]]:
    """{label: how it is drawn}: a line style per algorithm, a colour per start."""
    algorithms = list(dict.fromkeys(one.algorithm for one in variants))
    # A search without scores has the first colour.
    starts = list(dict.fromkeys([(), *(one.start for one in variants)]))
    return {
        one.label: {
            "color": style.PALETTE[starts.index(one.start) % len(style.PALETTE)],
            "linestyle": _LINES[algorithms.index(one.algorithm) % len(_LINES)],
            "linewidth": 1.3,
        }
        for one in variants
    }


def _set_axes(axes: Axes, curves: Sequence[Curve]) -> None:
    """Limits that hold all medians but those of the first models, and most of the bands.

    What a search has after its very first models would flatten all the rest, and so would a band
    around it.
    """
    budget = max(curve.shape[1] for curve in curves)
    axes.set_xscale("log")
    axes.set_xlim(1, max(budget, 2))
    # The budget itself is what a reader looks for; a tick that would touch it gives way.
    ticks = [tick for tick in log_ticks(1, budget)[0] if 1 <= tick < budget / 1.3]
    ticks = [*ticks, float(budget)]
    fix_ticks(axes.xaxis, ticks, [count_label(tick) for tick in ticks])
    axes.yaxis.set_major_locator(round_ticks(7))
    axes.set_xlabel("trained models, log scale")
    first = max(1, budget // _FIRST_SHOWN)
    medians = [curve[0, first - 1 :] for curve in curves]
    shown = np.concatenate([*medians, *(curve[1:, 5 * first :].ravel() for curve in curves)])
    if not np.isfinite(shown).any():
        shown = np.concatenate([curve[0] for curve in curves])
    axes.set_ylim(limits_of(shown, margin=0.05))
