"""Ranks against ranks: every metric with every other and with accuracy."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure

from epsilon_research.analysis import ranked_scores
from epsilon_research.plotting.notes import decimals
from epsilon_research.plotting.points import Target
from epsilon_research.plotting.scales import add_colour_bar
from epsilon_research.plotting.settings import FigureSettings
from epsilon_research.plotting.style import BLUE, COLOUR_MAP, VERMILION

MOST_METRICS = 8
"""More panels than these are too small for a page."""

MOST_DOTS = 1500
"""A panel with more points than this is a blot; hexagons take over."""

_HEXAGONS = (26, 15)
# Where the panels lie, as parts of the figure, and the gaps between them, of a panel.
_LEFT, _RIGHT, _BOTTOM, _TOP, _GAP = 0.04, 0.905, 0.055, 0.945, 0.07
_SIGN_MAP = LinearSegmentedColormap.from_list("sign", [VERMILION, "#FFFFFF", BLUE])
# Of the background of a number, which has to stay readable.
_PALE = 0.55


def rank_scatter_matrix(
    frame: pd.DataFrame,
    *,
    metrics: Sequence[str],
    target: Target,
    comparison: Mapping[str, Any],
    title: str = "",
    settings: FigureSettings | None = None,
) -> Figure:
    """Ranks of each two metrics below the diagonal, their Spearman's ρ above it.

    Only architectures on which all metrics and the accuracy are known are drawn. Accuracy is the
    last row and column. Of more than `MOST_METRICS` metrics, the first and those with the largest
    |ρ| with accuracy are shown, in their given order, and the title says so.

    Args:
        frame: One row per architecture: the metrics, the target and, if there are any,
            `<metric>_ranks_last`.
        metrics: Columns of scores.
        target: What the trained results are; losses are ranked from the highest.
        comparison: The part `common` of `analysis.compare_metrics`, which has each ρ.
        title: One line over the figure; may be empty.
        settings: Width of the page.
    """
    shown = _choose(metrics, comparison)
    columns = [*metrics, target.column]
    ranked = pd.DataFrame({name: ranked_scores(frame, name) for name in columns})
    common = ranked.dropna().loc[:, [*shown, target.column]]
    rhos = _rhos(comparison, metrics=metrics, shown=shown)
    names = [*shown, target.label.replace(" ", "\n")]
    figure, panels = _square_panels(len(names), width=(settings or FigureSettings()).page_width)
    for (row, column), axes in np.ndenumerate(panels):
        _prepare(axes, is_left=column == 0 and row > 0, is_bottom=row == len(names) - 1 > column)
        if row == column:
            _write_name(axes, names[row])
        elif row < column:
            _write_rho(axes, rhos[row, column])
    ranks = _relative_ranks(common, higher_is_better=target.higher_is_better)
    _draw_ranks(figure, panels, ranks)
    figure.supxlabel("rank, from the worst to the best (%)", y=0.008)
    parts = [title] if title else []
    parts.append(f"n = {len(common):,}")
    if len(shown) < len(metrics):
        parts.append(f"{len(shown)} of {len(metrics)} metrics")
    figure.suptitle(", ".join(parts), y=0.995)
    return figure


def _square_panels(num_variables: int, *, width: float) -> tuple[Figure, np.ndarray]:
    """Panels of one size, close together; laid out by hand, since the engine takes seconds."""
    figure = Figure(figsize=(width, width * (_RIGHT - _LEFT) / (_TOP - _BOTTOM)))
    figure.subplots_adjust(
        left=_LEFT, right=_RIGHT, bottom=_BOTTOM, top=_TOP, wspace=_GAP, hspace=_GAP
    )
    return figure, figure.subplots(num_variables, num_variables, squeeze=False)


def _choose(metrics: Sequence[str], comparison: Mapping[str, Any]) -> list[str]:
    rho = comparison["spearman_rho"]
    strength = {metric: abs(_number(rho.get(metric))) for metric in metrics[1:]}
    best = sorted(strength, key=lambda metric: -np.nan_to_num(strength[metric], nan=-1))
    kept = {metrics[0], *best[: MOST_METRICS - 1]}
    return [metric for metric in metrics if metric in kept]


def _relative_ranks(
    common: pd.DataFrame, *, higher_is_better: bool
) -> Float[np.ndarray, "architectures variables"]:
    """Mid-ranks in percent of the number of rows, best is 100."""
    ranks = common.rank(method="average").to_numpy(dtype=np.float64, copy=True)
    if not higher_is_better:
        ranks[:, -1] = len(common) + 1 - ranks[:, -1]
    return 100 * (ranks - 0.5) / max(len(common), 1)


def _rhos(
    comparison: Mapping[str, Any], *, metrics: Sequence[str], shown: Sequence[str]
) -> Float[np.ndarray, "variables variables"]:
    correlations = comparison["correlations"]
    places = [list(correlations["metrics"]).index(metric) for metric in shown]
    rhos = np.full((len(shown) + 1, len(shown) + 1), np.nan)
    between = np.array(correlations["spearman_rho"], dtype=np.float64)
    rhos[:-1, :-1] = between[np.ix_(places, places)]
    rhos[:-1, -1] = [_number(comparison["spearman_rho"].get(metric)) for metric in shown]
    return rhos


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


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


def _write_name(axes: Axes, name: str) -> None:
    axes.set_facecolor("#F4F4F4")
    longest = max(len(line) for line in name.split("\n"))
    _write(axes, name, fontsize=min(7.5, 62 / max(longest, 1)), fontweight="bold")


def _write_rho(axes: Axes, rho: float) -> None:
    if np.isfinite(rho):
        red, green, blue, _ = _SIGN_MAP((rho * _PALE + 1) / 2)
        axes.set_facecolor((red, green, blue))
    _write(axes, decimals(rho), fontsize=7)


def _write(axes: Axes, words: str, **font: Any) -> None:
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", **font)


def _draw_ranks(
    figure: Figure, panels: np.ndarray, ranks: Float[np.ndarray, "architectures variables"]
) -> None:
    """Dots, or hexagons whose colours mean the same in all panels."""
    lower = [(row, column) for row in range(len(panels)) for column in range(row)]
    if len(ranks) <= MOST_DOTS:
        size = float(np.clip(60 / max(len(ranks), 1) ** 0.5, 1.0, 8))
        for row, column in lower:
            panels[row, column].scatter(
                ranks[:, column], ranks[:, row], s=size, color=BLUE, alpha=0.5, linewidths=0,
                rasterized=True,
            )  # fmt: skip
        return
    drawn = [
        panels[row, column].hexbin(
            ranks[:, column], ranks[:, row], gridsize=_HEXAGONS, extent=(0, 100, 0, 100), mincnt=1,
            linewidths=0.1, cmap=COLOUR_MAP, rasterized=True,
        )
        for row, column in lower
    ]  # fmt: skip
    most = max(float(np.asarray(hexagons.get_array()).max()) for hexagons in drawn)
    for hexagons in drawn:
        hexagons.set_norm(LogNorm(1, max(most, 2)))
    place = figure.add_axes((_RIGHT + 0.012, _BOTTOM, 0.013, _TOP - _BOTTOM))
    add_colour_bar(panels[-1, -1], drawn[0], label="architectures\nper hexagon", cax=place, ax=None)
