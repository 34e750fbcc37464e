"""What searches found against the number of trained models: medians and interquartile ranges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epsilon_research.plotting.lines import Line, draw_lines
from epsilon_research.plotting.notes import are_fractions, count_label, variant_label, variant_start
from epsilon_research.plotting.scales import fix_ticks, limits_of, log_ticks, round_ticks
from epsilon_research.plotting.settings import FigureSettings
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
    letter_panels,
    new_panels,
)

# A search without scores is dark; then in an order in which neighbours differ most.
_COLOURS = (DARK, BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BROWN)
_LINES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1, 1, 1)))
_COLUMNS = 2
_FRAME_HEIGHT, _LEGEND_LINE = 0.45, 0.15
_MARGIN = 0.05
# The first model that the limits must show, as a part of the budget.
_FIRST_SHOWN = 50

Entries = Mapping[str, Mapping[str, Any]]
"""{variant: entry}: the `search` part of a summary, also as read back from a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPanel:
    """The searches of one run.

    Attributes:
        entries: The run's variants, at least one.
        label: What the curves show, without a unit, e.g. `CIFAR-10 test accuracy`.
        title: Over the panel; may be empty.
    """

    entries: Entries
    label: str
    title: str = ""

    @property
    def is_percent(self) -> bool:
        """Whether the curves are accuracies, shown as percentages."""
        return are_fractions(self.entries)

    @property
    def axis_label(self) -> str:
        """Label of the vertical axis: the best so far of what is reported, and how it is chosen."""
        entry = next(iter(self.entries.values()))
        unit = " (%)" if self.is_percent else ""
        validated = entry["selected_on"] == "validation" and entry["reported"] == "test_accuracy"
        if validated and entry["protocol"] != "published":
            return f"{self.label} of the\nbest by validation so far{unit}"
        return f"best {self.label} so far{unit}"

    def lines(self, looks: Mapping[str, tuple[str, Any]]) -> list[Line]:
        """Return the curves of all variants, in looks by variant label."""
        return [
            Line(
                **{
                    name: _values(entry[f"{key}_curve"], percent=self.is_percent)
                    for name, key in (("middle", "median"), ("low", "low"), ("high", "high"))
                },
                x=np.arange(1.0, len(entry["median_curve"]) + 1),
                colour=looks[variant_label(entry)][0],
                style={"linestyle": looks[variant_label(entry)][1], "linewidth": 1.3},
                label=variant_label(entry),
            )
            for entry in self.entries.values()
        ]


def search_curves(
    panels: Sequence[SearchPanel], *, title: str = "", settings: FigureSettings | None = None
) -> Figure | None:
    """Medians as lines, interquartile ranges as bands, trained models on a logarithmic axis.

    Percentages share one scale in all panels, and a variant looks the same in each.

    Args:
        panels: One for each run; those without any value are left out.
        title: One line over the figure; may be empty.
        settings: Widths of the figure.

    Returns:
        The figure, or None if no variant of any panel has a value.
    """
    looks = _looks([entry for panel in panels for entry in panel.entries.values()])
    drawn = [(panel, panel.lines(looks)) for panel in panels]
    drawn = [(panel, lines) for panel, lines in drawn if any(line.has_values for line in lines)]
    if not drawn:
        return None
    shown = dict.fromkeys(line.label for _, lines in drawn for line in lines)
    rows = -(-len(drawn) // _COLUMNS)
    figure, axes = new_panels(
        len(drawn), settings=settings, columns=_COLUMNS, title=title,
        height=_FRAME_HEIGHT + rows * PANEL_HEIGHT + _LEGEND_LINE * (len(shown) + 1),
    )  # fmt: skip
    for one, (panel, lines) in zip(axes, drawn, strict=True):
        draw_lines(one, lines, step=True)
        _set_axes(one, lines)
        one.set_title(panel.title, loc="left")
        one.set_ylabel(panel.axis_label)
    _share_scale([one for one, (panel, _) in zip(axes, drawn, strict=True) if panel.is_percent])
    handles = [
        Line2D([], [], color=looks[label][0], linestyle=looks[label][1], linewidth=1.3, label=label)
        for label in shown
    ]
    repeats = sorted({entry["repeats"] for panel, _ in drawn for entry in panel.entries.values()})
    number = "–".join(str(count) for count in dict.fromkeys((repeats[0], repeats[-1])))
    figure.legend(
        handles=handles, loc="outside lower center", handlelength=2.6,
        title=f"median and interquartile range of {number} repeats",
    )  # fmt: skip
    letter_panels(axes)
    return figure


def _looks(entries: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, Any]]:
    """{variant label: (colour, line style)}: a line style per algorithm, a colour per start."""
    algorithms = list(dict.fromkeys(entry["algorithm"] for entry in entries))
    starts = [(), *dict.fromkeys(variant_start(entry) for entry in entries if variant_start(entry))]
    return {
        variant_label(entry): (
            _COLOURS[starts.index(variant_start(entry)) % len(_COLOURS)],
            _LINES[algorithms.index(entry["algorithm"]) % len(_LINES)],
        )
        for entry in entries
    }


def _values(curve: Sequence[float | None], *, percent: bool) -> Float[np.ndarray, " trained"]:
    # JSON holds null for what is undefined.
    values = np.array([np.nan if value is None else value for value in curve], np.float64)
    return 100 * values if percent else values


def _set_axes(axes: Axes, lines: Sequence[Line]) -> None:
    budget = max(line.x.size for line in lines)
    axes.set_xscale("log")
    axes.set_xlim(1, max(budget, 2))
    # The budget itself is what a reader looks for; a tick that would touch it gives way.
    ticks = [tick for tick in log_ticks(1, budget)[0] if 1 <= tick < budget / 1.3]
    ticks = [*ticks, float(budget)]
    fix_ticks(axes.xaxis, ticks, [count_label(tick) for tick in ticks])
    axes.yaxis.set_major_locator(round_ticks(7))
    axes.set_xlabel("trained models, log scale")
    axes.set_ylim(*_limits(lines, first=max(1, budget // _FIRST_SHOWN)))


def _limits(lines: Sequence[Line], *, first: int) -> tuple[float, float]:
    """Limits that hold all medians from the `first` model on, and most of the bands.

    What a search has after its very first models would flatten all the rest, and so would a band
    around it.
    """
    settled = 5 * first
    parts = [(line.middle[first - 1 :], line.low[settled:], line.high[settled:]) for line in lines]
    shown = np.concatenate([part for three in parts for part in three])
    if not np.isfinite(shown).any():
        shown = np.concatenate([line.middle for line in lines])
    return limits_of(shown, margin=_MARGIN)


def _share_scale(axes: Sequence[Axes]) -> None:
    """One scale for all accuracies, wide enough for each panel's own choice."""
    limits = [one.get_ylim() for one in axes]
    for one in axes:
        one.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
