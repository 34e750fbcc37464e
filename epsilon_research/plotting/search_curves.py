"""What searches found against the number of trained models: medians and interquartile ranges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from epsilon_research.plotting.lines import draw_line
from epsilon_research.plotting.notes import count_label
from epsilon_research.plotting.scales import fix_ticks, limits_of, log_ticks, round_ticks
from epsilon_research.plotting.study import with_draws
from epsilon_research.plotting.style import (
    BLUE,
    BROWN,
    DARK,
    GREEN,
    ORANGE,
    PANEL_HEIGHT,
    PURPLE,
    SKY,
    VERMILION,
    label_panels,
    legend_entries,
    new_panels,
)
from epsilon_research.reporting.numbers import count_range
from epsilon_research.reporting.run import SearchVariant
from epsilon_research.reporting.study import Study, short_name

# A search without scores is dark; then in an order in which neighbours differ most.
_COLOURS = (DARK, BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BROWN)
_LINES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1, 1, 1)))
_COLUMNS = 2
_FRAME_HEIGHT, _LEGEND_LINE = 0.45, 0.15
_MARGIN = 0.05
# The first model that the limits must show, as a part of the budget.
_FIRST_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPanel:
    """The searches of one run.

    Attributes:
        variants: The run's variants, at least one.
        label: What the curves show, without a unit, e.g. `CIFAR-10 test accuracy`.
        title: Over the panel; may be empty.
    """

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

    def curves(self) -> list[Float[np.ndarray, "3 models"]]:
        """Return median and quartiles of each variant after each trained model."""
        factor = 100.0 if self.is_percent else 1.0
        return [
            factor * np.array([one.median_curve, one.low_curve, one.high_curve], np.float64)
            for one in self.variants
        ]


def search_curves(panels: Sequence[SearchPanel]) -> Figure | None:
    """Medians as lines, interquartile ranges as bands, trained models on a logarithmic axis.

    Percentages share one scale in all panels, and a variant looks the same in each.

    Args:
        panels: One for each run; those without any value are left out.

    Returns:
        The figure, or None if no variant of any panel has a value.
    """
    looks = looks_of([variant for panel in panels for variant in panel.variants])
    drawn = [
        panel for panel in panels if any(np.isfinite(curve[0]).any() for curve in panel.curves())
    ]
    if not drawn:
        return None
    variants = [variant for panel in drawn for variant in panel.variants]
    num_entries = len({variant.label for variant in variants})
    figure, axes = search_panels(len(drawn), num_entries=num_entries)
    for one, panel in zip(axes, drawn, strict=True):
        curves = panel.curves()
        for variant, curve in zip(panel.variants, curves, strict=True):
            models = np.arange(1.0, curve.shape[1] + 1)
            draw_line(one, models, curve, step=True, label=variant.label, **looks[variant.label])
        _set_axes(one, curves)
        one.set_title(panel.title, loc="left")
        one.set_ylabel(panel.axis_label)
    _share_scale([one for one, panel in zip(axes, drawn, strict=True) if panel.is_percent])
    repeats = count_range(variant.repeats for variant in variants)
    write_search_legend(figure, f"median and interquartile range of {repeats} repeats")
    label_panels(axes)
    return figure


def search_panels(num_panels: int, *, num_entries: int) -> tuple[Figure, list[Axes]]:
    """Return panels side by side, with room below them for a legend of so many entries."""
    rows = -(-num_panels // _COLUMNS)
    height = _FRAME_HEIGHT + rows * PANEL_HEIGHT + _LEGEND_LINE * (num_entries + 1)
    return new_panels(num_panels, columns=_COLUMNS, height=height)


def write_search_legend(figure: Figure, title: str) -> None:
    """Write one legend of all panels below them, an entry in a line."""
    handles, place = legend_entries(figure), "outside lower center"
    figure.legend(handles=handles, loc=place, handlelength=2.6, title=title)


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
            label = variants[0].reported.replace("_", " ")
            panels.append(
                SearchPanel(variants=variants, label=label, title=with_draws(words, case))
            )
    drawn = search_curves(panels)
    if drawn is None:
        raise ValueError(
            "figure=search must have at least one job with a search that found something, got "
            "none: choose a search, or figure=none"
        )
    return drawn


def looks_of(variants: Sequence[SearchVariant]) -> dict[str, dict[str, Any]]:
    """Return {label: how it is drawn}: a line style per algorithm, a colour per start."""
    algorithms = list(dict.fromkeys(one.algorithm for one in variants))
    starts = list(dict.fromkeys([(), *(one.start for one in variants)]))
    return {
        one.label: {
            "colour": _COLOURS[starts.index(one.start) % len(_COLOURS)],
            "linestyle": _LINES[algorithms.index(one.algorithm) % len(_LINES)],
            "linewidth": 1.3,
        }
        for one in variants
    }


def _set_axes(axes: Axes, curves: Sequence[Float[np.ndarray, "3 _"]]) -> None:
    budget = max(curve.shape[1] for curve in curves)
    axes.set_xscale("log")
    axes.set_xlim(1, max(budget, 2))
    # The budget itself is what a reader looks for; a tick that would touch it gives way.
    ticks = [tick for tick in log_ticks(1, budget)[0] if 1 <= tick < budget / 1.3]
    ticks = [*ticks, float(budget)]
    fix_ticks(axes.xaxis, ticks, [count_label(tick) for tick in ticks])
    axes.yaxis.set_major_locator(round_ticks(7))
    axes.set_xlabel("trained models, log scale")
    axes.set_ylim(*_limits(curves, first=max(1, budget // _FIRST_SHOWN)))


def _limits(curves: Sequence[Float[np.ndarray, "3 _"]], *, first: int) -> tuple[float, float]:
    """Limits that hold all medians from the `first` model on, and most of the bands.

    What a search has after its very first models would flatten all the rest, and so would a band
    around it.
    """
    medians = [curve[0, first - 1 :] for curve in curves]
    bands = [curve[1:, 5 * first :].ravel() for curve in curves]
    shown = np.concatenate([*medians, *bands])
    if not np.isfinite(shown).any():
        shown = np.concatenate([curve[0] for curve in curves])
    return limits_of(shown, margin=_MARGIN)


def _share_scale(axes: Sequence[Axes]) -> None:
    """One scale for all accuracies, wide enough for each panel's own choice."""
    limits = [one.get_ylim() for one in axes]
    for one in axes:
        one.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
