"""Words inside a panel: the statistics of a protocol, in a corner where it hides no point."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from epsilon_research.plotting.style import DARK

# Part of the width and of the height that a note covers.
_WIDTH, _HEIGHT = 0.62, 0.3
_CORNERS = ("upper left", "lower right", "upper right", "lower left")


def statistics_note(statistics: Mapping[str, Any] | None, *, top: bool, num_points: int) -> str:
    """The statistics of protocol `connected` as a few lines, only those that are there.

    Args:
        statistics: {protocol: {statistic: value}}, names as in `summary.json`; None: no table.
        top: Whether the figure shows the top 10 % by accuracy, which has statistics of its own.
        num_points: How many points the figure shows.
    """
    found = (statistics or {}).get("connected", {})
    ending = "_top10" if top else ""
    names = (("ρ", f"spearman_rho{ending}"), ("τ", f"kendall_tau{ending}"))
    lines = [f"{symbol} = {with_interval(found, name)}" for symbol, name in names if name in found]
    if top:
        return "\n".join(["protocol connected", f"top 10 %, n = {num_points:,}", *lines])
    size = f"n = {found.get('n', num_points):,}"
    if "coverage" in found:
        size += f", coverage {percent(found['coverage'])}"
    return "\n".join(["protocol connected", *lines, size])


def with_interval(found: Mapping[str, Any], name: str) -> str:
    """A statistic with three decimals and, where there is one, its interval."""
    interval = found.get(f"{name}_interval")
    if interval is None:
        return decimals(found.get(name))
    return f"{decimals(found.get(name))} [{decimals(interval[0])}, {decimals(interval[1])}]"


def decimals(value: int | float | None) -> str:
    """Three decimals, or a dash for what could not be computed."""
    return "–" if value is None or not np.isfinite(value) else f"{value:.3f}".replace("-", "−")


def percent(fraction: int | float | None, *, unit: str = " %") -> str:
    """A fraction as a percentage with one decimal; only all is 100 %."""
    if fraction is None or not np.isfinite(fraction):
        return "–"
    text = f"{100 * fraction:.1f}"
    return f"{'99.9' if text == '100.0' and fraction < 1 else text}{unit}"


def write_note(
    axes: Axes,
    note: str,
    *,
    points: tuple[Float[np.ndarray, " points"], Float[np.ndarray, " points"]],
) -> None:
    """Write `note` into a corner without points; if there is none, the axis grows upwards.

    Args:
        axes: A panel whose limits are set.
        note: A few short lines.
        points: Horizontal and vertical positions of what is drawn.
    """
    corner = free_corner(axes, *points)
    if corner is None:
        corner = _make_room(axes, *points)
    vertical, horizontal = corner.split()
    axes.text(
        0.03 if horizontal == "left" else 0.97,
        0.97 if vertical == "upper" else 0.03,
        note,
        transform=axes.transAxes,
        ha="left" if horizontal == "left" else "right",
        va="top" if vertical == "upper" else "bottom",
        multialignment="left",
        fontsize=7,
        color=DARK,
        linespacing=1.3,
        # A veil over the grid lines.
        bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1},
    )


def free_corner(
    axes: Axes, x: Float[np.ndarray, " points"], y: Float[np.ndarray, " points"]
) -> str | None:
    """A corner of a panel, by matplotlib's name for it, where a note hides no point, or None."""
    horizontal, vertical = _relative(x, axes.get_xlim()), _relative(y, axes.get_ylim())
    for corner in _CORNERS:
        beside = horizontal < _WIDTH if "left" in corner else horizontal > 1 - _WIDTH
        level = vertical < _HEIGHT if "lower" in corner else vertical > 1 - _HEIGHT
        if not (beside & level).any():
            return corner
    return None


def _make_room(axes: Axes, x: Float[np.ndarray, " points"], y: Float[np.ndarray, " points"]) -> str:
    horizontal = _relative(x, axes.get_xlim())
    tops = {
        "upper left": y[horizontal < _WIDTH].max(),
        "upper right": y[horizontal > 1 - _WIDTH].max(),
    }
    corner = min(tops, key=lambda name: tops[name])
    low = axes.get_ylim()[0]
    axes.set_ylim(low, low + (tops[corner] - low) / (1 - _HEIGHT))
    return corner


def _relative(
    positions: Float[np.ndarray, " points"], limits: tuple[float, float]
) -> Float[np.ndarray, " points"]:
    return (positions - limits[0]) / (limits[1] - limits[0])
