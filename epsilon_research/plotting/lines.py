"""A line with its spread, as a band or as bars: what searches find, statistics along a setting."""

from typing import Any

from jaxtyping import Float
from matplotlib.axes import Axes
from numpy import ndarray

_BAND_ALPHA = 0.13
BAND_HANDLE: dict[str, Any] = {"alpha": 2 * _BAND_ALPHA, "linewidth": 0}
"""A band in a legend: darker, since it is small there."""


def draw_line(
    axes: Axes,
    x: Float[ndarray, " points"],
    values: Float[ndarray, "3 points"],
    *,
    colour: str,
    bars: bool = False,
    step: bool = False,
    **style: Any,
) -> None:
    """Draw a line through middles, and below all lines of the panel their spread.

    Args:
        axes: The panel.
        x: Horizontal positions, increasing.
        values: Middles and both ends of their spread; NaN, where undefined, is a gap.
        colour: Colour of line and spread.
        bars: Whether the spread is a bar at each point instead of a band.
        step: Whether values hold until the next point.
        **style: Line style, marker and label, as `Axes.plot` takes them.
    """
    middle, low, high = values
    if bars:
        axes.vlines(x, low, high, color=colour, linewidth=0.9)
    else:
        axes.fill_between(
            x, low, high, step="post" if step else None, color=colour, alpha=_BAND_ALPHA,
            linewidth=0,
        )  # fmt: skip
    axes.plot(x, middle, drawstyle="steps-post" if step else "default", color=colour, **style)
