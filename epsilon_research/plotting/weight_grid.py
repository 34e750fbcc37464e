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

from epsilon_research.plotting.study_look import weight_labels
from epsilon_research.plotting.study_record import Case, published_values, read_cases
from epsilon_research.plotting.study_weights import (
    WEIGHTS,
    Pair,
    by_other_settings,
    metrics_with_weights,
    pair_of,
)
from epsilon_research.plotting.style import DARK, GREY, PAGE_WIDTH, new_figure

PROTOCOLS = ("paper", "connected")
"""Those that have a map, beside what was published."""

_COLOURS = "RdBu"
"""Red to blue, which all common kinds of colour vision tell apart; white is no correlation."""

# All of what a correlation can be, so that a colour means the same in every figure.
_NORM = Normalize(-1, 1)
# Inches for tick labels and the colour bar, and for headings above and ticks below.
_SIDE_WIDTH = 1.15
_FRAME_HEIGHT = 0.84
# Inches for title.
_TITLE_HEIGHT = 0.2
# Inches that a heading needs, and between maps.
_LEAST_MAP, _GAP = 1.3, 0.12
# Inches that the numbers in a cell need.
_LEAST_CELL = 0.27
_MOST_CELL = 0.42
_CELL_FONT = 6.5
_BAR_WIDTH = 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One pair: its ρ, NaN if undefined, and the rows that it is of, NaN if unknown."""

    rho: float
    n: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightMap:
    """One heat map: what it shows, and its cells by pair."""

    title: str
    cells: Mapping[Pair, Cell]


def weight_grid(study: Mapping[str, Any]) -> Figure:
    """Heat maps side by side, the smaller weight to the right, the larger one downwards.

    A row of maps for each metric that has weights and each value of the other settings.

    Args:
        study: The record of the study.

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
    columns = _num_columns(max(len(maps) for maps in rows.values()), size=len(smaller))
    lines = [
        (title, maps[start : start + columns])
        for title, maps in rows.items()
        for start in range(0, len(maps), columns)
    ]
    cell = min((PAGE_WIDTH - _SIDE_WIDTH) / columns / len(smaller), _MOST_CELL)
    height = len(lines) * (cell * len(larger) + _FRAME_HEIGHT) + _TITLE_HEIGHT
    slot = max(cell * len(smaller), _LEAST_MAP)
    width = min(PAGE_WIDTH, _SIDE_WIDTH + columns * (slot + _GAP))
    figure = new_figure(width=width, height=height)
    panels = figure.subplots(len(lines), columns, squeeze=False)
    for row, (title, maps) in zip(panels, lines, strict=True):
        for axes in row[len(maps) :]:
            axes.set_axis_off()
        for place, (axes, one) in enumerate(zip(row, maps, strict=False)):
            _draw(axes, one, smaller=smaller, larger=larger, cell=cell)
            _dress(axes, one, smaller=smaller, larger=larger, is_first=place == 0)
        row[0].set_ylabel(f"{title}\nlarger weight" if title else "larger weight")
    figure.colorbar(
        ScalarMappable(norm=_NORM, cmap=_COLOURS), ax=panels, label="Spearman's ρ",
        aspect=height / _BAR_WIDTH, pad=0.015, ticks=[-1, -0.5, 0, 0.5, 1],
    )  # fmt: skip
    figure.suptitle(study["title"])
    return figure


def _read_maps(study: Mapping[str, Any]) -> dict[str, list[WeightMap]]:
    """{words for a row: its maps}."""
    cases = [case for case in read_cases(study) if pair_of(case) is not None]
    metrics, rows = metrics_with_weights(cases), {}
    for label, group in by_other_settings(cases, without=WEIGHTS).items():
        for metric in metrics:
            words = [label] if label else []
            title = ", ".join([*words, metric] if len(metrics) > 1 else words)
            maps = [_protocol_map(group, metric, protocol) for protocol in PROTOCOLS]
            maps.append(_published_map(group, metric, study=study))
            kept = [one for one in maps if one.cells]
            if kept:
                rows[title] = kept
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


def _num_columns(maps: int, *, size: int) -> int:
    """As many maps side by side as leave room for the numbers in `size` cells each."""
    for columns in range(maps, 1, -1):
        if (PAGE_WIDTH - _SIDE_WIDTH) / columns / size >= _LEAST_CELL:
            return columns
    return 1


def _draw(
    axes: Axes, one: WeightMap, *, smaller: Sequence[float], larger: Sequence[float], cell: float
) -> None:
    values = np.full((len(larger), len(smaller)), np.nan)
    font = float(np.clip(_CELL_FONT * cell / _LEAST_CELL, 4.5, 7.5))
    with_counts = _counts_differ(one)
    for (low, high), found in one.cells.items():
        row, column = larger.index(high), smaller.index(low)
        values[row, column] = found.rho
        if not isfinite(found.rho):
            axes.add_patch(
                Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor="#EEEEEE", edgecolor=GREY,
                          hatch="////", linewidth=0)
            )  # fmt: skip
        colour = _readable_on(found.rho)
        shift = 0.16 if with_counts else 0.0
        axes.text(
            column, row - shift, _rho_words(found.rho), ha="center", va="center", fontsize=font,
            color=colour,
        )  # fmt: skip
        if with_counts:
            axes.text(
                column, row + 0.24, _count_words(found.n), ha="center", va="center",
                fontsize=0.75 * font, color=colour,
            )  # fmt: skip
    edges = np.arange(len(smaller) + 1) - 0.5, np.arange(len(larger) + 1) - 0.5
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


def _dress(
    axes: Axes,
    one: WeightMap,
    *,
    smaller: Sequence[float],
    larger: Sequence[float],
    is_first: bool,
) -> None:
    axes.set_aspect("equal")
    axes.grid(visible=False)
    axes.set_xlim(-0.5, len(smaller) - 0.5)
    axes.set_ylim(len(larger) - 0.5, -0.5)
    axes.set_xticks(range(len(smaller)), weight_labels(smaller))
    labels = weight_labels(larger) if is_first else [""] * len(larger)
    axes.set_yticks(range(len(larger)), labels)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_xlabel("smaller weight")
    axes.set_title("\n".join([one.title, *_counts_in_words(one)]))


def _counts_differ(one: WeightMap) -> bool:
    """Whether each cell needs its own number of rows."""
    counts = {cell.n if isfinite(cell.n) else None for cell in one.cells.values()}
    return len(counts) > 1


def _counts_in_words(one: WeightMap) -> list[str]:
    """The second line of a heading; none where no number of rows is known."""
    if _counts_differ(one):
        return ["below ρ: n"]
    n = next(iter(one.cells.values())).n
    return [f"n = {_count_words(n)}"] if isfinite(n) else []


def _rho_words(rho: float) -> str:
    # No sign on what rounds to zero.
    return f"{round(rho, 2) + 0.0:.2f}".replace("-", "−") if isfinite(rho) else "–"


def _count_words(n: float) -> str:
    return f"{n:,.0f}" if isfinite(n) else "–"
