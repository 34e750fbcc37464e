"""Ranks against ranks: every metric with every other and with accuracy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure

from epsilon_research.analysis import ranked_scores
from epsilon_research.plotting.points import Target
from epsilon_research.plotting.scales import add_colour_bar
from epsilon_research.plotting.style import BLUE, COLOUR_MAP, VERMILION, figure_settings
from epsilon_research.reporting.numbers import value

MOST_METRICS = 8
"""Largest number of metrics: panels of more would be too small for a page."""

MOST_DOTS = 1500
"""A panel with more points than this is a blot; hexagons take over."""

_HEXAGONS: dict[str, Any] = {
    "gridsize": (26, 15), "extent": (0, 100, 0, 100), "mincnt": 1, "linewidths": 0.1,
    "cmap": COLOUR_MAP, "rasterized": True,
}  # fmt: skip
# Where the panels lie, as parts of the figure, and the gaps between them, of a panel.
_LEFT, _RIGHT, _BOTTOM, _TOP, _GAP = 0.04, 0.905, 0.055, 0.945, 0.07
_SIGN_MAP = LinearSegmentedColormap.from_list("sign", [VERMILION, "#FFFFFF", BLUE])
# Of the background of a number, which has to stay readable.
_PALE = 0.55


def rank_scatter_matrix(frame: pd.DataFrame, *, metrics: Sequence[str], target: Target) -> Figure:
    """Ranks of each two metrics below the diagonal, their Spearman's ρ above it.

    Only architectures on which all metrics and the accuracy are known are drawn. Accuracy is the
    last row and column. Of more than `MOST_METRICS` metrics, the first and those with the largest
    |ρ| with accuracy are shown, in their given order, and the title says so. Losses are ranked from
    the highest.
    """
    columns = [*metrics, target.column]
    common = pd.DataFrame({name: ranked_scores(frame, name) for name in columns}).dropna()
    ranks = common.rank()
    if not target.higher_is_better:
        ranks[target.column] = len(ranks) + 1 - ranks[target.column]
    # Spearman's ρ is the correlation of mid-ranks.
    rhos = ranks.corr()
    strength = rhos.loc[list(metrics[1:]), target.column].abs().fillna(-1)
    best = strength.sort_values(ascending=False, kind="stable").index[: MOST_METRICS - 1]
    shown = [name for name in columns if name in {metrics[0], *best, target.column}]
    names = [*shown[:-1], target.label.replace(" ", "\n")]
    figure, panels = _square_panels(len(names))
    for (row, column), axes in np.ndenumerate(panels):
        _prepare(axes, is_left=column == 0 and row > 0, is_bottom=row == len(names) - 1 > column)
        if row == column:
            longest = max(1, *map(len, names[row].split("\n")))
            axes.set_facecolor("#F4F4F4")
            _write(axes, names[row], fontsize=min(7.5, 62 / longest), fontweight="bold")
        elif row < column:
            rho = rhos.loc[shown[row], shown[column]]
            if np.isfinite(rho):
                axes.set_facecolor(_SIGN_MAP((rho * _PALE + 1) / 2))
            _write(axes, value(rho), fontsize=7)
    percentiles = 100 * (ranks[shown].to_numpy() - 0.5) / max(len(ranks), 1)
    _draw_ranks(figure, panels, percentiles)
    figure.supxlabel("rank, from the worst to the best (%)", y=0.008)
    left_out = f", {len(shown) - 1} of {len(metrics)} metrics" if len(shown) <= len(metrics) else ""
    figure.suptitle(f"n = {len(common):,}{left_out}")
    return figure


def _square_panels(num_variables: int) -> tuple[Figure, np.ndarray]:
    """Panels of one size, close together; laid out by hand, since the engine takes seconds."""
    width = figure_settings().page_width
    figure = Figure(figsize=(width, width * (_RIGHT - _LEFT) / (_TOP - _BOTTOM)))
    figure.subplots_adjust(
        left=_LEFT, right=_RIGHT, bottom=_BOTTOM, top=_TOP, wspace=_GAP, hspace=_GAP
    )
    return figure, figure.subplots(num_variables, num_variables, squeeze=False)


def _prepare(axes: Axes, *, is_left: bool, is_bottom: bool) -> None:
    axes.set(xlim=(0, 100), ylim=(0, 100), xticks=[0, 50, 100], yticks=[0, 50, 100])
    axes.grid(visible=False)
    # Inwards, so that the labels of neighbours do not run into each other.
    x_labels, y_labels = axes.get_xticklabels(), axes.get_yticklabels()
    x_labels[0].set_horizontalalignment("left")
    x_labels[-1].set_horizontalalignment("right")
    y_labels[0].set_verticalalignment("bottom")
    y_labels[-1].set_verticalalignment("top")
    axes.spines[["top", "right"]].set_visible(True)
    axes.spines[:].set_linewidth(0.4)
    axes.tick_params(
        length=2, labelsize=5.5, pad=1.5, bottom=is_bottom, labelbottom=is_bottom, left=is_left,
        labelleft=is_left,
    )  # fmt: skip


def _write(axes: Axes, words: str, **font: Any) -> None:
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", **font)


def _draw_ranks(figure: Figure, panels: np.ndarray, ranks: np.ndarray) -> None:
    """Dots below the diagonal, or hexagons whose colours mean the same in all panels."""
    pairs = [
        (panels[row, column], ranks[:, column], ranks[:, row])
        for row, column in zip(*np.tril_indices(len(panels), -1), strict=True)
    ]
    if len(ranks) <= MOST_DOTS:
        size = float(np.clip(60 / max(len(ranks), 1) ** 0.5, 1.0, 8))
        for axes, x, y in pairs:
            axes.scatter(x, y, s=size, color=BLUE, alpha=0.5, linewidths=0, rasterized=True)
        return
    drawn = [axes.hexbin(x, y, **_HEXAGONS) for axes, x, y in pairs]
    most = max(float(np.asarray(hexagons.get_array()).max()) for hexagons in drawn)
    for hexagons in drawn:
        hexagons.set_norm(LogNorm(1, max(most, 2)))
    place = figure.add_axes((_RIGHT + 0.012, _BOTTOM, 0.013, _TOP - _BOTTOM))
    add_colour_bar(panels[-1, -1], drawn[0], label="architectures\nper hexagon", cax=place, ax=None)
