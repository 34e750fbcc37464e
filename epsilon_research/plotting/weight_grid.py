"""Pairs of weights as heat maps: Spearman's ρ of each pair, one map per protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from epsilon_research.plotting.notes import value_labels
from epsilon_research.plotting.settings import FigureSettings
from epsilon_research.plotting.study_record import Case, published_values, read_cases
from epsilon_research.plotting.study_weights import (
    WEIGHTS,
    Pair,
    by_other_settings,
    metrics_with_weights,
    pair_of,
)
from epsilon_research.plotting.style import DARK, GREY, letter_panels

PROTOCOLS = ("paper", "connected")
"""Those that have a map, beside what was published."""

_COLOURS = "RdBu"
"""Red to blue, which all common kinds of colour vision tell apart; white is no correlation."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Spearman's ρ of one pair, NaN if undefined, and its number of rows, NaN if unknown."""

    rho: float
    n: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightMap:
    """One heat map: what it shows, and its cells by pair."""

    title: str
    cells: Mapping[Pair, Cell]

    @property
    def counts_differ(self) -> bool:
        """Whether each cell needs its own number of rows."""
        return len({cell.n if isfinite(cell.n) else None for cell in self.cells.values()}) > 1

    @property
    def heading(self) -> str:
        """The title and, in a second line, the number of rows where it is known."""
        if self.counts_differ:
            return f"{self.title}\nbelow ρ: n"
        n = next(iter(self.cells.values())).n
        return f"{self.title}\nn = {n:,.0f}" if isfinite(n) else self.title


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The weights along both axes of every map, increasing, and the size of a cell in inches."""

    smaller: Sequence[float]
    larger: Sequence[float]
    cell: float


def weight_grid(study: Mapping[str, Any], *, settings: FigureSettings | None = None) -> Figure:
    """Heat maps side by side, the smaller weight to the right, the larger one downwards.

    A row of maps for each metric that has weights and each value of the other settings.

    Args:
        study: The record of the study.
        settings: Width of the page.

    Raises:
        ValueError: Fewer than two jobs have different pairs of weights.
    """
    rows = _read_maps(study)
    pairs = sorted({pair for maps in rows.values() for one in maps for pair in one.cells})
    if len(pairs) < 2:
        given = ", ".join(study["settings"]) or "none that differ"
        raise ValueError(
            "figure=weight_grid must have jobs with statistics that differ in their pair of "
            f"weights, got settings {given}: choose figure=settings"
        )
    smaller, larger = (sorted({pair[end] for pair in pairs}) for end in (0, 1))
    page_width = (settings or FigureSettings()).page_width
    room = page_width - _SIDE_WIDTH
    columns = _num_columns(max(map(len, rows.values())), size=len(smaller), room=room)
    lines = [
        (title, maps[start : start + columns])
        for title, maps in rows.items()
        for start in range(0, len(maps), columns)
    ]
    cell = min(room / columns / len(smaller), _MOST_CELL)
    slot = max(cell * len(smaller), _LEAST_MAP)
    width = min(page_width, _SIDE_WIDTH + columns * (slot + _GAP))
    height = len(lines) * (cell * len(larger) + _FRAME_HEIGHT) + _TITLE_HEIGHT
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = figure.subplots(len(lines), columns, squeeze=False)
    grid, drawn = Grid(smaller=smaller, larger=larger, cell=cell), []
    for row, (title, maps) in zip(panels, lines, strict=True):
        for axes in row[len(maps) :]:
            axes.set_axis_off()
        for axes, one in zip(row, maps, strict=False):
            _draw(axes, one, grid=grid)
            _set_axes(axes, one, grid=grid, is_first=axes is row[0])
            drawn.append(axes)
        row[0].set_ylabel(f"{title}\nlarger weight" if title else "larger weight")
    figure.colorbar(
        ScalarMappable(norm=_NORM, cmap=_COLOURS), ax=panels, label="Spearman's ρ",
        aspect=height / _BAR_WIDTH, pad=0.015, ticks=[-1, -0.5, 0, 0.5, 1],
    )  # fmt: skip
    figure.suptitle(study["title"])
    letter_panels(drawn)
    return figure


def _read_maps(study: Mapping[str, Any]) -> dict[str, list[WeightMap]]:
    """{words for a row: its maps}."""
    cases = [case for case in read_cases(study) if pair_of(case) is not None]
    metrics, rows = metrics_with_weights(cases), {}
    for label, group in by_other_settings(cases, without=WEIGHTS).items():
        for metric in metrics:
            parts = [label, metric if len(metrics) > 1 else ""]
            maps = [_protocol_map(group, metric, protocol) for protocol in PROTOCOLS]
            maps.append(_published_map(group, metric, study=study))
            kept = [one for one in maps if one.cells]
            if kept:
                rows[", ".join(part for part in parts if part)] = kept
    return rows


def _protocol_map(cases: Sequence[Case], metric: str, protocol: str) -> WeightMap:
    cells: dict[Pair, Cell] = {}
    for case in cases:
        pair = pair_of(case)
        if pair is not None and protocol in case.protocols(metric):
            rho, n = (case.spread(metric, protocol, name).value for name in ("spearman_rho", "n"))
            cells.setdefault(pair, Cell(rho=rho, n=n))
    return WeightMap(title=f"protocol {protocol}", cells=cells)


def _published_map(cases: Sequence[Case], metric: str, *, study: Mapping[str, Any]) -> WeightMap:
    rhos, counts = (published_values(study, name) for name in ("spearman_rho", "n"))
    cells: dict[Pair, Cell] = {}
    for case in cases:
        pair = pair_of(case)
        for key in ((job["job"], metric) for job in case.jobs):
            if pair is not None and key in rhos:
                n = counts[key][0] if key in counts else nan
                cells.setdefault(pair, Cell(rho=rhos[key][0], n=n))
    return WeightMap(title="published", cells=cells)


def _num_columns(maps: int, *, size: int, room: float) -> int:
    """As many maps side by side as leave room for the numbers in `size` cells each."""
    fitting = [columns for columns in range(maps, 1, -1) if room / columns / size >= _LEAST_CELL]
    return fitting[0] if fitting else 1


def _draw(axes: Axes, one: WeightMap, *, grid: Grid) -> None:
    values = np.full((len(grid.larger), len(grid.smaller)), np.nan)
    font = float(np.clip(_CELL_FONT * grid.cell / _LEAST_CELL, 4.5, 7.5))
    for (low, high), found in one.cells.items():
        row, column = grid.larger.index(high), grid.smaller.index(low)
        values[row, column] = found.rho
        if not isfinite(found.rho):
            axes.add_patch(
                Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor="#EEEEEE", edgecolor=GREY,
                          hatch="////", linewidth=0)
            )  # fmt: skip
        style: dict[str, Any] = {"ha": "center", "va": "center", "color": _readable_on(found.rho)}
        # No sign on what rounds to zero.
        rho = f"{round(found.rho, 2) + 0.0:.2f}".replace("-", "−") if isfinite(found.rho) else "–"
        axes.text(column, row - 0.16 * one.counts_differ, rho, fontsize=font, **style)
        if one.counts_differ:
            n = f"{found.n:,.0f}" if isfinite(found.n) else "–"
            axes.text(column, row + 0.24, n, fontsize=0.75 * font, **style)
    edges = np.arange(len(grid.smaller) + 1) - 0.5, np.arange(len(grid.larger) + 1) - 0.5
    axes.pcolormesh(
        *edges, np.ma.masked_invalid(values), norm=_NORM, cmap=_COLOURS, edgecolors="white",
        linewidth=0.8,
    )  # fmt: skip


def _readable_on(rho: float) -> str:
    """White or dark, whichever has more contrast with the colour of a cell."""
    if not isfinite(rho):
        return DARK
    red, green, blue, _ = colormaps[_COLOURS](_NORM(rho))
    # Relative luminance with gamma 2.2; at 0.25 both have the same contrast.
    luminance = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    return "white" if luminance < 0.25 else DARK


def _set_axes(axes: Axes, one: WeightMap, *, grid: Grid, is_first: bool) -> None:
    axes.set_aspect("equal")
    axes.grid(visible=False)
    axes.set_xlim(-0.5, len(grid.smaller) - 0.5)
    axes.set_ylim(len(grid.larger) - 0.5, -0.5)
    axes.set_xticks(range(len(grid.smaller)), value_labels(grid.smaller))
    labels = value_labels(grid.larger) if is_first else [""] * len(grid.larger)
    axes.set_yticks(range(len(grid.larger)), labels)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_xlabel("smaller weight")
    axes.set_title(one.heading, loc="left")
