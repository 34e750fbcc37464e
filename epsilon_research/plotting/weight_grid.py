"""Pairs of weights as heat maps: Spearman's ρ of each pair, one map per protocol."""

from collections.abc import Mapping, Sequence
from math import isfinite, nan
from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from epsilon_research.plotting.scales import value_labels
from epsilon_research.plotting.study import by_other_settings
from epsilon_research.plotting.style import DARK, GREY, figure_settings, label_panels, new_panels
from epsilon_research.reporting.numbers import NOTHING, count, minus
from epsilon_research.reporting.study import Case, Study, metrics_of
from epsilon_research.reporting.typed_json import as_float

WEIGHTS = "weights"
"""Name of the setting, and of its value in a job's `run` part."""

Pair = tuple[float, float]
"""Two weights, the smaller one first: a score does not depend on their order."""

# Those that have a map, beside what was published.
_PROTOCOLS = ("paper", "connected")
# Red to blue, which all common kinds of colour vision distinguish; white is no correlation.
_COLOURS = "RdBu"
# All of what a correlation can be, so that a colour means the same in every figure.
_NORM = Normalize(-1, 1)
# Inches for tick labels and the colour bar, for headings and ticks of a line, and for the title.
_SIDE_WIDTH, _FRAME_HEIGHT, _TITLE_HEIGHT = 1.15, 0.84, 0.2
# Inches that a heading needs, and between maps.
_LEAST_MAP, _GAP = 1.3, 0.12
# Inches that the numbers in a cell need, and the most that a cell takes.
_LEAST_CELL, _MOST_CELL = 0.27, 0.42
_CELL_FONT = 6.5
_BAR_WIDTH = 0.12


Cells = Mapping[Pair, tuple[float, float]]


class WeightMap(NamedTuple):
    """One heat map: what it shows, and ρ with its number of rows by pair, NaN where unknown."""

    title: str
    cells: Cells

    @property
    def counts_differ(self) -> bool:
        """Return whether each cell needs its own number of rows."""
        return len({count(n) for _, n in self.cells.values()}) > 1

    @property
    def heading(self) -> str:
        """The title and, in a second line, the number of rows where it is known."""
        if self.counts_differ:
            return f"{self.title}\nbelow ρ: n"
        n = next(n for _, n in self.cells.values())
        return f"{self.title}\nn = {count(n)}" if isfinite(n) else self.title


def weight_grid(study: Study) -> Figure:
    """Heat maps side by side, the smaller weight to the right, the larger one downwards.

    A row of maps for each metric that has weights and each value of the other settings.

    Raises:
        ValueError: Fewer than two jobs have different pairs of weights.
    """
    rows = _read_maps(study)
    pairs = sorted({pair for maps in rows.values() for one in maps for pair in one.cells})
    if len(pairs) < 2:
        given = ", ".join(study.settings) or "none that differ"
        raise ValueError(
            "figure=weight_grid must have jobs with statistics that differ in their pair of "
            f"weights, got settings {given}: choose figure=settings"
        )
    smaller, larger = (sorted({pair[end] for pair in pairs}) for end in (0, 1))
    page_width = figure_settings().page_width
    room = (page_width - _SIDE_WIDTH) / len(smaller)
    # As many maps side by side as leave room for the numbers in their cells.
    columns = max(1, min(int(room / _LEAST_CELL), max(map(len, rows.values()))))
    lines = [
        (title, maps[start : start + columns])
        for title, maps in rows.items()
        for start in range(0, len(maps), columns)
    ]
    cell = min(room / columns, _MOST_CELL)
    slot = max(cell * len(smaller), _LEAST_MAP)
    height = len(lines) * (cell * len(larger) + _FRAME_HEIGHT) + _TITLE_HEIGHT
    figure, axes = new_panels(
        len(lines) * columns, columns=columns, height=height,
        width=min(page_width, _SIDE_WIDTH + columns * (slot + _GAP)),
    )  # fmt: skip
    panels = np.reshape(np.array(axes, dtype=object), (len(lines), columns))
    font = float(np.clip(_CELL_FONT * cell / _LEAST_CELL, 4.5, 7.5))
    for row, (title, maps) in zip(panels, lines, strict=True):
        for place in row[len(maps) :]:
            place.set_axis_off()
        for place, one in zip(row, maps, strict=False):
            _draw(place, one, smaller=smaller, larger=larger, font=font)
        row[0].set_yticks(range(len(larger)), value_labels(larger))
        row[0].set_ylabel(f"{title}\nlarger weight" if title else "larger weight")
    colour_bar(figure, panels, aspect=height / _BAR_WIDTH)
    label_panels([one for one in axes if one.axison])
    return figure


def _read_maps(study: Study) -> dict[str, list[WeightMap]]:
    """{words for a row: its maps}."""
    cases = [case for case in study.cases if _pair_of(case) is not None]
    metrics, rows = _metrics_with_weights(cases), {}
    for label, group in by_other_settings(cases, without=WEIGHTS).items():
        for metric in metrics:
            maps = [
                WeightMap(f"protocol {name}", _found(group, metric, name)) for name in _PROTOCOLS
            ]
            maps.append(WeightMap("published", _published(group, metric, study=study)))
            words = ", ".join(filter(None, (label, metric if len(metrics) > 1 else "")))
            rows[words] = [one for one in maps if one.cells]
    return {words: maps for words, maps in rows.items() if maps}


def _pair_of(case: Case) -> Pair | None:
    """The two weights of a case, or None if it has none or not two."""
    weights = sorted(map(as_float, case.jobs[0].run.fact(WEIGHTS) or ()))
    if len(weights) != 2 or not all(isfinite(weight) for weight in weights):
        return None
    return weights[0], weights[1]


def _metrics_with_weights(cases: Sequence[Case]) -> list[str]:
    """Metrics that depend on the weights; all of them where the record does not say."""
    settings: dict[str, Any] = {}
    for case in cases:
        settings |= case.jobs[0].run.fact("metric_settings") or {}
    metrics = metrics_of(cases)
    weighted = [metric for metric in metrics if WEIGHTS in (settings.get(metric) or {})]
    return weighted or metrics


def _found(cases: Sequence[Case], metric: str, protocol: str) -> Cells:
    cells: dict[Pair, tuple[float, float]] = {}
    for case in cases:
        pair = _pair_of(case)
        if pair is not None and protocol in case.protocols(metric):
            rho, n = (case.spread(metric, protocol, name).value for name in ("spearman_rho", "n"))
            cells.setdefault(pair, (rho, n))
    return cells


def _published(cases: Sequence[Case], metric: str, *, study: Study) -> Cells:
    rhos, counts = (study.published_values(name) for name in ("spearman_rho", "n"))
    cells: dict[Pair, tuple[float, float]] = {}
    for case in cases:
        pair = _pair_of(case)
        for key in ((job.number, metric) for job in case.jobs):
            if pair is not None and key in rhos:
                cells.setdefault(pair, (rhos[key][0], counts.get(key, (nan, ""))[0]))
    return cells


def _draw(
    axes: Axes, one: WeightMap, *, smaller: Sequence[float], larger: Sequence[float], font: float
) -> None:
    values = np.full((len(larger), len(smaller)), np.nan)
    known = np.zeros_like(values, dtype=bool)
    for (low, high), (rho, n) in one.cells.items():
        row, column = larger.index(high), smaller.index(low)
        values[row, column], known[row, column] = rho, True
        if one.counts_differ:
            _write(axes, row + 0.24, column, count(n), rho=rho, font=0.75 * font)
    draw_heat_map(axes, values, known, font=font, raised=0.16 * one.counts_differ)
    axes.set_aspect("equal")
    axes.set_xticks(range(len(smaller)), value_labels(smaller))
    axes.set_yticks(range(len(larger)), [""] * len(larger))
    axes.set_xlabel("smaller weight")
    axes.set_title(one.heading, loc="left")


def draw_heat_map(
    axes: Axes, values: np.ndarray, shown: np.ndarray, *, font: float, raised: float = 0.0
) -> None:
    """Draw correlations [rows, columns] as coloured squares with numbers, the first row on top.

    What is not `shown` stays empty, NaN is hatched. The numbers are `raised` above the middle by so
    many squares.
    """
    for row, column in np.argwhere(shown).tolist():
        rho = float(values[row, column])
        # No sign on what rounds to zero.
        words = minus(f"{round(rho, 2) + 0.0:.2f}") if isfinite(rho) else NOTHING
        _write(axes, row - raised, column, words, rho=rho, font=font)
        if not isfinite(rho):
            style: dict[str, Any] = {"facecolor": "#EEEEEE", "edgecolor": GREY, "linewidth": 0}
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, hatch="////", **style))
    # Squares are centred on integers.
    rows, columns = values.shape
    edges = (np.arange(size + 1) - 0.5 for size in (columns, rows))
    axes.pcolormesh(
        *edges, np.ma.masked_invalid(values), norm=_NORM, cmap=_COLOURS, edgecolors="white",
        linewidth=0.8,
    )  # fmt: skip
    axes.grid(visible=False)
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)


def colour_bar(figure: Figure, panels: Any, *, aspect: float) -> None:
    """Draw the bar of a heat map's colours beside `panels`, `aspect` times as high as wide."""
    figure.colorbar(
        ScalarMappable(norm=_NORM, cmap=_COLOURS), ax=panels, label="Spearman's ρ",
        aspect=aspect, pad=0.015, ticks=[-1, -0.5, 0, 0.5, 1],
    )  # fmt: skip


def _write(axes: Axes, y: float, x: float, words: str, *, rho: float, font: float) -> None:
    """Words in white or dark, whichever has more contrast with the colour of the correlation."""
    colour = DARK
    if isfinite(rho):
        red, green, blue, _ = colormaps[_COLOURS](_NORM(rho))
        # Relative luminance with gamma 2.2; at 0.25 both have the same contrast.
        luminance = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
        colour = "white" if luminance < 0.25 else DARK
    axes.text(x, y, words, fontsize=font, ha="center", va="center", color=colour)
